"""Lists of records in a record: whole, bounded, and with the money of the record around them."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from adapters.core.answer.from_service import Outward
from adapters.core.declare.kinds import Amount, Line
from adapters.core.declare.resource import Record, required
from adapters.core.faults import Invalid, ServiceInvalid
from adapters.core.shapes import shape_of
from tests.adapters.declaring import LINE, ROW, accepted, bills, compiled, data, driven, written

OPERATIONS = compiled(bills())
CREATE, UPDATE, GET = (OPERATIONS[f"bills.{name}"] for name in ("create", "update", "get"))


class Item(Record):
    """An item."""

    title: Line = required("What it says.", "Cog")


class Basket(Record):
    """A basket, whose items have no bounds."""

    items: list[Item] = required("What is in it.", [{"title": "Cog"}])


class Coin(Record):
    """A coin, of no currency."""

    amount: Amount = required("Its worth.", "1.50")


def sent(*prices: str, **more: Any) -> dict[str, Any]:
    return {"lines": [{"title": "Cog", "unit_price": price} for price in prices], **more}


def refused(operation: Any, document: Any, *public: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        accepted(operation, document, *public)
    return [(error.pointer, error.code) for error in invalid.value.errors]


def test_an_amount_in_a_list_is_written_by_the_currency_of_the_record_around_it() -> None:
    for currency, price, amount in (("EUR", "1.50", "3.00"), ("JPY", "2", "3"), ("BHD", "1.500", "3.000")):
        row = {**ROW, "currency": currency, "items": [{**LINE, "rate": float(price)}]}
        (line,) = data(driven(GET, accepted(GET, None, "bill_Zz9"), row)[0])["lines"]
        assert (line["unit_price"], line["amount"]) == (price, amount)


@pytest.mark.parametrize("rate", ["x", [], {}, "1e999999999", "NaN"])
def test_an_amount_in_a_list_that_is_none_is_the_service_s_fault(rate: Any) -> None:
    row = {**ROW, "items": [{**LINE, "rate": rate}]}
    with pytest.raises(ServiceInvalid):
        driven(GET, accepted(GET, None, "bill_Zz9"), row)


def test_the_digits_of_every_amount_in_a_list_are_checked() -> None:
    document = sent("1.255", "1", "2.001", currency="EUR")
    assert refused(CREATE, document) == [
        ("/lines/0/unit_price", "amount_precision"),
        ("/lines/2/unit_price", "amount_precision"),
    ]
    assert refused(CREATE, sent("1.5", currency="JPY")) == [("/lines/0/unit_price", "amount_precision")]
    assert refused(CREATE, sent("1.255")) == [("/lines/0/unit_price", "amount_precision")]
    made = accepted(CREATE, sent("1.255", currency="BHD"))
    assert orjson.loads(written(driven(CREATE, made, ROW)[1][0]))["items"] == [{"title": "Cog", "rate": 1.255}]


def test_a_patch_of_one_side_is_held_against_the_record_as_it_is() -> None:
    for document, now, pointer in (
        (sent("1.255"), ROW, "/lines/0/unit_price"),
        ({"currency": "JPY"}, ROW, "/currency"),
    ):
        with pytest.raises(Invalid) as invalid:
            driven(UPDATE, accepted(UPDATE, document, "bill_Zz9"), now)
        assert [(each.pointer, each.code) for each in invalid.value.errors] == [(pointer, "amount_precision")]
    whole = copy.deepcopy(ROW) | {"items": [{**LINE, "rate": 2}]}
    assert len(driven(UPDATE, accepted(UPDATE, {"currency": "JPY"}, "bill_Zz9"), whole, whole)[1]) == 2


@pytest.mark.parametrize(
    "items", [5, "x", [5], [[]], {"rate": 1}, [{"rate": True}], [{"rate": []}], [{"rate": "1e9999999"}]]
)
def test_a_patch_that_needs_the_record_survives_strange_items(items: Any) -> None:
    with pytest.raises(ServiceInvalid):
        driven(UPDATE, accepted(UPDATE, {"currency": "JPY"}, "bill_Zz9"), {**ROW, "items": items})


def test_the_items_of_a_patch_are_whole_because_the_list_is_replaced_whole() -> None:
    assert refused(UPDATE, {"lines": [{"title": "Cog"}]}, "bill_Zz9") == [("/lines/0/unit_price", "required")]


@pytest.mark.parametrize(("count", "code"), [(0, "too_short"), (1, None), (3, None), (4, "too_long")])
def test_a_list_of_records_is_held_to_its_bounds(count: int, code: str | None) -> None:
    document = sent(*["1"] * count)
    if code is None:
        assert len(accepted(CREATE, document).body["items"]) == count
    else:
        assert refused(CREATE, document) == [("/lines", code)]


def test_a_list_of_records_that_clients_write_cannot_be_without_bounds() -> None:
    with pytest.raises(TypeError, match=r"Basket\.items: a list of records needs bounds"):
        shape_of(Basket, {})
    assert shape_of(Basket, {}, unwritten=True).fields[0].many


def test_an_amount_without_a_currency_beside_it_or_around_it_is_refused_at_start() -> None:
    with pytest.raises(TypeError, match="no field 'currency', neither beside nor around"):
        Outward(shape_of(Coin, {}))


def test_a_refusal_of_the_service_points_into_the_list() -> None:
    body = {"error": {"code": "invalid", "fields": {"items.1.rate": ["is too high"], "items.0": ["is odd"]}}}
    with pytest.raises(Invalid) as invalid:
        driven(CREATE, accepted(CREATE, sent("1", "2")), (422, body))
    assert {each.pointer for each in invalid.value.errors} == {"/lines/1/unit_price", "/lines/0"}


def test_a_word_that_a_service_made_up_is_not_passed_on() -> None:
    with pytest.raises(ServiceInvalid):
        driven(GET, accepted(GET, None, "bill_Zz9"), {**ROW, "status": "weird"})
