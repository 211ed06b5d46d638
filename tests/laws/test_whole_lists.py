"""A list that comes all at once answers every condition, in every order, a page at a time, and every record by its id."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream
from adapters.core.faults import RecordNotFound, ServiceInvalid
from tests.adapters.declaring import accepted, compiled, data, driven
from tests.laws.things import RENAME, SORTS, THING, Thing, comparable, thing


def shelf(items: str | None = "data") -> dict[str, Any]:
    return compiled(
        Resource(
            model=Thing,
            id=THING,
            path="things",
            singular="thing",
            scope="thing",
            upstream=Upstream("crm", "/api/things", ListQuery(style="whole", items=items)),
            rename=RENAME,
            sorts=SORTS,
            searched=("name", "tags"),
            operations=Op.GET | Op.SEARCH,
        )
    )


THINGS = shelf()
SEARCH, GET = THINGS["things.search"], THINGS["things.get"]


def found(rows: list[Any], document: dict[str, Any]) -> tuple[list[str], str | None, int]:
    answer, calls = driven(SEARCH, accepted(SEARCH, document), {"data": rows})
    assert [(call.method, call.path) for call in calls] == [(b"GET", b"/api/things")]
    told = orjson.loads(answer.body)
    return [each["id"] for each in told["data"]], told["meta"]["cursor"]["next"], told["meta"]["total"]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(0, 60),
    limit=st.sampled_from([1, 2, 7, 100]),
    by=st.sampled_from(SORTS),
    descending=st.booleans(),
)
def test_a_walk_meets_every_row_once_in_order(seed: int, size: int, limit: int, by: str, *, descending: bool) -> None:
    chance = random.Random(seed)
    rows = [thing(chance, 3) for _ in range(size)]
    held = {"name": "title", "score": "score", "amount": "value", "created_at": "createdAt"}[by]
    ordered = [
        THING.encode(row["id"]) for row in sorted(rows, key=lambda row: comparable(row, held), reverse=descending)
    ]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": limit, "order_by": by, "sort_direction": "desc" if descending else "asc"}
        ids, cursor, total = found(rows, query | ({"cursor": cursor} if cursor else {}))
        assert total == size
        seen += ids
        if cursor is None:
            break
    assert seen == ordered


ROWS: list[dict[str, Any]] = [
    {
        "id": f"{place:024x}",
        "title": name,
        "score": score,
        "value": value,
        "currency": "EUR",
        "good": score == 1,
        "tags": tags,
        "createdAt": f"2026-06-0{place + 1}T09:00:00.00{place}Z",
    }
    for place, (name, score, value, tags) in enumerate(
        [("Ada", 1, 1.5, ["vip"]), ("BOB", 2, 10, ["vip", "new"]), ("", None, None, []), (None, 4, -1, ["Old"])]
    )
]


@pytest.mark.parametrize(
    ("field", "operator", "value", "places"),
    [
        ("name", "eq", "Ada", [0]),
        ("name", "eq", "ada", []),
        ("name", "neq", "Ada", [1, 2]),
        ("name", "in", ["Ada", "BOB"], [0, 1]),
        ("name", "not_in", ["Ada"], [1, 2]),
        ("name", "contains", "o", [1]),
        ("name", "not_contains", "o", [0, 2]),
        ("name", "starts_with", "ad", [0]),
        ("name", "ends_with", "B", [1]),
        ("name", "is_empty", None, [2, 3]),
        ("name", "is_not_empty", None, [0, 1]),
        ("score", "gt", 1, [1, 3]),
        ("score", "gte", 2, [1, 3]),
        ("score", "lt", 2, [0]),
        ("score", "lte", 2, [0, 1]),
        ("score", "between", [1, 2], [0, 1]),
        ("amount", "eq", "1.50", [0]),
        ("amount", "gt", "1.5", [1]),
        ("good", "eq", True, [0]),
        ("tags", "contains_any", ["vip", "Old"], [0, 1, 3]),
        ("tags", "contains_all", ["vip", "new"], [1]),
        ("tags", "contains_none", ["vip"], [2, 3]),
        ("tags", "is_empty", None, [2]),
        ("created_at", "gt", "2026-06-02T09:00:00.001Z", [2, 3]),
        ("created_at", "gte", "2026-06-02T11:00:00.001+02:00", [1, 2, 3]),
        ("created_at", "lt", "2026-06-02T09:00:00.0011Z", [0, 1]),
        ("created_at", "eq", "2026-06-02T09:00:00.0011Z", []),
        ("created_at", "between", ["2026-06-01T00:00:00Z", "2026-06-02T23:59:59Z"], [0, 1]),
        ("id", "eq", THING.encode(ROWS[3]["id"]), [3]),
        ("id", "in", [THING.encode(ROWS[0]["id"])], [0]),
    ],
)
def test_every_operator_means_what_a_structured_search_means(
    field: str, operator: str, value: Any, places: list[int]
) -> None:
    member = {} if value is None else {"values" if isinstance(value, list) else "value": value}
    condition = {"field": field, "operator": operator, **member}
    expected = [THING.encode(ROWS[place]["id"]) for place in places]
    query = {"order_by": "created_at", "sort_direction": "asc"}
    assert found(ROWS, {**query, "filters": [condition]})[0] == expected
    negated = [THING.encode(row["id"]) for place, row in enumerate(ROWS) if place not in places]
    assert found(ROWS, {**query, "filters": [{"not": condition}]})[0] == negated
    assert found(ROWS, {**query, "filters": [{"any": [condition, condition]}]})[2] == len(expected)


def test_text_is_sought_in_the_fields_that_are_searched() -> None:
    assert found(ROWS, {"search_text": "OB"})[0] == [THING.encode(ROWS[1]["id"])]
    assert found(ROWS, {"search_text": "old"})[0] == [THING.encode(ROWS[3]["id"])]
    assert found(ROWS, {"search_text": "EUR"})[0] == []


def test_every_operator_of_every_field_is_allowed() -> None:
    face = SEARCH.faces["2026-06-01"]
    assert face is not None
    allowed = face.sends.filters.allowed
    assert "between" in allowed["score"]
    assert "contains" in allowed["name"]


@pytest.mark.parametrize("items", ["data", "rows", None])
def test_a_record_is_found_in_the_list_and_is_missing_when_it_is_not_there(items: str | None) -> None:
    get = shelf(items)["things.get"]
    body: Any = ROWS if items is None else {items: ROWS}
    answer, calls = driven(get, accepted(get, None, THING.encode(ROWS[1]["id"])), body)
    assert data(answer)["name"] == "BOB"
    assert len(calls) == 1
    with pytest.raises(RecordNotFound):
        driven(get, accepted(get, None, THING.encode("f" * 24)), body)


@pytest.mark.parametrize("body", [{"data": {}}, {}, [], {"data": [1]}, {"data": [ROWS[0]] * 2001}, b"<html>"])
def test_what_is_no_short_list_is_the_service_s_fault(body: Any) -> None:
    with pytest.raises(ServiceInvalid):
        driven(SEARCH, accepted(SEARCH, {}), body)


def test_a_bare_array_or_a_filter_must_fit_the_style() -> None:
    for wrong in ({"items": None}, {"style": "whole", "filters": ("name",)}):
        with pytest.raises(TypeError):
            ListQuery(**wrong)
