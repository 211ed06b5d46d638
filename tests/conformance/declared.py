"""What the declarations say, as the conformance tests need it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from adapters import RESOURCES
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import Op, Resource
from adapters.core.operation import Operation
from adapters.core.shapes import Field, Shape, shapes_of
from adapters.ids import ACCOUNT, CONTACT
from gateway.conformance.api import Api
from gateway.conformance.subject import Subject
from gateway.deployment import built_in
from gateway.versions import CONTRACTS
from tests.conformance.seeded import first

CATALOGUE = built_in()
OPERATIONS: list[Operation] = CATALOGUE.operations()
BY_NAME = {operation.name: operation for operation in OPERATIONS}
CREATABLE = [resource for resource in RESOURCES if Op.CREATE in resource.operations]
UPDATABLE = [resource for resource in RESOURCES if Op.UPDATE in resource.operations]


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
    return shapes_of(resource, CONTRACTS)[date]


# What no two records may share: every body has its own.
UNIQUE = {
    "projects": ("code",),
    "employees": ("employee_number", "email"),
    "invoices": ("number",),
    "products": ("sku",),
}
# What a body must refer to.
NEEDED: dict[str, Callable[[], dict[str, Any]]] = {
    "invoices": lambda: {"contact_id": first(CONTACT, "contacts")},
    "leave_requests": lambda: dict.fromkeys(("start_date", "end_date"), _day()) | {"type": "unpaid"},
    "journal_entries": lambda: {"lines": [_line("debit", "EXPENSES"), _line("credit", "ASSETS")]},
}
_SERIAL = itertools.count(1)


def _day() -> str:
    """A day on which nobody is away yet."""
    return (date(2028, 1, 1) + timedelta(next(_SERIAL))).isoformat()


def _line(side: str, group: str) -> dict[str, str]:
    return {"account_id": first(ACCOUNT, "accounts", group=group, isActive=True), "type": side, "amount": "1500.00"}


# Where a record has to lie beneath another: one of tenant a and one of b that have some beneath them, as every sandbox is seeded.
BENEATH = {"project_id": ("proj_clxmgy47fo2tdzer03k6ld5o1", "proj_clx0f3yu8p9nq53b1ckww1phj")}


def least(resource: Resource, tenant: int = 0, **more: Any) -> dict[str, Any]:
    """The body of a search for all that there is, as far as one search can tell; `tenant`: 0 for a, 1 for b."""
    if resource.within is None:
        return more
    condition = {"field": resource.within, "operator": "eq", "value": BENEATH[resource.within][tenant]}
    return {**more, "filters": [*more.get("filters", ()), condition]}


def sample(resource: Resource, date: str) -> dict[str, Any]:
    """A body that creates a record: every writable field's example, references to other records left out where they may be."""
    own: dict[str, Any] = {
        name: f"{resource.path[:3]}-{next(_SERIAL)}{'@example.com' * (name == 'email')}"
        for name in UNIQUE.get(resource.path, ())
    }
    own |= NEEDED.get(resource.path, dict)()
    if resource.within is not None:
        own[resource.within] = BENEATH[resource.within][0]
    return own | {
        field.name: field.example
        for field in shape(resource, date).fields
        if not field.read_only and field.name not in own and not (field.kind and field.kind.points_to)
    }


def told(shape: Shape, held: dict[str, Any], around: dict[str, Any] | None = None) -> dict[str, Any]:
    """A service's record as the newest contract tells it, field by field: without what is compiled to do the same."""
    record = {**(around or {}), **held, **{field.today: held[field.held] for field in shape.fields}}
    return {field.name: _value(field, held[field.held], record) for field in shape.fields}


def _value(field: Field, held: Any, record: dict[str, Any]) -> Any:
    if field.nested is not None and held is not None:
        return [told(field.nested, each, record) for each in held] if field.many else told(field.nested, held, record)
    if held is None or field.kind is None:
        return held
    return field.kind.told(held, record.get(field.kind.beside or ""))


def foreign(resource: Resource) -> str:
    """A well-formed id that belongs to no record."""
    return resource.id.sample()


def path(operation: Operation, resource: Resource | None, record: str = "") -> str:
    """The operation's path for a record; a report has none."""
    words = (str(word.example) for word in operation.words)
    further = [kind.sample() if kind else next(words) for kind in operation.params[1:]]
    steps = iter([record or (foreign(resource) if resource else ""), *further])
    tail = "/".join(next(steps) if step == "*" else step for step in operation.tail.split("/"))
    return "/".join(part for part in ("/v1", operation.first, tail) if part)


class Declared(Subject):
    """A built-in resource before the seeded sandbox, whose records the tests know."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(CATALOGUE, resource, OPERATIONS)

    def sample(self, api: Api, date: str) -> dict[str, Any]:
        return sample(self.resource, date)

    def beneath(self, api: Api) -> str:
        return BENEATH[self.resource.within or ""][0]
