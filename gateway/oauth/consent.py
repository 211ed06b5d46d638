"""What a person is asked: the scopes in plain words, by resource, and what the role will not allow in spite of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.core.compile.catalogue import Catalogue
from adapters.core.compile.scopes import ACTIONS, guarded_members
from adapters.core.declare.record import guarded
from adapters.core.declare.resource import Op, Resource

_VERBS = {"read": "See", "write": "Add and change", "delete": "Delete"}
_REPORTS, _OTHERS = "Reports", "Automation"
_NEEDED = {"read": Op.ALL, "write": Op.CREATE | Op.UPDATE, "delete": Op.DELETE}


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission in words; `allowed`: whether the user's role lets it have an effect now."""

    text: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The permissions over one family of resources. subject: the part of the suite that it belongs to."""

    title: str
    lines: tuple[Permission, ...]
    subject: str


def asked(catalogue: Catalogue, scopes: Iterable[str], allowed: frozenset[str]) -> tuple[Group, ...]:
    """The groups of a consent page for `scopes`, by subject; `allowed`: the single scopes of the user's role."""
    wanted = catalogue.scopes.expanded(scopes)
    groups = []
    families = [family for family in catalogue.scopes.families if any(f"{family}.{each}" in wanted for each in ACTIONS)]
    for family in sorted(families, key=lambda family: place(catalogue, family)):
        lines = tuple(
            Permission(f"{_VERBS[action]} {named(catalogue, family, action)}", f"{family}.{action}" in allowed)
            for action in ACTIONS
            if f"{family}.{action}" in wanted
        )
        title = named(catalogue, family, "read").capitalize()
        groups.append(Group(title, lines, subject(catalogue, family)))
    return tuple(groups)


def subject(catalogue: Catalogue, family: str) -> str:
    """The part of the suite that a family of scopes belongs to."""
    if any(report.scope == family for report in catalogue.reports):
        return _REPORTS
    of_family = [each for each in catalogue.every if each.scope == family or family in guarded(each.model).values()]
    return next((each.group for each in of_family or _deciding(catalogue, family)), _OTHERS)


def place(catalogue: Catalogue, family: str) -> int:
    """Where a family's subject stands among all."""
    order = [*dict.fromkeys(each.group for each in catalogue.every), _REPORTS, _OTHERS]
    return order.index(subject(catalogue, family))


def _deciding(catalogue: Catalogue, family: str) -> list[Resource]:
    """The resources of other families that have an action which needs this one, too."""
    return [
        resource
        for resource in catalogue.every
        if resource.scope != family
        and any(need.partition(".")[0] == family for word in resource.words for need in word.needs(resource))
        and not any(of.scope == family for word in resource.words for of in word.brings())
    ]


def named(catalogue: Catalogue, family: str, action: str) -> str:
    """What a scope of the family is about, in words: what of it can be read, written or deleted."""
    of_family = [resource for resource in catalogue.every if resource.scope == family]
    able = [resource for resource in of_family if resource.operations & _NEEDED[action]] or of_family
    names = [resource.path for resource in able]
    names += [report.name for report in catalogue.reports if report.scope == family]
    names += [each.path for each in catalogue.announced if each.scope == family]
    names += guarded_members(catalogue.resources, family)
    names += [each.covers[action] for each in catalogue.own if each.scope == family]
    if not names:
        names = [f"decisions on {resource.path}" for resource in _deciding(catalogue, family)]
    return _listed([name.replace("_", " ") for name in names])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
