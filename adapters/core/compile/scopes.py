"""Which single scopes there are: those that an operation or event of a declaration needs, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from adapters.core.compile.events import scopes_of
from adapters.core.declare.event import Announced
from adapters.core.declare.own import Own
from adapters.core.declare.record import guarded
from adapters.core.declare.resource import Op, Resource
from adapters.core.words.report import Report
from adapters.core.words.standard import words_of

ACTIONS = ("read", "write", "delete")
_GUARDED = {"read": Op.GET | Op.SEARCH, "write": Op.CREATE | Op.UPDATE}


def single_scopes(
    resources: Sequence[Resource],
    reports: Sequence[Report] = (),
    announced: Sequence[Announced] = (),
    own: Sequence[Own] = (),
) -> tuple[str, ...]:
    """`contact.read`, …: by family in the order of the declarations, and in each what reads, writes and deletes.

    own: what the gateway keeps itself.
    """
    needed = dict.fromkeys(
        [
            *_needed(resources),
            *(report.needs for report in reports),
            *scopes_of([*resources, *announced]),
            *(scope for each in own for scope in each.scopes),
        ]
    )
    families = dict.fromkeys(scope.partition(".")[0] for scope in needed)
    return tuple(scope for family in families for action in ACTIONS if (scope := f"{family}.{action}") in needed)


def _needed(resources: Sequence[Resource]) -> Iterator[str]:
    for resource in resources:
        for word in words_of(resource):
            yield from word.needs(resource)
        for family in guarded(resource.model).values():
            yield from (f"{family}.{action}" for action, able in _GUARDED.items() if resource.operations & able)


def guarded_members(resources: Sequence[Resource], family: str) -> list[str]:
    """What a family guards that is no resource of its own, in words: `compensation of employees`."""
    return [
        f"{name} of {resource.path}"
        for resource in resources
        for name, guard in guarded(resource.model).items()
        if guard == family
    ]


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of one deployment.

    ordered: the single ones, by family; restricted: families that no pattern of a role grants unless it names them;
    single: the same as `ordered`; families: in their order; known: single ones and `<family>.all`; reading: those that read, sorted.
    """

    ordered: tuple[str, ...]
    restricted: frozenset[str] = frozenset()
    single: frozenset[str] = field(init=False)
    families: tuple[str, ...] = field(init=False)
    known: frozenset[str] = field(init=False)
    reading: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        families = tuple(dict.fromkeys(scope.partition(".")[0] for scope in self.ordered))
        object.__setattr__(self, "single", frozenset(self.ordered))
        object.__setattr__(self, "families", families)
        object.__setattr__(self, "known", self.single | {f"{family}.all" for family in families})
        object.__setattr__(self, "reading", tuple(sorted(each for each in self.ordered if each.endswith(".read"))))

    def expanded(self, scopes: Iterable[str]) -> frozenset[str]:
        """The single scopes that `scopes` stand for; unknown ones stand for nothing."""
        single: set[str] = set()
        for scope in scopes:
            family, _, action = scope.partition(".")
            single.update(f"{family}.{each}" for each in ACTIONS) if action == "all" else single.add(scope)
        return frozenset(single) & self.single
