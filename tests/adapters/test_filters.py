"""Filters as the service is asked them, and what is refused at its place, without a network."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from adapters.core.faults import Invalid
from adapters.core.request.filters import MOST_DEPTH, MOST_LEAVES, MOST_VALUES
from gateway.conformance.filtering import OPERATORS
from tests.attacks.driving import asked, face

SEARCH = face("contacts.search")
MOMENT, LATER = "2026-05-01T10:00:00.000Z", "2026-05-02T10:00:00.000Z"
EMPTY = {"field": "email", "operator": "is_empty"}
NO_EMAIL = {"field": "email", "op": "isNull"}


def where(*filters: Any) -> Any:
    """What the service is asked."""
    call = next(SEARCH.plan(SEARCH.accept(asked({"filters": list(filters)}))))
    assert isinstance(call.body, bytes)
    return msgspec.json.decode(call.body).get("where")


def refused(filters: Any) -> tuple[str, str]:
    """Pointer and code of the first fault."""
    with pytest.raises(Invalid) as caught:
        SEARCH.accept(asked({"filters": filters}))
    return caught.value.errors[0].pointer, caught.value.errors[0].code


ASKED: dict[str, tuple[str, str, Any]] = {
    "eq": ("created_at", "eq", MOMENT),
    "neq": ("created_at", "ne", MOMENT),
    "in": ("created_at", "in", [MOMENT, LATER]),
    "not_in": ("created_at", "nin", [MOMENT, LATER]),
    "is_empty": ("first_name", "isNull", None),
    "is_not_empty": ("first_name", "notNull", None),
    "contains": ("first_name", "contains", "da"),
    "not_contains": ("first_name", "notContains", "da"),
    "starts_with": ("first_name", "startsWith", "da"),
    "ends_with": ("first_name", "endsWith", "da"),
    "gt": ("created_at", "gt", MOMENT),
    "gte": ("created_at", "gte", MOMENT),
    "lt": ("created_at", "lt", MOMENT),
    "lte": ("created_at", "lte", MOMENT),
    "between": ("created_at", "between", [MOMENT, LATER]),
    "contains_any": ("tags", "hasAny", ["a", "b"]),
    "contains_all": ("tags", "hasAll", ["a", "b"]),
    "contains_none": ("tags", "hasNone", ["a", "b"]),
}
HELD = {"created_at": "createdAt", "first_name": "firstName", "tags": "tags"}


def test_every_operator_has_its_word() -> None:
    assert ASKED.keys() == set(OPERATORS)


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_is_asked_in_the_services_own_word(operator: str) -> None:
    field, word, value = ASKED[operator]
    operand = {} if value is None else {"values" if isinstance(value, list) else "value": value}
    told = {} if value is None else {"value": value}
    assert where({"field": field, "operator": operator, **operand}) == {"field": HELD[field], "op": word, **told}


def test_all_any_and_not_are_asked_as_and_or_and_not() -> None:
    scored = {"field": "lead_score", "operator": "eq", "value": 1}
    score = {"field": "leadScore", "op": "eq", "value": 1}
    assert where({"all": [EMPTY, scored]}) == where(EMPTY, scored) == {"and": [NO_EMAIL, score]}
    assert where({"any": [EMPTY, scored]}) == {"or": [NO_EMAIL, score]}
    assert where({"not": EMPTY}) == {"not": NO_EMAIL}
    assert where({"any": [{"not": {"all": [EMPTY, scored]}}, EMPTY]}) == {
        "or": [{"not": {"and": [NO_EMAIL, score]}}, NO_EMAIL]
    }
    assert where() is None


def test_who_has_no_address_is_not_unlike_one() -> None:
    alike = where({"field": "email", "operator": "eq", "value": "ada@example.com"})
    there = {"field": "email", "op": "notNull"}
    assert "notNull" not in str(alike)
    assert where({"field": "email", "operator": "neq", "value": "ada@example.com"}) == {"and": [there, {"not": alike}]}
    either = where({"field": "email", "operator": "in", "values": ["ada@example.com", "bob@example.com"]})
    unlike = where({"field": "email", "operator": "not_in", "values": ["ada@example.com", "bob@example.com"]})
    assert unlike == {"and": [there, {"not": either}]}


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("2026-05-01T10:00:00Z", MOMENT),
        ("2026-05-01T12:00:00.000000000+02:00", MOMENT),
        ("2026-05-01T10:00:00.0004Z", "2026-05-01T10:00:00.000400Z"),
        ("2026-05-01T10:00:00.0000004Z", "2026-05-01T10:00:00.000001Z"),
        ("2026-05-01T10:00:00.000000004Z", "2026-05-01T10:00:00.000001Z"),
        ("2026-05-01T09:59:59.9999999Z", "2026-05-01T09:59:59.999999Z"),
    ],
)
def test_a_bound_between_two_milliseconds_is_moved_onto_neither(told: str, sent: str) -> None:
    """Services hold milliseconds: what is compared with anything between two of them is told apart from both."""
    assert where({"field": "created_at", "operator": "gte", "value": told})["value"] == sent


BAD: list[tuple[Any, str]] = [
    ("x", "/filters"),
    ({}, "/filters"),
    ([5], "/filters/0"),
    ([{}], "/filters/0/field"),
    ([{"field": "id"}], "/filters/0/operator"),
    ([{"field": ["id"], "operator": "eq", "value": 1}], "/filters/0/field"),
    ([{"field": "id", "operator": {}, "value": 1}], "/filters/0/operator"),
    ([{"field": "id", "operator": "eq"}], "/filters/0/value"),
    ([{"field": "id", "operator": "eq", "values": ["x"]}], "/filters/0/values"),
    ([{"field": "id", "operator": "in", "value": "x"}], "/filters/0/value"),
    ([{"field": "id", "operator": "eq", "value": "con_1"}], "/filters/0/value"),
    ([{"field": "id", "operator": "in", "values": ["usr_1"]}], "/filters/0/values/0"),
    ([{"field": "id", "operator": "in", "values": []}], "/filters/0/values"),
    ([{"field": "id", "operator": "in", "values": ["x"] * (MOST_VALUES + 1)}], "/filters/0/values"),
    ([{"field": "email", "operator": "eq", "value": None}], "/filters/0/value"),
    ([{"field": "email", "operator": "eq", "value": 5}], "/filters/0/value"),
    ([{"field": "email", "operator": "is_empty", "value": True}], "/filters/0/value"),
    ([{"field": "email", "operator": "is_not_empty", "values": ["a"]}], "/filters/0/values"),
    ([{"field": "email", "operator": "eq", "value": "a", "x": 1}], "/filters/0/x"),
    ([{"field": "created_at", "operator": "between", "values": [MOMENT]}], "/filters/0/values"),
    ([{"field": "created_at", "operator": "between", "values": [MOMENT] * 3}], "/filters/0/values"),
    ([{"field": "created_at", "operator": "gt", "value": "yesterday"}], "/filters/0/value"),
    ([{"field": "created_at", "operator": "gt", "value": "2026-01-01T00:00:00+05:60"}], "/filters/0/value"),
    ([{"field": "created_at", "operator": "gt", "value": "2026-01-01T00:00:00-24:00"}], "/filters/0/value"),
    ([{"field": "created_at", "operator": "gt", "value": "0001-01-01T00:00:00+23:00"}], "/filters/0/value"),
    ([{"field": "lead_score", "operator": "gt", "value": 1.5}], "/filters/0/value"),
    ([{"field": "lead_score", "operator": "gt", "value": True}], "/filters/0/value"),
    ([{"field": "custom", "operator": "eq", "value": {}}], "/filters/0/field"),
    ([{"all": []}], "/filters/0/all"),
    ([{"any": {}}], "/filters/0/any"),
    ([{"not": []}], "/filters/0/not"),
    ([{"all": [], "any": []}], "/filters/0"),
    ([{"not": {"any": [{"field": "id", "operator": "eq", "value": "x"}]}}], "/filters/0/not/any/0/value"),
    ([EMPTY] * (MOST_LEAVES + 1), "/filters"),
    ([{"any": [EMPTY] * (MOST_LEAVES + 1)}], "/filters"),
]


@pytest.mark.parametrize(("filters", "pointer"), BAD, ids=str)
def test_a_filter_that_cannot_be_is_refused_at_its_place(filters: Any, pointer: str) -> None:
    assert refused(filters)[0] == pointer


def test_there_are_so_many_conditions_and_no_more() -> None:
    assert len(where(*[EMPTY] * MOST_LEAVES)["and"]) == MOST_LEAVES
    assert refused([EMPTY] * (MOST_LEAVES + 1)) == ("/filters", "too_many")


def test_groups_nest_so_deep_and_no_deeper() -> None:
    node: dict[str, Any] = EMPTY
    for _ in range(MOST_DEPTH):
        node = {"not": node}
    assert where(node)
    assert refused([{"not": node}])[1] == "too_deep"
