"""What a document allows in a request is what the gateway accepts: neither more nor less, field by field.

Every value is tried on the first of all fields that are described alike and read alike; on the others a few of each form are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

import pytest

from adapters.core.faults import Invalid
from adapters.core.operation import Face, Request
from adapters.core.payloads import Fields, Query
from adapters.core.request.filters import MOST_LEAVES, MOST_VALUES, NO_VALUE, PLURAL, Filters
from adapters.core.request.json_body import Document
from adapters.core.shapes import Field, Shape
from adapters.core.strict_json import read_json
from tests.openapi.alike import BODIES, QUERIES, asked_first, sent_first
from tests.openapi.generated import validator

SEARCHES = pytest.mark.parametrize(("date", "face", "query"), [q[1:] for q in QUERIES], ids=[q[0] for q in QUERIES])

HEX = "5f2b8c1d9e3a7b6c4d5e6f70"
# At and around every edge that some kind of field has, and what the regular expressions of several languages disagree on.
TEXTS = (
    *(
        "",
        " ",
        "a",
        "ab",
        "abc",
        "é",
        "a\nb",
        "a\n",
        "a\r",
        "a\tb",
        "a\x00",
        "a\x7f",
        "a\x85",
        "a\u2028b",
        "\ufeff",
        "😀",
    ),
    *("x" * length for length in (32, 33, 40, 41, 100, 101, 254, 255, 256, 2048, 2049)),
    *("😀" * length for length in (255, 256)),
    *(
        "a@b",
        "a@b.cc",
        "a@b.cc\n",
        "a b@c.dd",
        "a\x85@b.cc",
        "a\ufeff@b.cc",
        "a\xa0@b.cc",
        "a@b.c\u3000",
        f"{'a' * 65}@b.cc",
    ),
    *(
        "http://x",
        "https://x.example",
        "https://x.example\n",
        "ftp://x.example",
        "https://x y",
        "https://x\x85",
        "https://",
    ),
    *("+44 20 7946 0018", "+44\n", "١٢٣", "12"),
    *(f"{prefix}_{HEX}" for prefix in ("con", "cmp", "deal", "pipe", "stage", "task", "note", "act", "CON")),
    *(
        f"con_{HEX}\n",
        f"con_{HEX.upper()}",
        f"con_{HEX}0",
        f"con_{HEX[1:]}",
        "usr_clx0a1b2c3d4e5f6g7h8i9j0k",
        "usr_c",
        "usr_x123456789",
    ),
    *("2026-06-17", "2026-06-17\n", "2026-6-17", "2026-02-30", "٢٠٢٦-06-17", "20260617"),
    *("2026-06-17T14:30:00Z", "2026-06-17T14:30:00+02:00", "2026-06-17t14:30:00.123456789z", "2026-06-17T14:30:00"),
    *("2026-06-17T14:30:00Z\n", "2026-06-17T25:30:00Z", "2026-06-17T14:30:00.1234567891Z", "2026-06-17T14:30Z"),
    *("2016-12-31T23:59:60Z", "1990-12-31T15:59:60.25-08:00", "2016-12-31T22:59:60Z", "HTTPS://X.example", "hTTp://x"),
    *("GBP", "gbp", "XAU", "ZZZ", "JPY", "GBP\n"),
    *("1", "-1", "1234.50", "1.2345", "1.23456", "1.", ".5", "1e3", "+1", "9" * 15, "9" * 16, "1\n", "١"),
    *("open", "won", "completed", "normal", "urgent", "call", "mail", "email", "inbound"),
)
NUMBERS = (0, 1, -1, 25, 100, 101, 25.0, 1.5, 2**31, 2**53 - 1, 2**53, -(2**31), -(2**31) - 1, 1e300)
PLAIN = (None, True, False, *NUMBERS, *TEXTS)
LISTS: tuple[Any, ...] = (
    [],
    ["vip"],
    ["a\nb"],
    [""],
    [None],
    [1],
    ["x" * 101],
    ["+44 1"] * 20,
    ["+44 1"] * 21,
    ["vip"] * 50,
    ["vip"] * 51,
)
OBJECTS: tuple[Any, ...] = (
    *(
        {},
        {"a": 1},
        {"a": None},
        {"a": [{"b": 1}]},
        {"": 1},
        {"a\n": 1},
        {"x" * 64: 1},
        {"x" * 65: 1},
        {"__proto__": 1},
    ),
    *({"é": 1}, {f"k{i}": i for i in range(100)}, {f"k{i}": i for i in range(101)}),
    *({"city": "London"}, {"city": None}, {"city": 1}, {"town": "x"}, {"postal_code": "x" * 33}),
)
VALUES = (*PLAIN, "x" * 50_000, "x" * 50_001, *LISTS, *OBJECTS)
# Of each form, for fields that are like one that has had them all.
FEW: tuple[Any, ...] = (None, True, 0, 1.5, "", "a", "a\nb", "2026-06-17", "1", [], ["vip"], {}, {"a": 1})


def allowing(date: str, name: str) -> Callable[[Any], bool]:
    return validator(date, {"$ref": f"#/components/schemas/{name}"}, validate_formats=True).is_valid


def accepts(read: Callable[[Any], object], value: Any) -> bool:
    try:
        read(value)
    except Invalid:
        return False
    return True


def received(value: Any) -> Any:
    """The value as the gateway reads it off the wire."""
    return read_json(json.dumps(value).encode())


def disagreements(allowed: Callable[[Any], bool], read: Callable[[Any], object], tried: Iterator[Any]) -> list[str]:
    found = []
    for value in tried:
        said, done = allowed(value), accepts(read, received(value))
        if said != done:
            found.append(
                f"document {'allows' if said else 'forbids'}, gateway {'takes' if done else 'refuses'} {value!r:.160}"
            )
    return found


def body_with_each(shape: Shape, whole: Container[str], *, partial: bool) -> Iterator[dict[str, Any]]:
    """A body that is valid but for one field, which has every value in turn; a few when it is not one of `whole`."""
    writable = [field for field in shape.fields if not field.read_only]
    base = {field.name: field.example for field in writable if field.required and not partial}
    yield base
    yield {**base, "stray": 1}
    for field in writable:
        yield {name: value for name, value in base.items() if name != field.name}
        edges = field.kind.edges() if field.kind else ()
        values = (*VALUES, *edges) if field.name in whole else FEW
        for value in (field.example, *values):
            yield {**base, field.name: value}
    for field in shape.fields:
        if field.read_only:
            yield {**base, field.name: field.example}


@pytest.mark.parametrize(("date", "sends"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
def test_a_body_is_as_the_document_says(date: str, sends: Fields) -> None:
    read = Document(sends.shape, partial=sends.partial).read
    whole = {field for of, body, field in sent_first() if (of, body) == (date, sends.name)}
    tried = body_with_each(sends.shape, whole, partial=sends.partial)
    assert disagreements(allowing(date, sends.name), read, tried) == []


def conditions(field: Field, operators: set[str], values: Sequence[Any]) -> Iterator[Any]:
    """Every operator there is, with every form of operand and each of the values."""
    example = field.example[0] if isinstance(field.example, list) else field.example
    for operator in sorted(operators):
        leaf = {"field": field.name, "operator": operator}
        yield leaf
        yield {**leaf, "value": example, "values": [example]}
        yield {**leaf, "value": None, "values": None}
        yield {**leaf, "value": example, "values": None}
        yield {**leaf, "value": None, "values": [example]}
        yield {**leaf, "value": example, "stray": 1}
        for value in (example, *values):
            yield {**leaf, "value": value}
            yield {**leaf, "values": [value]}
        for several in (
            [],
            [example] * 2,
            [example] * 3,
            [example, None],
            [example] * MOST_VALUES,
            [example] * (MOST_VALUES + 1),
        ):
            yield {**leaf, "values": several}
        yield {**leaf, "values": example}
        yield {**leaf, "value": [example]}


def groups(example: dict[str, Any], *, repeatable: bool) -> Iterator[Any]:
    for name in ("all", "any", "not", "none"):
        for inner in (
            example,
            [example],
            [],
            [example] * (1 + repeatable),
            [[example]],
            {"not": example},
            [{"any": [example]}],
        ):
            yield {name: inner}
        yield {name: [example], "field": "id"}
    yield from ({}, [], None, "id", {"field": "id"}, {"operator": "eq"})


@SEARCHES
def test_every_condition_is_as_the_document_says(date: str, face: Face, query: Query) -> None:
    filters: Filters = query.filters
    named = query.shape.named()
    known = {operator for operators in filters.allowed.values() for operator in operators} | {"like"}
    name, its = next((name, ops) for name, ops in filters.allowed.items() if "eq" in ops)
    simple = {"field": name, "operator": its[0], "value": named[name].example}
    allowed = allowing(date, f"{query.shape.name}Filter")

    def tried() -> Iterator[Any]:
        for field in query.shape.fields:
            first = (date, query.shape.name, field.name) in asked_first()
            takes = set(filters.allowed.get(field.name, ()))
            if first:
                assert field.kind is not None
                yield from conditions(field, known, (*PLAIN, *field.kind.sought.edges()))
            else:
                yield from conditions(field, takes | {"like", min(known - takes)}, FEW)
        # That a service which only lists takes one condition on each field, no schema can say.
        yield from groups(simple, repeatable="any" in filters.groups)

    takers = {
        "value": {field for field, ops in filters.allowed.items() if {*ops} - PLURAL - NO_VALUE},
        "values": {field for field, ops in filters.allowed.items() if {*ops} & PLURAL},
    }

    def told(node: Any) -> bool:
        # A member that no operator of the field takes is not in the document at all: for one that can only be null some
        # generators have no type. Null there is as good as not sent.
        if isinstance(node, dict):
            unused = [key for key, fields in takers.items() if node.get("field") not in fields and not node.get(key, 1)]
            node = {key: value for key, value in node.items() if key not in unused or value is not None}
        return allowed(node)

    assert disagreements(told, lambda node: filters.read([node]), tried()) == []


@SEARCHES
def test_the_members_of_a_search_are_as_the_document_says(date: str, face: Face, query: Query) -> None:
    leaf = {"field": "id", "operator": "is_empty"}
    members = ("filters", "search_text", "order_by", "sort_direction", "limit", "cursor")
    tried: list[Any] = [None, [], {}, {"stray": 1}, {"filters": {}}, dict.fromkeys(members)]
    if "is_empty" in query.filters.allowed.get("id", ()):
        tried += [{"filters": [leaf] * count} for count in (1, MOST_LEAVES, MOST_LEAVES + 1)]
    for member in members[1:-1]:
        tried += [{member: value} for value in (*VALUES, "asc", "desc", *query.sorts, "nonsense")]

    def read(document: Any) -> object:
        return face.accept(Request((), {}, document, lambda sealed, bound: [], lambda bound: lambda position: ""))

    assert disagreements(allowing(date, f"{query.shape.name}Search"), read, iter(tried)) == []
