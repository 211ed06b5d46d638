"""Every (field, operator) pair either reaches the service whole or is refused with what is allowed."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from adapters import RESOURCES
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import Op, Resource
from adapters.core.faults import Invalid
from adapters.core.request.filters import MOST_LEAVES
from adapters.core.shapes import Field
from gateway.conformance.filtering import OPERATORS, PLURAL, condition, one_call_or_none
from gateway.versions import CONTRACTS
from tests.attacks.driving import asked, face
from tests.conformance.declared import Declared, least, name, shape
from tests.live import Live

SEARCHABLE = [resource for resource in RESOURCES if Op.SEARCH in resource.operations]


@pytest.mark.parametrize("contract", CONTRACTS, ids=name)
@pytest.mark.parametrize("resource", SEARCHABLE, ids=name)
def test_each_pair_reaches_the_service_or_is_refused_with_what_is_allowed(
    resource: Resource, contract: Contract
) -> None:
    search = face(f"{resource.path}.search", contract.date)
    reached = 0
    for field in shape(resource, contract.date).fields:
        # What every search names is asked once in each.
        for operator in OPERATORS if field.today != resource.within else ():
            try:
                body = least(resource, filters=[condition(field, operator)], limit=1)
                call = next(search.plan(search.accept(asked(body))))
            except Invalid as refused:
                _tells_what_is_allowed(operator, refused.errors[0].pointer, refused.errors[0].allowed)
                continue
            reached += 1
            # A list that comes whole is searched here.
            lists = resource.upstream.lists
            names = (field.held, *(lists.ranges.get(field.today, ()) if lists else ()))
            sent = (call.body if isinstance(call.body, bytes) else b"") + call.path
            told = any(each.encode() in sent for each in names)
            assert told or resource.upstream.search.style == "whole", f"{field.name} {operator}"
    assert reached


def _signatures() -> Iterator[tuple[Contract, Resource, Field]]:
    """Of fields that are alike in all that a filter is made by, the first: over HTTP they answer alike."""
    seen: set[tuple[object, ...]] = set()
    for contract, resource in itertools.product(CONTRACTS, SEARCHABLE):
        for field in shape(resource, contract.date).fields:
            dated = field.name != field.today or bool(field.down)
            if field.today == resource.within:
                continue
            signature = resource.upstream.search.style, type(field.kind), field.many, field.nullable, dated
            if signature not in seen:
                seen.add(signature)
                yield contract, resource, field


@pytest.mark.parametrize(
    ("contract", "resource", "field"),
    list(_signatures()),
    ids=lambda value: value.name if isinstance(value, Field) else name(value),
)
def test_over_http_each_pair_is_one_call_or_none(
    live: Live, contract: Contract, resource: Resource, field: Field
) -> None:
    subject = Declared(resource)
    for operator in OPERATORS:
        one_call_or_none(live, subject, contract.date, field, operator)


def _tells_what_is_allowed(operator: str, pointer: str, allowed: Sequence[str] | None) -> None:
    assert pointer in ("/filters/0/field", "/filters/0/operator")
    assert allowed
    if pointer.endswith("operator"):
        assert operator not in allowed
        assert set(allowed) <= set(OPERATORS)


@pytest.mark.parametrize(
    ("operator", "first", "found"),
    [
        ("gt", "2031-05-01T22:00:00.0004Z", False),
        ("gte", "2031-05-01T22:00:00.0004Z", False),
        ("gte", "2031-05-01T22:00:00.000000000Z", True),
        ("lt", "2031-05-02T00:00:00.0004+02:00", True),
        ("lte", "2031-05-01T22:00:00.000001Z", True),
        ("lt", "2031-05-01T22:00:00Z", False),
        ("gt", "2031-05-01T22:00:00Z", False),
        ("lte", "2031-05-01T22:00:00Z", True),
        ("gte", "2031-05-01T22:00:00.0000004Z", False),
        ("lt", "2031-05-01T22:00:00.000000004Z", True),
        ("lte", "2031-05-01T21:59:59.9999999Z", False),
        ("gt", "2031-05-01T21:59:59.999999999Z", True),
        ("eq", "2031-05-01T22:00:00.0004Z", False),
        ("neq", "2031-05-01T22:00:00.0004Z", True),
        ("in", "2031-05-01T22:00:00.0004Z", False),
        ("between", "2031-05-01T22:00:00.0004Z", False),
    ],
)
def test_a_moment_between_two_milliseconds_is_compared_as_it_is(
    live: Live, operator: str, first: str, found: bool
) -> None:
    sent = {"type": "note", "occurred_at": "2031-05-01T22:00:00.0009Z"}
    made = live.call("POST", "/v1/activities", sent).json()["data"]
    assert made["occurred_at"] == "2031-05-01T22:00:00Z"
    values = {"values": [first, "2032-01-01T00:00:00Z"]} if operator in PLURAL else {"value": first}
    filters = [
        {"field": "occurred_at", "operator": operator, **values},
        {"field": "id", "operator": "eq", "value": made["id"]},
    ]
    rows = live.call("POST", "/v1/activities/search", {"filters": filters}).json()["data"]
    assert [row["id"] for row in rows] == [made["id"]] * found


def test_addresses_are_compared_without_case(live: Live) -> None:
    mark = uuid.uuid4().hex
    made = {
        text: live.call("POST", "/v1/contacts", {"first_name": mark, "email": text}).json()["data"]["id"]
        for text in (f"Ann.{mark}@Example.com", f"jo-ann.{mark}@example.com", f"ann.{mark}@example.com.au")
    }
    nobody = live.call("POST", "/v1/contacts", {"first_name": mark}).json()["data"]["id"]
    ann, others = next(iter(made.values())), set(list(made.values())[1:])
    asked = f"aNN.{mark}@eXample.COM"
    for operator, operand, found in (
        ("eq", {"value": asked}, {ann}),
        ("in", {"values": [asked, *(f"x{i}@example.com" for i in range(99))]}, {ann}),
        ("neq", {"value": asked}, others),
        ("not_in", {"values": [asked, *(f"x{i}@example.com" for i in range(99))]}, others),
    ):
        filters = [
            {"field": "email", "operator": operator, **operand},
            {"field": "first_name", "operator": "eq", "value": mark},
        ]
        rows = live.call("POST", "/v1/contacts/search", {"filters": filters}).json()["data"]
        assert {row["id"] for row in rows} == found, operator
        assert nobody not in found


def test_a_filter_that_cannot_be_is_refused_at_its_place(live: Live) -> None:
    """Which there are is tried in tests/adapters/test_filters.py."""
    before = live.counted()
    node: dict[str, Any] = {"field": "email", "operator": "is_empty"}
    for filters, pointer in (
        ([{"field": "id", "operator": "eq"}], "/filters/0/value"),
        ([node] * (MOST_LEAVES + 1), "/filters"),
    ):
        refused = live.call("POST", "/v1/contacts/search", {"filters": filters})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert live.counted() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({"limit": 0}, "/limit"),
        ({"limit": 101}, "/limit"),
        ({"limit": "5"}, "/limit"),
        ({"sort_direction": "down"}, "/sort_direction"),
        ({"order_by": "email"}, "/order_by"),
        ({"search_text": "x" * 257}, "/search_text"),
        ({"search_text": "a\0b"}, "/search_text"),
        ({"cursor": 5}, "/cursor"),
        ({"filter": []}, "/filter"),
        ({"offset": 5}, "/offset"),
    ],
    ids=str,
)
def test_a_search_that_cannot_be_is_refused_at_its_place(live: Live, body: Any, pointer: str) -> None:
    refused = live.call("POST", "/v1/contacts/search", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), refused.text
