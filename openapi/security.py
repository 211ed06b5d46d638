"""How clients prove who they are, and what every scope allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.core.compile.catalogue import Catalogue
from adapters.core.compile.scopes import Scopes, guarded_members, single_scopes
from adapters.core.declare.resource import Op, Resource
from gateway.auth.scopes import allowed, family_of
from gateway.config.policies import default_roles

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
    resources, reports = catalogue.resources, catalogue.reports
    families: dict[str, list[Resource]] = {}
    for resource in resources:
        families.setdefault(resource.scope, []).append(resource)
    told = {}
    for family, members in families.items():
        single = [scope for scope in single_scopes(resources) if family_of(scope) == family]
        for scope in single:
            verb, operations = _VERBS[scope.rpartition(".")[2]]
            paths = [each.path.replace("_", " ") for each in members if each.operations & operations]
            told[scope] = f"{verb} {_listed(paths)}."
        told[f"{family}.all"] = f"{_listed(single)} in one." if len(single) > 1 else f"The same as {single[0]}."
    for scope in single_scopes(resources):
        if guards := guarded_members(resources, family := family_of(scope)):
            told[scope] = f"{_VERBS[scope.rpartition('.')[2]][0]} {_listed(guards)}."
            told[f"{family}.all"] = (
                f"{_listed([each for each in single_scopes(resources) if family_of(each) == family])} in one."
            )
    for scope in single_scopes((), reports):
        names = [each.name.replace("_", " ") for each in reports if each.needs == scope]
        told |= {scope: f"Read reports: {_listed(names)}.", f"{family_of(scope)}.all": f"The same as {scope}."}
    for each in catalogue.announced:
        read = f"{each.scope}.read"
        told |= {read: f"Be told of {each.path.replace('_', ' ')}.", f"{each.scope}.all": f"The same as {read}."}
    for own in catalogue.own:
        told |= {f"{own.scope}.{action}": f"{_VERBS[action][0]} {what}." for action, what in own.covers.items()}
        told[f"{own.scope}.all"] = f"{_listed(own.scopes)} in one."
    return told


def requirement(needed: Sequence[str]) -> list[dict[str, list[str]]]:
    """An operation's `security`: either scheme, with the same scopes."""
    return [{"oauth2": list(needed)}, {"personalAccessToken": list(needed)}]


def permission(needed: Sequence[str], scopes: Scopes) -> str:
    """What an operation needs, in words: scopes, and a role that has them."""
    if not needed:
        return "Any valid token may ask."
    roles = default_roles()
    able = [name for name in roles if set(needed) <= allowed(scopes, name, roles)]
    told = " and ".join(f"`{scope}`" for scope in needed)
    noun = "scope" if len(needed) == 1 else "scopes"
    named = ", ".join(able[:-1]) + f" and {able[-1]}" if len(able) > 1 else able[0]
    return (
        f"**Needs the {noun} {told}**, and that the token's user has a role which allows it at that moment "
        f"(unless this deployment is set up otherwise: {named})."
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


_VERBS = {
    "read": ("Read and search", Op.GET | Op.SEARCH),
    "write": ("Create and change", Op.CREATE | Op.UPDATE),
    "delete": ("Delete", Op.DELETE),
}
