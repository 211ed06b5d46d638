"""Operations without a network: the adapters are pure, so a hostile answer is a value."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters import RESOURCES
from adapters.core.calls import Answer, Input, Reply
from adapters.core.declare.currencies import minor_digits
from adapters.core.declare.kinds import Money
from adapters.core.declare.resource import Op, Resource
from adapters.core.operation import Face, Operation, Request
from adapters.core.shapes import Shape
from gateway.versions import CONTRACTS
from tests.conformance.declared import OPERATIONS, shape

NEWEST = CONTRACTS[0].date
NAMED: dict[str, Operation] = {operation.name: operation for operation in OPERATIONS}
# Rows of a list that comes whole are read by laws of their own (tests/laws/test_whole_lists.py).
READABLE: list[Resource] = [
    resource for resource in RESOURCES if Op.GET in resource.operations and resource.upstream.search.style != "whole"
]


def face(name: str, date: str = NEWEST) -> Face:
    """The operation's face in a contract."""
    found = NAMED[name].faces[date]
    assert found is not None
    return found


def asked(document: Any = None, ids: tuple[str, ...] = ("0" * 24, "0" * 24), **query: str) -> Request:
    """A request as the edge would have taken it apart."""
    return Request(ids, query, document, lambda *_: [None, "0", 0], lambda _: lambda _: "sealed")


def answered(name: str, request: Input, body: bytes | Any, status: int = 200, date: str = NEWEST) -> Answer:
    """What the operation makes of a service that answers every call like this; raises what the plan raises."""
    plan = face(name, date).plan(request)
    reply = Reply(status, body if isinstance(body, bytes) else msgspec.json.encode(body))
    try:
        next(plan)
        while True:
            plan.send(reply)
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer


def record(of: Resource | Shape) -> dict[str, Any]:
    """A record as the service holds it, made of the examples."""
    fields = (of if isinstance(of, Shape) else shape(of, NEWEST)).fields
    besides = {field.today: field.example for field in fields}
    return {field.held: _held(field, besides) for field in fields}


def _held(field: Any, besides: dict[str, Any]) -> Any:
    if field.nested is not None:
        return [record(field.nested)] if field.many else record(field.nested)
    kind, value = field.kind_today, field.example
    if value is None or kind is None:
        return value
    inward = kind.inward
    value = inward(value) if inward else value
    if isinstance(kind, Money) and kind.form == "minor":
        return int(value.scaleb(minor_digits(besides[kind.beside])))
    return float(value) if type(value).__name__ == "Decimal" else value
