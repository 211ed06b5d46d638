"""Resources and contracts → every operation, compiled once at start."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from adapters.core.compile.builder import Builder, Override, Overrides
from adapters.core.compile.guarding import guarded
from adapters.core.declare.changes import Contract
from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds import Kind
from adapters.core.declare.resource import Op, Resource
from adapters.core.declare.word import Word
from adapters.core.operation import Operation
from adapters.core.shapes import NONE, Shape, shape_of
from adapters.core.words import Create, Delete, Get, Search, Update
from adapters.core.words.report import FIRST, Report

_SCOPE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_STANDARD: dict[Op, Word] = {
    Op.SEARCH: Search(),
    Op.CREATE: Create(),
    Op.GET: Get(),
    Op.UPDATE: Update(),
    Op.DELETE: Delete(),
}


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
        if not _SCOPE.fullmatch(each.scope):
            raise TypeError(
                f"{each.path}: {each.scope!r} is no family of scopes: lower-case letters, digits and _, no dot"
            )


def prefixes(resources: Iterable[Resource]) -> dict[str, IdType]:
    """Every type of id in the declarations, by its prefix; TypeError when two begin alike."""
    found: dict[str, IdType] = {}
    for resource in whole(resources):
        for kind in _kinds(shape_of(resource.model, resource.rename)):
            if (of := kind.points_to) is not None and found.setdefault(of.prefix, of) != of:
                raise TypeError(f"two types of id begin with {of.prefix}")
    return found


def _kinds(shape: Shape) -> Iterator[Kind]:
    for field in shape.fields:
        if field.nested is not None:
            yield from _kinds(field.nested)
        elif field.kind is not None:
            yield field.kind


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


def words_of(resource: Resource) -> tuple[Word, ...]:
    """The standard operations that the resource has, and what it declares beside them."""
    return (*(word for op, word in _STANDARD.items() if op in resource.operations), *resource.words)


def _operations(builder: Builder) -> Iterator[Operation]:
    for word in words_of(builder.resource):
        yield from word.operations(builder)


def _report(
    report: Report, contracts: Sequence[Contract], overrides: Overrides, alphabets: Mapping[str, str]
) -> Operation:
    override = overrides.get(f"{FIRST}.{report.name}", Override())
    if override.via is not None:
        raise ValueError(f"{FIRST}.{report.name} cannot be served via a list")
    dates = [contract.date for contract in contracts]
    return report.operation(dates, alphabets, enabled=override.enabled, path=override.path)
