"""A throw-away resource, stand-ins for services that hold it, and a client that walks it: what the laws of paging need.

The services are written from sandbox/README.md and know nothing of the adapters' way of finding a place.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import orjson

from adapters.core.calls import Answer, Call, Input, Plan, Reply, Seal, Window
from adapters.core.declare.ids import HEX24, IdType
from adapters.core.declare.kinds import Amount, Boolean, Currency, Line, Moment, Reference, Whole, Words
from adapters.core.declare.resource import ReadOnly, Record, optional, required

THING = IdType("thg_", HEX24, "thing")
RENAME = {"name": "title", "amount": "value"}
HELD = {"name": "title", "score": "score", "amount": "value", "created_at": "createdAt"}
SORTS = tuple(HELD)
Row = dict[str, Any]


class Thing(Record):
    """A thing."""

    id: ReadOnly[Annotated[str, Reference(THING)]] = required("Its id.", "thg_5f2b8c1d9e3a7b6c4d5e6f70")
    name: Line | None = optional("Its name.", "Thing")
    score: Whole | None = optional("Its score.", 1)
    amount: Amount | None = optional("Its worth.", "1.50")
    currency: Currency | None = optional("Of the worth.", "EUR")
    good: Boolean = optional("Whether it is good.", example=True, default=False)
    tags: Words = optional("Labels.", ["vip"], [])
    created_at: ReadOnly[Moment] = required("When it was made.", "2026-06-01T09:00:00Z")


# Code point order differs from that of UTF-16 and of every language in these.
NAMES = [None, "", "B", "a", "b", "é", "\uffff", "\U0001f600"]


def thing(chance: random.Random, variety: int) -> Row:
    """A row; the less `variety`, the more ties."""
    return {
        "id": f"{chance.getrandbits(96):024x}",
        "title": chance.choice(NAMES),
        "score": chance.choice([None, *range(variety)]),
        "value": chance.choice([None, *(orjson.Fragment(f"{number}.10") for number in range(-1, variety))]),
        "currency": "EUR",
        "good": chance.random() < 0.5,
        "tags": chance.sample(["vip", "new", "old"], chance.randrange(3)),
        "createdAt": f"2026-06-{chance.randrange(1, 29):02}T09:00:00.{chance.randrange(variety):03}Z",
    }


def comparable(row: Row, by: str) -> tuple[bool, Any, str]:
    """Where the service puts a row: null lowest, text by code point, ties by id."""
    value = row[by]
    if isinstance(value, orjson.Fragment):
        value = Decimal(orjson.dumps(value).decode())
    return (value is not None, value, row["id"])


@dataclass
class Service(ABC):
    """Rows that come and go. `before_call` runs before each call is answered; `calls` counts them."""

    rows: list[Row]
    before_call: Callable[[], None] = lambda: None
    calls: int = 0
    asked: list[Any] = field(default_factory=list)

    def answer(self, call: Call) -> Reply:
        self.before_call()
        self.calls += 1
        return Reply(200, orjson.dumps(self.respond(call)))

    @abstractmethod
    def respond(self, call: Call) -> Any:
        """The document that the service answers with."""


@dataclass
class Listing(Service):
    """A list in one of the three styles. Its own cursors are numbers of places that it remembers."""

    style: str = "page"
    places: list[tuple[bool, Any, str]] = field(default_factory=list)
    _order: tuple[str, bool, list[Row], list[Row]] = ("", False, [], [])  # the last that was asked for

    def _ordered(self, by: str, *, down: bool) -> list[Row]:
        """The rows in an order, which is made when it is not the last one, or other rows are there."""
        if (by, down, self.rows) != self._order[:3]:
            ordered = sorted(self.rows, key=lambda row: comparable(row, by), reverse=down)
            self._order = (by, down, [*self.rows], ordered)
        return self._order[3]

    def respond(self, call: Call) -> Any:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(call.path.decode()).query).items()}
        self.asked.append(query)
        by, limit, down = query["sort"], int(query["limit"]), query["order"] == "desc"
        assert 1 <= limit <= 200
        rows = self._ordered(by, down=down)
        if self.style == "cursor":
            if "cursor" in query:
                place = self.places[int(query["cursor"])]

                def behind(row: Row) -> bool:
                    there = comparable(row, by)
                    return there != place and (there < place) == down

                rows = rows[bisect_left(rows, True, key=behind) :]
            if len(rows) <= limit:
                return {"items": rows, "nextCursor": None}
            self.places.append(comparable(rows[limit - 1], by))
            return {"items": rows[:limit], "nextCursor": str(len(self.places) - 1)}
        start = int(query["offset"]) if self.style == "offset" else (int(query["page"]) - 1) * limit
        assert start >= 0
        return {"data": rows[start : start + limit], "pagination": {"limit": limit, "total": len(rows)}}


@dataclass
class Searching(Service):
    """A structured search; its `isNull` takes "" and [] for null, which its order does not."""

    def respond(self, call: Call) -> Any:
        assert isinstance(call.body, bytes)
        body = orjson.loads(call.body)
        self.asked.append(body)
        assert 1 <= body["limit"] <= 200
        by, down = body["sort"]["field"], body["sort"]["dir"] == "desc"
        found = [row for row in self.rows if "where" not in body or holds(body["where"], row)]
        found.sort(key=lambda row: comparable(row, by), reverse=down)
        return {"data": found[: body["limit"]], "total": len(found)}


def holds(where: Row, row: Row) -> bool:
    """Whether a row is what a `where` tree asks for."""
    match where:
        case {"and": parts}:
            return all(holds(part, row) for part in parts)
        case {"or": parts}:
            return any(holds(part, row) for part in parts)
        case {"not": part}:
            return not holds(part, row)
    value, operand = row[where["field"]], where.get("value")
    if isinstance(value, orjson.Fragment):
        value = orjson.loads(orjson.dumps(value))
    if where["op"] in {"isNull", "notNull"}:
        assert "value" not in where
        return bool((value in (None, "", [])) == (where["op"] == "isNull"))
    if value is None:
        return False
    tests: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le}
    number = isinstance(value, int | float)
    assert isinstance(operand, int | float if number else str), "a value of the wrong type is refused"
    assert operand or where["field"] != "createdAt", "no timestamp"
    return tests[where["op"]](value, operand)


@dataclass
class Page:
    """What a client gets."""

    ids: list[str]
    following: str | None
    total: int | None
    calls: int


def run(plan: Plan, service: Service) -> Answer:
    """Drive a plan against a service."""
    reply: Reply | None = None
    while True:
        try:
            call = plan.send(reply) if reply is not None else next(plan)
        except StopIteration as stopped:
            answer: Answer = stopped.value
            return answer
        reply = service.answer(call)


def walk(planner: Callable[[Input], Plan], service: Service, **asked: Any) -> Iterator[Page]:
    """The pages of a walk. Positions pass through JSON, as they do inside a sealed cursor."""
    seal: Seal = lambda position: orjson.dumps(position).decode()  # noqa: E731
    cursor: str | None = None
    while True:
        position = None if cursor is None else orjson.loads(cursor)
        before = service.calls
        answer = run(planner(Input(window=Window(position=position, seal=seal, **asked))), service)
        found = orjson.loads(answer.body)
        cursor = found["meta"]["cursor"]["next"]
        assert found["meta"]["cursor"]["has_more"] == (cursor is not None)
        ids = [record["id"].removeprefix(THING.prefix) for record in found["data"]]
        yield Page(ids, cursor, found["meta"].get("total"), service.calls - before)
        if cursor is None:
            return


class Unrest:
    """Changes a service's rows: a burst now and then, of any size and at any place, for so many times and no more."""

    def __init__(self, service: Service, chance: random.Random, by: str, bursts: list[tuple[str, str, int]]) -> None:
        self.service, self.chance, self.by, self.bursts = service, chance, by, list(bursts)
        self.stayed = {row["id"] for row in service.rows}

    def strike(self) -> None:
        """The next burst, if there is one: (`insert` or `delete`, `low`, `high` or `any` in the order, how many rows)."""
        if not self.bursts:
            return
        kind, where, amount = self.bursts.pop()
        rows = self.service.rows
        rows.sort(key=lambda row: comparable(row, self.by))
        if kind == "insert":
            made = sorted((thing(self.chance, 5) for _ in range(3 * amount)), key=lambda row: comparable(row, self.by))
            rows += {"low": made[:amount], "high": made[2 * amount :], "any": made[::3]}[where]
            return
        amount = min(amount, len(rows))
        if where == "any":
            self.chance.shuffle(rows)
        gone = rows[:amount] if where != "high" else rows[len(rows) - amount :]
        self.stayed -= {row["id"] for row in gone}
        rows[:] = rows[amount:] if where != "high" else rows[: len(rows) - amount]
