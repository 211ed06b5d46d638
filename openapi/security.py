"""How clients prove who they are, and what every scope allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from adapters.core.compile.catalogue import Catalogue
from adapters.core.compile.scopes import Scopes
from gateway.auth.scopes import allowed, family_of
from gateway.config.policies import default_roles
from gateway.oauth.consent import named

ORIGIN = "https://api.example.com"
"""Stands for the deployment's own address, which the gateway puts in its place when it serves a document."""


def schemes(catalogue: Catalogue) -> dict[str, Any]:
    """`components.securitySchemes`."""
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "For apps: OAuth 2.1 authorization code with PKCE (S256). Access tokens are short-lived; "
            "refresh tokens change with every use.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": f"{ORIGIN}/oauth/authorize",
                    "tokenUrl": f"{ORIGIN}/oauth/token",
                    "refreshUrl": f"{ORIGIN}/oauth/token",
                    "scopes": scopes(catalogue),
                }
            },
        },
        "personalAccessToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "For your own scripts: a personal access token, made with the scopes it needs and an "
            "expiry date.",
        },
    }


def scopes(catalogue: Catalogue) -> dict[str, str]:
    """Every scope that can be asked for → what it allows."""
    told = {}
    for family in catalogue.scopes.families:
        single = [scope for scope in catalogue.scopes.ordered if family_of(scope) == family]
        for scope in single:
            action = scope.rpartition(".")[2]
            told[scope] = f"{_VERBS[action]} {named(catalogue, family, action)}."
        told[f"{family}.all"] = f"{_listed(single)} in one." if len(single) > 1 else f"The same as {single[0]}."
    return told


def requirement(needed: Sequence[str]) -> list[dict[str, list[str]]]:
    """An operation's `security`: either scheme, with the same scopes."""
    return [{"oauth2": list(needed)}, {"personalAccessToken": list(needed)}]


def permission(needed: Sequence[str], scopes: Scopes) -> str:
    """What an operation needs, in words: scopes, and a role that has them."""
    if not needed:
        return "Any valid token may ask."
    able = [name for name, has in _by_role(scopes).items() if has.issuperset(needed)]
    told = " and ".join(f"`{scope}`" for scope in needed)
    noun = "scope" if len(needed) == 1 else "scopes"
    named = ", ".join(able[:-1]) + f" and {able[-1]}" if len(able) > 1 else able[0]
    return (
        f"**Needs the {noun} {told}**, and that the token's user has a role which allows it at that moment "
        f"(unless this deployment is set up otherwise: {named})."
    )


@cache
def _by_role(scopes: Scopes) -> dict[str, frozenset[str]]:
    """What each role has where nobody has set up others."""
    roles = default_roles()
    return {name: allowed(scopes, name, roles) for name in roles}


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


_VERBS = {
    "read": "Read and search",
    "write": "Create and change",
    "delete": "Delete",
}
