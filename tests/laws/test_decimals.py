"""Decimals and amounts in the forms that services write them in: nothing is lost, and what is no value is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError
from pydantic_core import SchemaValidator

from adapters.core.answer.from_service import Outward
from adapters.core.declare.currencies import minor_digits
from adapters.core.declare.ids import DIGITS, IdType
from adapters.core.declare.kinds import Currency, Money, Number, Percent, Reference
from adapters.core.declare.kinds.base import Kind
from adapters.core.declare.record import ReadOnly, Record, member, required
from adapters.core.faults import ServiceInvalid
from adapters.core.shapes import shape_of
from adapters.core.strict_json import encode

QUANTITY, SIGNED, RATE = Number(9, 4, "positive"), Number(12, 4, "signed"), Number(12, 6)
PERCENT = member(Percent).kind
KINDS = (QUANTITY, SIGNED, RATE, PERCENT, Money(least="zero"), Money(least="positive"), Money(form="string"))
MEASURE = IdType("meas_", DIGITS, "measure", number=True)


def taken(kind: Kind, value: object) -> bool:
    try:
        SchemaValidator(kind.core()).validate_python(value)
    except ValidationError:
        return False
    return True


def decimals(digits: int, places: int) -> st.SearchStrategy[Decimal]:
    most = 10**digits - 1
    return st.decimals(-most, most, places=places, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_the_document_allows_at_every_edge_what_is_accepted(kind: Kind) -> None:
    allows = Draft202012Validator(kind.strict()).is_valid
    assert [edge for edge in kind.edges() if allows(edge) != taken(kind, edge)] == []


@given(decimals(9, 4))
def test_a_number_is_read_back_as_the_same_number_in_its_shortest_form(number: Decimal) -> None:
    written = f"{number:f}"
    assert taken(SIGNED, written)
    told = SIGNED.told(msgspec.json.decode(encode(SIGNED.inward(written)), type=Decimal))
    assert Decimal(told) == number
    assert told == told.strip()
    assert "E" not in told.upper()
    assert told in ("0", told.lstrip("0")) or told.lstrip("-").startswith("0.")
    assert not told.endswith((".", "-0")) and not ("." in told and told.endswith("0"))


@given(st.sampled_from(["INR", "JPY", "KWD"]), st.integers(-(10**11), 10**11), st.sampled_from(["number", "string"]))
def test_an_amount_is_the_same_in_each_form_of_the_services(currency: str, units: int, form: Any) -> None:
    digits = minor_digits(currency)
    amount = f"{Decimal(units).scaleb(-digits):f}"
    kind = Money(form=form)
    told = kind.told(orjson.loads(encode(kind.inward(amount))) if form == "string" else kind.inward(amount), currency)
    assert told == amount == Money(form="minor").told(units, currency)


@pytest.mark.parametrize(
    ("number", "currency", "told"),
    [
        ("-5", "EUR", "-5.00"),
        ("-5.5", "EUR", "-5.50"),
        ("1E+2", "EUR", "100.00"),
        ("10.1000", "EUR", "10.10"),
        ("-7.0", "JPY", "-7"),
        ("-1.5", "KWD", "-1.500"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency_whatever_the_services(number: str, currency: str, told: str) -> None:
    assert Money().told(Decimal(number), currency) == told


@pytest.mark.parametrize("form", ["number", "string"])
def test_nothing_has_no_sign_in_any_form(form: Any) -> None:
    for amount in ("-0", "-0.00"):
        assert encode(Money(form=form).inward(amount)) == encode(Money(form=form).inward(amount.removeprefix("-")))


def test_each_form_is_read_and_written_as_the_service_has_it() -> None:
    assert encode(Money().inward("10.50")) == b"10.50"
    assert encode(Money(form="string").inward("10.50")) == b'"10.50"'
    assert encode(QUANTITY.inward("2.5")) == b"2.5"


class Measure(Record):
    """Something measured and paid."""

    id: Annotated[str, Reference(MEASURE)] = required("Its id.", "meas_1")
    size: Annotated[str, Number(9, 4)] = required("How big.", "2.5")
    price: Annotated[str, Money(form="string")] = required("What it costs.", "1.50")
    paid: ReadOnly[Annotated[str, Money(form="minor")]] = required("What was paid.", "1.50")
    currency: Currency = required("Of both.", "EUR")


OUTWARD = Outward(shape_of(Measure, {}))
ROW = {"id": 1, "size": 2.50, "price": "12.5", "paid": 1250, "currency": "EUR"}


def shown(**more: Any) -> Any:
    return orjson.loads(OUTWARD.one(OUTWARD.read(orjson.dumps({**ROW, **more}))))["data"]


def test_what_only_a_service_can_count_is_in_no_request_and_no_filter() -> None:
    class Wage(Record):
        """Something paid."""

        paid: Annotated[str, Money(form="minor")] = required("What was paid.", "1.50")

    with pytest.raises(TypeError, match=r"Wage.paid: .* ReadOnly"):
        shape_of(Wage, {})
    assert shape_of(Measure, {}).named()["paid"].operators == {}


def test_a_record_tells_them_all_in_one_way() -> None:
    expected = {"id": "meas_1", "size": "2.5", "price": "12.50", "paid": "12.50", "currency": "EUR"}
    assert shown() == expected
    assert shown(paid=1, currency="JPY", price="3")["paid"] == "1"
    assert shown(size=10)["size"] == "10"
    assert shown(size=-0.0)["size"] == "0"


@pytest.mark.parametrize(
    "more", [{"size": "big"}, {"size": 1e40}, {"paid": 12.5}, {"paid": 1, "currency": "XYZ"}, {"price": "NaN"}]
)
def test_what_is_no_such_number_is_not_passed_on(more: dict[str, Any]) -> None:
    with pytest.raises(ServiceInvalid):
        shown(**more)


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (QUANTITY, "0", "not_positive"),
        (QUANTITY, "-1", "not_positive"),
        (QUANTITY, "1.00001", "format_invalid"),
        (QUANTITY, "1234567890", "format_invalid"),
        (RATE, "-0.5", "out_of_range"),
        (PERCENT, "100.0001", "out_of_range"),
        (Money(least="positive"), "0.00", "not_positive"),
        (Money(least="positive"), "-5", "not_positive"),
    ],
)
def test_what_is_refused_says_why(kind: Kind, value: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SchemaValidator(kind.core()).validate_python(value)
    assert refused.value.errors()[0]["type"] == code


def test_a_bound_that_no_pattern_can_say_is_refused_at_import() -> None:
    with pytest.raises(TypeError):
        Number(3, 4, most=150)
