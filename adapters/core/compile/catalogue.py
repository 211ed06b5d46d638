"""Resources and contracts → every operation, compiled once at start; and what a deployment's catalogue of them is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapters.core.compile.builder import Builder, Override, Overrides, Unfit
from adapters.core.compile.events import EventTypes
from adapters.core.compile.guarding import guarded
from adapters.core.compile.scopes import Scopes, single_scopes
from adapters.core.declare.changes import Contract
from adapters.core.declare.event import Announced
from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds import Kind
from adapters.core.declare.own import Own
from adapters.core.declare.record import Record, members
from adapters.core.declare.resource import Resource
from adapters.core.extension import Extension
from adapters.core.operation import Operation
from adapters.core.shapes import NONE
from adapters.core.words.report import FIRST, Report
from adapters.core.words.standard import words_of

_NO_OVERRIDES: Overrides = {}
_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that one deployment declares: built in, and from packages of its own. Fixed for the life of a process.

    contracts: newest first; own: what the gateway keeps itself. scopes: those that guard something of it. TypeError when two declarations are in each other's way.
    """

    resources: tuple[Resource, ...]
    contracts: tuple[Contract, ...]
    reports: tuple[Report, ...] = ()
    announced: tuple[Announced, ...] = ()
    own: tuple[Own, ...] = ()
    restricted: frozenset[str] = frozenset()
    scopes: Scopes = field(init=False)
    _events: dict[tuple[tuple[str, str], ...], EventTypes] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        refuse_doubles(self.resources)
        scopes = Scopes(single_scopes(self.resources, self.reports, self.announced, self.own), self.restricted)
        if stray := sorted(self.restricted.difference(scopes.families)):
            raise TypeError(f"no scope is of the restricted family {', '.join(stray)}")
        object.__setattr__(self, "scopes", scopes)

    @property
    def newest(self) -> str:
        """The date of the newest contract."""
        return self.contracts[0].date

    @property
    def every(self) -> tuple[Resource, ...]:
        """The resources, and those that live beneath them."""
        return whole(self.resources)

    def extended(self, extension: Extension) -> Catalogue:
        """The catalogue with what a package adds to it: in every contract, but for its own dated changes."""
        return Catalogue(
            (*self.resources, *extension.resources),
            _merged(self.contracts, extension),
            (*self.reports, *extension.reports),
            (*self.announced, *extension.announced),
            self.own,
            self.restricted | extension.restricted,
        )

    def operations(self, overrides: Overrides = _NO_OVERRIDES, alphabets: Mapping[str, str] = NONE) -> list[Operation]:
        """See `compile_all`."""
        return compile_all(self.resources, self.contracts, overrides, alphabets, self.reports)

    def events(self, alphabets: Mapping[str, str] = NONE) -> EventTypes:
        """What the services tell of, as it is told to the public: made once. TypeError when two types have the same name."""
        key = tuple(sorted(alphabets.items()))
        if key not in self._events:
            self._events[key] = EventTypes([*self.every, *self.announced], self.contracts, alphabets)
        return self._events[key]


def _merged(contracts: Sequence[Contract], extension: Extension) -> tuple[Contract, ...]:
    """The contracts with the changes of an extension, newest first."""
    own = {resource.path for resource in extension.resources}
    merged = {contract.date: contract for contract in contracts}
    for contract in extension.contracts:
        if stray := sorted({change.resource for change in contract.changes} - own):
            raise TypeError(
                f"{contract.date}: a change of {', '.join(stray)}, which is not a resource of the same package"
            )
        if contract.date not in merged and contract.date < contracts[-1].date:
            raise TypeError(f"{contract.date}: there was no contract before {contracts[-1].date}")
        there = merged.get(contract.date)
        changes = (*there.changes, *contract.changes) if there else contract.changes
        merged[contract.date] = replace(there or contract, changes=changes)
    return tuple(merged[each] for each in sorted(merged, reverse=True))


def whole(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """The resources, and behind each those that its words bring."""
    return tuple(each for one in resources for each in (one, *whole(of for word in one.words for of in word.brings())))


def refuse_doubles(resources: Sequence[Resource]) -> None:
    """TypeError when two resources have the same path, name, model or prefix of ids: one of them would quietly be lost.

    Scopes may be shared: pipelines are guarded as deals are.
    """
    resources = whole(resources)
    for what, told in (
        ("path", [each.path for each in resources]),
        ("singular", [each.singular for each in resources]),
        ("model", [each.model.__name__ for each in resources]),
        ("prefix", [each.id.prefix for each in resources]),
    ):
        doubles = sorted({each for each in told if told.count(each) > 1})
        if doubles:
            raise TypeError(f"two resources have the same {what}: {', '.join(doubles)}")
    prefixes(resources)
    for each in resources:
        for what, word in (("path", each.path), ("family of scopes", each.scope), ("service", each.upstream.service)):
            if not _WORD.fullmatch(word):
                raise TypeError(f"{each.path}: {word!r} is no {what}: lower-case letters, digits and _, no dot")


def prefixes(resources: Iterable[Resource]) -> dict[str, IdType]:
    """Every type of id in the declarations, by its prefix; TypeError when two begin alike."""
    found: dict[str, IdType] = {}
    for resource in whole(resources):
        for kind in _kinds(resource.model):
            if (of := kind.points_to) is not None and found.setdefault(of.prefix, of) != of:
                raise TypeError(f"two types of id begin with {of.prefix}")
    return found


def _kinds(model: type[Record]) -> Iterator[Kind]:
    for each in members(model).values():
        if each.nested is not None:
            yield from _kinds(each.nested)
        elif each.kind is not None:
            yield each.kind


def compile_all(
    resources: Sequence[Resource],
    contracts: Sequence[Contract],
    overrides: Overrides,
    alphabets: Mapping[str, str] = NONE,
    reports: Sequence[Report] = (),
) -> list[Operation]:
    """All operations of all resources and reports. `contracts` newest first; `overrides` by operation name; `alphabets`:
    those of a deployment's own ids, by prefix.

    TypeError when two of them would be at the same place.
    """
    refuse_doubles(resources)
    builders = {resource.path: Builder(resource, contracts, overrides, alphabets) for resource in resources}
    for builder in builders.values():
        builder.know(builders)
    operations = [operation for builder in builders.values() for operation in _operations(builder)]

    def again(hidden: frozenset[str], paths: frozenset[str]) -> list[Operation]:
        # Only what guards something has to be told in another way; the others are the same to everybody.
        lesser = {
            path: Builder(builder.resource, contracts, overrides, alphabets, hidden)
            for path, builder in builders.items()
            if path in paths or builder.newest.guards
        }
        for builder in lesser.values():
            builder.know({**builders, **lesser})
        return [operation for path in paths for operation in _operations(lesser[path])]

    operations = guarded(operations, again)
    operations += [_report(each, contracts, overrides, alphabets) for each in reports]
    for what, told in (
        ("name", [each.name for each in operations]),
        ("path", [f"{each.method} {each.first}/{each.tail}" for each in operations]),
    ):
        if doubles := sorted(each for each, times in Counter(told).items() if times > 1):
            raise TypeError(f"two operations have the same {what}: {', '.join(doubles)}")
    return operations


def _operations(builder: Builder) -> Iterator[Operation]:
    for word in words_of(builder.resource):
        yield from word.operations(builder)


def _report(
    report: Report, contracts: Sequence[Contract], overrides: Overrides, alphabets: Mapping[str, str]
) -> Operation:
    override = overrides.get(f"{FIRST}.{report.name}", Override())
    if override.via is not None:
        raise Unfit(f"{FIRST}.{report.name}", "via", "cannot be served via a list")
    if override.fields is not None:
        raise Unfit(f"{FIRST}.{report.name}", "fields", "cannot be limited to some fields, as an update can")
    dates = [contract.date for contract in contracts]
    return report.operation(dates, alphabets, enabled=override.enabled, path=override.path)
