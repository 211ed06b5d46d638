"""Scopes: what a token asks for, what a role allows, and what is left of both.

A scope is `<family>.<action>` with the actions read, write and delete; `<family>.all` stands for those that there are. Which
there are is told by the deployment's catalogue: a scope that guards nothing does not exist. A role's patterns are matched against single scopes;
`*` stands for any characters. What a role allows with a `*` in place of the family grants no restricted family: that has to
be named, or everything granted with `**`. What it denies, it denies of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from adapters.core.compile.scopes import Scopes


EVERYTHING: Final = "**"
REMEMBERED: Final = 10_000


class Role(Protocol):
    """What the configuration says about a role: patterns over scopes, `deny` winning over `allow`."""

    @property
    def allow(self) -> Sequence[str]: ...
    @property
    def deny(self) -> Sequence[str]: ...


def allowed(scopes: Scopes, role: str, roles: Mapping[str, Role]) -> frozenset[str]:
    """The single scopes that `role` may use; a role that the configuration does not name may use none."""
    found = roles.get(role)
    return granted(scopes, found.allow) - matching(scopes, found.deny) if found is not None else frozenset()


def effective(scopes: Scopes, asked: Iterable[str], role: str, roles: Mapping[str, Role]) -> frozenset[str]:
    """The single scopes that a token with `asked` has in the hands of a user who has `role` now."""
    return scopes.expanded(asked) & allowed(scopes, role, roles)


def granted(scopes: Scopes, patterns: Iterable[str]) -> frozenset[str]:
    """The single scopes that a role has which allows `patterns`."""
    patterns = tuple(patterns)
    named = [pattern for pattern in patterns if pattern == EVERYTHING or "*" not in family_of(pattern)]
    wide = matching(scopes, patterns)
    return matching(scopes, named) | {scope for scope in wide if family_of(scope) not in scopes.restricted}


def family_of(scope: str) -> str:
    """The family of a scope or a pattern."""
    return scope.partition(".")[0]


def matching(scopes: Scopes, patterns: Iterable[str]) -> frozenset[str]:
    """The single scopes that any of a role's patterns stands for."""
    patterns = tuple(patterns)
    return frozenset(scope for scope in scopes.ordered if any(fnmatchcase(scope, pattern) for pattern in patterns))


class Permissions:
    """What tokens may do under one configuration, remembered: scopes and roles repeat from request to request."""

    def __init__(self, scopes: Scopes, roles: Mapping[str, Role]) -> None:
        self._scopes = scopes
        self._roles = roles
        self._known: dict[tuple[frozenset[str], str], frozenset[str]] = {}

    def effective(self, asked: frozenset[str], role: str) -> frozenset[str]:
        """See `effective`."""
        found = self._known.get((asked, role))
        if found is None:
            found = effective(self._scopes, asked, role, self._roles)
            if len(self._known) < REMEMBERED:
                self._known[asked, role] = found
        return found

    def asked(self, scopes: Iterable[str]) -> frozenset[str]:
        """The single scopes that a token has, whoever holds it."""
        return self._scopes.expanded(scopes)
