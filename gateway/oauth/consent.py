"""What a person is asked: the scopes in plain words, by resource, and what the role will not allow in spite of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.core.compile.catalogue import Catalogue
from adapters.core.compile.scopes import ACTIONS, guarded_members
from adapters.core.declare.resource import Op

_VERBS = {"read": "See", "write": "Add and change", "delete": "Delete"}
_NEEDED = {"read": Op.ALL, "write": Op.CREATE | Op.UPDATE, "delete": Op.DELETE}


@dataclass(frozen=True, slots=True)
class Line:
    """One permission in words; `allowed`: whether the user's role lets it have an effect now."""

    text: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The permissions over one family of resources."""

    title: str
    lines: tuple[Line, ...]


def asked(catalogue: Catalogue, scopes: Iterable[str], allowed: frozenset[str]) -> tuple[Group, ...]:
    """The groups of a consent page for `scopes`; `allowed`: the single scopes of the user's role."""
    wanted = catalogue.scopes.expanded(scopes)
    groups = []
    for family in catalogue.scopes.families:
        lines = tuple(
            Line(f"{_VERBS[action]} {_named(catalogue, family, action)}", f"{family}.{action}" in allowed)
            for action in ACTIONS
            if f"{family}.{action}" in wanted
        )
        if lines:
            groups.append(Group(_named(catalogue, family, "read").capitalize(), lines))
    return tuple(groups)


def _named(catalogue: Catalogue, family: str, action: str) -> str:
    of_family = [resource for resource in catalogue.every if resource.scope == family]
    able = [resource for resource in of_family if resource.operations & _NEEDED[action]] or of_family
    names = [resource.path for resource in able]
    names += [report.name for report in catalogue.reports if report.scope == family]
    names += [each.path for each in catalogue.announced if each.scope == family]
    names += guarded_members(catalogue.resources, family)
    names += [each.covers[action] for each in catalogue.own if each.scope == family]
    return _listed([name.replace("_", " ") for name in names])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
