"""Resources that no service has, compiled and driven without a network."""

from __future__ import annotations

from typing import Annotated, Any

import orjson

from adapters.core.calls import Answer, Call, Input, Reply
from adapters.core.compile.builder import Overrides
from adapters.core.compile.catalogue import compile_all
from adapters.core.declare.changes import Contract
from adapters.core.declare.ids import DIGITS, IdType
from adapters.core.declare.kinds import Amount, Choice, Currency, Line, Moment, Reference, Whole
from adapters.core.declare.resource import Between, ReadOnly, Record, Resource, Upstream, optional, required
from adapters.core.operation import Face, Operation, Request

DATE = "2026-06-01"
BILL = IdType("bill_", "[0-9A-Za-z]{1,40}", "bill", cut="inv_")
PART = IdType("part_", DIGITS, "part", number=True)


class BillLine(Record):
    """One line of a bill."""

    part_id: Annotated[str, Reference(PART)] | None = optional("What is sold.", "part_7")
    title: Line = required("What it says.", "Cog")
    unit_price: Amount = required("For each.", "1.50")
    amount: ReadOnly[Amount | None] = optional("For all.", "3.00")


class Bill(Record):
    """What somebody owes."""

    id: ReadOnly[Annotated[str, Reference(BILL)]] = required("Its id.", "bill_1")
    currency: Currency = optional("Of all amounts.", "EUR", "USD")
    lines: Annotated[list[BillLine], Between(1, 3)] = required(
        "What is billed.", [{"part_id": "part_7", "title": "Cog", "unit_price": "1.50"}]
    )
    status: ReadOnly[Annotated[str, Choice(("open", "paid"))]] = required("Where it stands.", "open")
    weight: Whole | None = optional("In grams.", 5)
    paid_at: Moment | None = optional("When it was paid.", "2026-06-01T09:00:00Z")
    created_at: ReadOnly[Moment] = required("When it was made.", "2026-06-01T09:00:00Z")


LINE = {"partId": 7, "title": "Cog", "rate": 1.5, "amount": 3}
ROW: dict[str, Any] = {
    "id": "inv_Zz9",
    "currency": "EUR",
    "items": [LINE],
    "status": "open",
    "weight": 5,
    "paidAt": None,
    "createdAt": "2026-06-01T09:00:00.000Z",
}


def bills(**more: Any) -> Resource:
    """The resource of these bills, with whatever else is declared."""
    return Resource(
        **{
            "model": Bill,
            "id": BILL,
            "path": "bills",
            "singular": "bill",
            "scope": "bill",
            "upstream": Upstream("finance", "/api/bills"),
            "rename": {"lines": "items", "lines.unit_price": "rate"},
            **more,
        }
    )


def compiled(*resources: Resource, overrides: Overrides | None = None) -> dict[str, Operation]:
    """Their operations in one contract, by name."""
    contracts = [Contract(date=DATE, summary="The first.")]
    return {each.name: each for each in compile_all(resources, contracts, overrides or {})}


def face(operation: Operation) -> Face:
    """The operation in that contract."""
    found = operation.faces[DATE]
    assert found is not None
    return found


def accepted(operation: Operation, document: Any = None, *public: str, **query: str) -> Input:
    """The request as the edge takes it in, with public ids; raises Invalid and others."""
    ids = tuple(kind.decode(each) if kind else each for kind, each in zip(operation.params, public, strict=True))
    assert None not in ids
    sealed: Any = lambda _: lambda position: orjson.dumps(position).decode()  # noqa: E731
    return face(operation).accept(Request(ids, query, document, lambda cursor, _: orjson.loads(cursor), sealed))


def driven(operation: Operation, request: Input, *replies: Any) -> tuple[Answer, list[Call]]:
    """The answer when the service answers with these, and what it was asked."""
    plan, calls = face(operation).plan(request), []
    waiting = iter(replies)
    try:
        calls.append(next(plan))
        while True:
            reply = next(waiting)
            status, body = reply if isinstance(reply, tuple) else (200, reply)
            calls.append(plan.send(Reply(status, body if isinstance(body, bytes) else orjson.dumps(body))))
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer, calls


def data(answer: Answer) -> Any:
    """What an answer has under `data`."""
    return orjson.loads(answer.body)["data"]


def written(call: Call) -> bytes:
    """What a call sends."""
    assert isinstance(call.body, bytes)
    return call.body
