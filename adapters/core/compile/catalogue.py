"""Resources and contracts → every operation, compiled once at start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.core.compile.builder import Builder, Overrides
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import Op, Resource
from adapters.core.declare.word import Word
from adapters.core.operation import Operation
from adapters.core.words import Create, Delete, Get, Search, Update

_STANDARD: dict[Op, Word] = {
    Op.SEARCH: Search(),
    Op.CREATE: Create(),
    Op.GET: Get(),
    Op.UPDATE: Update(),
    Op.DELETE: Delete(),
}


def compile_all(resources: Sequence[Resource], contracts: Sequence[Contract], overrides: Overrides) -> list[Operation]:
    """All operations of all resources. `contracts` newest first; `overrides` by operation name."""
    builders = {resource.path: Builder(resource, contracts, overrides) for resource in resources}
    for builder in builders.values():
        builder.know(builders)
    return [operation for builder in builders.values() for operation in _operations(builder)]


def _operations(builder: Builder) -> Iterator[Operation]:
    declared = builder.resource
    for word in (*(word for op, word in _STANDARD.items() if op in declared.operations), *declared.words):
        yield from word.operations(builder)
