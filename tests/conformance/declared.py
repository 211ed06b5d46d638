"""What the declarations say, as the conformance tests need it."""

from __future__ import annotations

from typing import Any

from adapters import RESOURCES
from adapters.core.changes import Contract
from adapters.core.compiler import changes_since, compile_all
from adapters.core.kinds import Reference
from adapters.core.operations import Operation
from adapters.core.resource import Op, Resource
from adapters.core.shapes import Shape, shape_at
from gateway.versions import CONTRACTS

OPERATIONS: list[Operation] = compile_all(RESOURCES, CONTRACTS, {})
CREATABLE = [resource for resource in RESOURCES if Op.CREATE in resource.operations]
UPDATABLE = [resource for resource in RESOURCES if Op.UPDATE in resource.operations]
DELETABLE = [resource for resource in RESOURCES if Op.DELETE in resource.operations]


def name(value: object) -> str:
    """A test id."""
    match value:
        case Resource():
            return value.path
        case Operation():
            return value.name
        case Contract():
            return value.date
    return str(value)


def shape(resource: Resource, date: str) -> Shape:
    """The resource's shape in a contract."""
    return shape_at(resource, changes_since(CONTRACTS, date))


def sample(resource: Resource, date: str) -> dict[str, Any]:
    """A body that creates a record: every writable field's example, references to other records left out."""
    return {
        field.name: field.example
        for field in shape(resource, date).fields
        if not field.read_only and not isinstance(field.kind, Reference)
    }


def foreign(resource: Resource) -> str:
    """A well-formed id that belongs to no record."""
    return resource.id.prefix + "0" * 24


def path(operation: Operation, resource: Resource, record: str = "") -> str:
    """The operation's path for a record."""
    tail = operation.tail.replace("*", record or foreign(resource), 1).replace("*", "vip")
    return "/".join(part for part in ("/v1", operation.first, tail) if part)
