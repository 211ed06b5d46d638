"""Lists of records that a PATCH replaces, ranges of a list, and rules that say by how much they are broken."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import pytest

from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds import Currency, Date, Line, Moment, Money, Number, Reference
from adapters.core.declare.resource import (
    Between,
    Fixed,
    Kept,
    ListQuery,
    ReadOnly,
    Record,
    Resource,
    RowId,
    Rule,
    Upstream,
    optional,
    renamed,
    required,
)
from adapters.core.faults import Invalid
from openapi.schemas import Schemas
from tests.adapters.declaring import accepted, compiled, driven, face, written

ORDER = IdType("ord_", "[0-9]{1,9}", "order")
ROW = IdType("row_", "[0-9]{1,9}", "row", cut="r-")


class OrderRow(Record):
    """One row of an order."""

    id: RowId[Annotated[str, Reference(ROW)] | None] = optional("The row's id.", "row_7")
    title: Line = required("What it says.", "Cog")
    quantity: Annotated[str, Number(9, 4, "positive")] = optional("How many.", "2", "1")
    amount: ReadOnly[Annotated[str, Money()]] = required("For all.", "3.00")


class Order(Record):
    """What somebody wants."""

    id: ReadOnly[Annotated[str, Reference(ORDER)]] = required("Its id.", "ord_1")
    number: Kept[Line] = optional("Its number.", "O-1")
    day: Date = required("Of the order.", "2026-06-01")
    currency: Fixed[Currency] = required("Of all amounts.", "EUR")
    deposit: Annotated[str, Money()] | None = optional("Paid before.", "1.00")
    rows: Annotated[list[OrderRow], Between(1, 4)] = required("What is wanted.", [{"title": "Cog"}])
    created_at: ReadOnly[Moment] = required("When it was made.", "2026-06-01T09:00:00Z")


def orders(**more: Any) -> Resource:
    return Resource(
        **{
            "model": Order,
            "id": ORDER,
            "path": "orders",
            "singular": "order",
            "scope": "order",
            "upstream": Upstream("finance", "/api/orders", ListQuery(("number",), ranges={"day": ("from", "to")})),
            "rename": renamed("rows=items rows.quantity=qty day=orderedOn"),
            **more,
        }
    )


OPERATIONS = compiled(orders())
CREATE, UPDATE, SEARCH = (OPERATIONS[f"orders.{name}"] for name in ("create", "update", "search"))
BODY = {"day": "2026-06-01", "currency": "EUR", "rows": [{"title": "Cog"}]}


def told(operation: Any, document: Any, *public: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        accepted(operation, document, *public)
    return [(each.pointer, each.code) for each in refused.value.errors]


def test_a_row_that_is_sent_with_its_id_keeps_it_and_the_order_is_that_of_the_request() -> None:
    rows = [{"title": "New"}, {"id": "row_7", "title": "Old", "quantity": "2.50"}]
    request = accepted(UPDATE, {"rows": rows}, "ord_1")
    assert request.revisions == ()
    assert request.body == {"items": [{"title": "New"}, {"id": "r-7", "title": "Old", "qty": pytest.approx(2.5)}]}


@pytest.mark.parametrize("row", [{"id": "row_7", "title": "Cog"}, {"amount": "3.00", "title": "Cog"}])
def test_what_the_service_says_of_a_row_is_not_sent_with_a_create(row: dict[str, str]) -> None:
    assert told(CREATE, {**BODY, "rows": [row]}) == [(f"/rows/0/{next(iter(row))}", "field_read_only")]


def test_in_a_patch_a_row_is_whole_and_may_say_which_one_it_is_but_not_what_is_worked_out() -> None:
    rows = [{"id": "row_7"}, {"title": "Cog", "amount": "3.00"}, {"id": "line_7", "title": "Cog"}]
    assert sorted(told(UPDATE, {"rows": rows}, "ord_1")) == [
        ("/rows/0/title", "required"),
        ("/rows/1/amount", "field_read_only"),
        ("/rows/2/id", "id_invalid"),
    ]
    assert told(UPDATE, {"rows": []}, "ord_1") == [("/rows", "too_short")]
    assert told(UPDATE, {"rows": [{"title": "Cog"}] * 5}, "ord_1") == [("/rows", "too_long")]


def test_the_document_tells_the_two_kinds_of_row_apart() -> None:
    schemas = Schemas()
    for operation in (CREATE, UPDATE):
        sends = face(operation).sends
        assert sends is not None
        sends.content(_about(schemas))
    assert "id" not in schemas.named["OrderRowCreate"]["properties"]
    assert "id" in schemas.named["OrderRowReplacement"]["properties"]
    assert schemas.named["OrderRowReplacement"]["required"] == ["title"]


def _about(schemas: Schemas) -> Any:
    from openapi.contents import Contents

    return Contents(schemas)


@pytest.mark.parametrize(
    ("code", "place", "expected"),
    [
        ("line_unknown", "items.3.id", ("/rows/3/id", "line_unknown")),
        ("validation_failed", "items.0.qty", ("/rows/0/quantity", "refused")),
        ("precision", "deposit", ("/deposit", "amount_precision")),
        ("duplicate", "number", ("/number", "already_taken")),
    ],
)
def test_a_refusal_of_a_row_names_its_place(code: str, place: str, expected: tuple[str, str]) -> None:
    request = accepted(UPDATE, {"rows": [{"title": "Cog"}]}, "ord_1")
    with pytest.raises(Invalid) as refused:
        driven(UPDATE, request, (400, {"error": {"code": code, "fields": {place: ["no"]}}}))
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == expected


def test_a_currency_that_no_patch_can_name_is_not_looked_up_and_the_service_checks() -> None:
    request = accepted(UPDATE, {"deposit": "1.005"}, "ord_1")
    assert request.revisions == ()
    assert told(CREATE, {**BODY, "deposit": "1.005"}) == [("/deposit", "amount_precision")]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"operator": "gte", "value": "2026-06-01"}, b"from=2026-06-01"),
        ({"operator": "lte", "value": "2026-06-30"}, b"to=2026-06-30"),
        ({"operator": "between", "values": ["2026-06-01", "2026-06-30"]}, b"from=2026-06-01&to=2026-06-30"),
    ],
)
def test_a_range_of_a_list_is_its_first_and_its_last_value(condition: dict[str, Any], expected: bytes) -> None:
    filters = [{"field": "day", **condition}, {"field": "number", "operator": "eq", "value": "O-1"}]
    request = accepted(SEARCH, {"filters": filters})
    _, (call,) = driven(SEARCH, request, {"data": [], "pagination": {"total": 0}})
    assert call.path == b"/api/orders?" + expected + b"&number=O-1&sort=createdAt&order=desc&page=1&limit=25"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"field": "day", "operator": "eq", "value": "2026-06-01"}, "operator_not_allowed"),
        ({"field": "day", "operator": "gt", "value": "2026-06-01"}, "operator_not_allowed"),
        ({"field": "day", "operator": "between", "values": ["2026-06-01"]}, "type_invalid"),
        ({"field": "number", "operator": "gte", "value": "O-1"}, "operator_not_allowed"),
        ({"field": "created_at", "operator": "gte", "value": "2026-06-01T00:00:00Z"}, "field_not_filterable"),
    ],
)
def test_what_a_list_cannot_answer_is_refused(condition: dict[str, Any], expected: str) -> None:
    ((_, code),) = told(SEARCH, {"filters": [condition]})
    assert code == expected


def test_a_rule_may_say_by_how_much_it_is_broken() -> None:
    rule = Rule("too_few", "rows", ("rows",), lambda rows: len(rows) > 1, lambda rows: f"There are {len(rows)}.")
    with pytest.raises(Invalid) as refused:
        accepted(compiled(orders(rules=(rule,)))["orders.create"], BODY)
    assert [(each.code, each.message) for each in refused.value.errors] == [("too_few", "There are 1.")]


def test_a_list_that_comes_whole_names_no_ranges() -> None:
    with pytest.raises(TypeError):
        ListQuery(style="whole", ranges={"day": ("from", "to")})
    with pytest.raises(TypeError, match="filters"):
        orders(upstream=Upstream("finance", "/api/orders", ListQuery(ranges={"night": ("from", "to")})))


def test_what_is_left_out_of_a_row_is_what_the_service_makes_of_it() -> None:
    answer = {"id": "1", "number": "O-1", "orderedOn": "2026-06-01", "currency": "EUR", "deposit": None}
    row = {"id": "r-7", "title": "Cog", "qty": 1, "amount": 3}
    made = {**answer, "items": [row], "createdAt": "2026-06-01T09:00:00Z"}
    shown, (call,) = driven(CREATE, accepted(CREATE, BODY), (201, {"data": made}))
    assert orjson.loads(written(call))["items"] == [{"title": "Cog"}]
    (line,) = orjson.loads(shown.body)["data"]["rows"]
    assert line == {"id": "row_7", "title": "Cog", "quantity": "1", "amount": "3.00"}
