"""What the declarations say, as the conformance tests need it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from iso4217 import Currency

from adapters import RESOURCES
from adapters.core.compile.builder import changes_since, compile_all
from adapters.core.declare.changes import Contract
from adapters.core.declare.custom_fields import Custom
from adapters.core.declare.kinds import Choice, Instant, Money, Reference
from adapters.core.declare.resource import Op, Resource
from adapters.core.operation import Operation
from adapters.core.shapes import Field, Shape, shape_at
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


CUSTOMIZED = [
    (resource, field.name)
    for resource in UPDATABLE
    for field in shape(resource, CONTRACTS[0].date).fields
    if isinstance(field.kind, Custom)
]
COLLECTIONS = [
    (contract, resource, field)
    for contract in CONTRACTS
    for resource in UPDATABLE
    for field in shape(resource, contract.date).fields
    if isinstance(field.default, list | dict) and not field.read_only
]


def sample(resource: Resource, date: str) -> dict[str, Any]:
    """A body that creates a record: every writable field's example, references to other records left out."""
    return {
        field.name: field.example
        for field in shape(resource, date).fields
        if not field.read_only and not isinstance(field.kind, Reference)
    }


def bare(public_id: str) -> str:
    """An id as the services write it."""
    return public_id.rpartition("_")[2]


def told(shape: Shape, held: dict[str, Any]) -> dict[str, Any]:
    """A service's record as the newest contract tells it, field by field: without what is compiled to do the same."""
    return {field.name: _value(field, held[field.held], held) for field in shape.fields}


def _value(field: Field, held: Any, record: dict[str, Any]) -> Any:
    if field.nested is not None and held is not None:
        return [told(field.nested, each) for each in held] if field.many else told(field.nested, held)
    match field.kind:
        case _ if held is None:
            return None
        case Reference():
            return field.kind.of.prefix + held
        case Instant():
            return held.replace(".000Z", "Z")
        case Money():
            return f"{Decimal(str(held)):.{Currency(record['currency']).exponent}f}"
        case Choice(held_as=words) if words is not None:
            return next(word for word, value in words.items() if value == held)
    return held


def foreign(resource: Resource) -> str:
    """A well-formed id that belongs to no record."""
    return resource.id.prefix + "0" * 24


def path(operation: Operation, resource: Resource, record: str = "") -> str:
    """The operation's path for a record."""
    tail = operation.tail.replace("*", record or foreign(resource), 1).replace("*", "vip")
    return "/".join(part for part in ("/v1", operation.first, tail) if part)
