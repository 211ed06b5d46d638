"""Scopes: what a token asks for, what a role allows, and what is left of both.

A scope is `<family>.<action>` with the actions read, write and delete; `<family>.all` stands for those that there are. They
come from the declarations: a scope that guards nothing does not exist. A role's patterns are matched against single scopes;
`*` stands for any characters. What a role allows with a `*` in place of the family grants no restricted family: that has to
be named, or everything granted with `**`. What it denies, it denies of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, Protocol

from adapters import RESTRICTED_FAMILIES, SCOPE_FAMILIES, SCOPES
from adapters.core.compile.scopes import ACTIONS

EVERYTHING: Final = "**"
SINGLE_SCOPES: Final = frozenset(SCOPES)
READING: Final = tuple(sorted(scope for scope in SINGLE_SCOPES if scope.endswith(".read")))
KNOWN_SCOPES: Final = SINGLE_SCOPES | {f"{family}.all" for family in SCOPE_FAMILIES}


REMEMBERED: Final = 10_000


class Role(Protocol):
    """What the configuration says about a role: patterns over scopes, `deny` winning over `allow`."""

    @property
    def allow(self) -> Sequence[str]: ...
    @property
    def deny(self) -> Sequence[str]: ...


def expanded(scopes: Iterable[str]) -> frozenset[str]:
    """The single scopes that `scopes` stand for; unknown ones stand for nothing."""
    single: set[str] = set()
    for scope in scopes:
        family, _, action = scope.partition(".")
        single.update(f"{family}.{each}" for each in ACTIONS) if action == "all" else single.add(scope)
    return frozenset(single) & SINGLE_SCOPES


def allowed(role: str, roles: Mapping[str, Role]) -> frozenset[str]:
    """The single scopes that `role` may use; a role that the configuration does not name may use none."""
    found = roles.get(role)
    return granted(tuple(found.allow)) - matching(tuple(found.deny)) if found is not None else frozenset()


def effective(scopes: frozenset[str], role: str, roles: Mapping[str, Role]) -> frozenset[str]:
    """The single scopes that a token with `scopes` has in the hands of a user who has `role` now."""
    return expanded(scopes) & allowed(role, roles)


class Permissions:
    """The same for a whole configuration, remembered: scopes and roles repeat from request to request."""

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self._roles = roles
        self._known: dict[tuple[frozenset[str], str], frozenset[str]] = {}

    def effective(self, scopes: frozenset[str], role: str) -> frozenset[str]:
        """See `effective`."""
        found = self._known.get((scopes, role))
        if found is None:
            found = effective(scopes, role, self._roles)
            if len(self._known) < REMEMBERED:
                self._known[scopes, role] = found
        return found


@lru_cache(maxsize=256)
def granted(patterns: tuple[str, ...], restricted: frozenset[str] = RESTRICTED_FAMILIES) -> frozenset[str]:
    """The single scopes that a role has which allows `patterns`."""
    named = tuple(pattern for pattern in patterns if pattern == EVERYTHING or "*" not in family_of(pattern))
    return matching(named) | {scope for scope in matching(patterns) if family_of(scope) not in restricted}


def family_of(scope: str) -> str:
    """The family of a scope or a pattern."""
    return scope.partition(".")[0]


@lru_cache(maxsize=256)
def matching(patterns: tuple[str, ...]) -> frozenset[str]:
    """The single scopes that any of a role's patterns stands for."""
    return frozenset(scope for scope in SINGLE_SCOPES if any(fnmatchcase(scope, pattern) for pattern in patterns))
