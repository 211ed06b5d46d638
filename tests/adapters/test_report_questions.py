"""What a request asks of a report: which calls it makes, and what is refused before any."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from adapters.core.declare.kinds.month import Month
from adapters.core.declare.parameter import Parameter
from adapters.core.faults import BadParameter, Invalid
from adapters.reports import spans
from adapters.reports.spans import Span
from tests.adapters.reporting import NAMED, face, paths, request

QUARTER = {"from": "2026-04-01", "to": "2026-06-30"}


def test_a_span_is_one_call_with_its_basis() -> None:
    assert paths("profit_and_loss", **QUARTER, basis="cash") == ["from=2026-04-01&to=2026-06-30&basis=cash"]
    assert paths("cash_flow", **QUARTER) == ["from=2026-04-01&to=2026-06-30"]
    assert paths("balance_sheet", as_of="2026-06-30") == ["asOf=2026-06-30&basis=accrual"]


def test_an_interval_is_a_call_for_each_part_and_one_for_the_whole() -> None:
    assert paths("cash_flow", **{"from": "2026-01-31", "to": "2026-03-02"}, interval="month") == [
        "from=2026-01-31&to=2026-01-31",
        "from=2026-02-01&to=2026-02-28",
        "from=2026-03-01&to=2026-03-02",
        "from=2026-01-31&to=2026-03-02",
    ]


@pytest.mark.parametrize(
    ("compare", "span", "before"),
    [
        ("previous_period", ("2026-04-01", "2026-06-30"), ("2026-01-01", "2026-03-31")),
        ("previous_period", ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        ("previous_period", ("2026-03-10", "2026-03-19"), ("2026-02-28", "2026-03-09")),
        ("previous_year", ("2024-02-10", "2024-02-29"), ("2023-02-10", "2023-02-28")),
        ("previous_year", ("2025-02-01", "2025-02-28"), ("2024-02-01", "2024-02-29")),
        ("previous_year", ("2025-02-10", "2025-02-28"), ("2024-02-10", "2024-02-28")),
    ],
)
def test_what_a_span_is_compared_with(compare: str, span: tuple[str, str], before: tuple[str, str]) -> None:
    first, last = span
    asks = paths("cash_flow", **{"from": first, "to": last}, compare=compare)
    assert asks == [f"from={first}&to={last}", f"from={before[0]}&to={before[1]}"]


@pytest.mark.parametrize(
    ("compare", "day", "before"),
    [
        ("previous_month", "2026-03-31", "2026-02-28"),
        ("previous_month", "2026-02-28", "2026-01-31"),
        ("previous_quarter", "2026-05-30", "2026-02-28"),
        ("previous_year", "2024-02-29", "2023-02-28"),
    ],
)
def test_what_a_day_is_compared_with(compare: str, day: str, before: str) -> None:
    asks = paths("balance_sheet", as_of=day, compare=compare)
    assert asks == [f"asOf={day}&basis=accrual", f"asOf={before}&basis=accrual"]


@pytest.mark.parametrize("interval", spans.MONTHS)
@pytest.mark.parametrize("last", [date(2026, 2, 1), date(2026, 12, 31), date(2028, 2, 29), date.max])
def test_the_parts_of_a_span_follow_one_another_and_are_the_span(interval: str, last: date) -> None:
    span = Span(date(last.year - 1, 11, 17), last)
    found = spans.parts(span, interval)
    assert (found[0].first, found[-1].last) == (span.first, span.last)
    assert sum(part.days for part in found) == span.days
    assert all(before.last < after.first for before, after in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("profit_and_loss", {"from": "2026-04-01"}, "parameter_invalid"),
        ("profit_and_loss", {**QUARTER, "to": "2026-03-31"}, "parameter_invalid"),
        ("profit_and_loss", {"from": "2026-02-30", "to": "2026-03-01"}, "parameter_invalid"),
        ("profit_and_loss", {"from": "2023-06-30", "to": "2026-06-30"}, "parameter_invalid"),
        ("profit_and_loss", {**QUARTER, "interval": "week"}, "parameter_invalid"),
        ("profit_and_loss", {**QUARTER, "basis": ""}, "parameter_invalid"),
        ("profit_and_loss", {**QUARTER, "interval": "month", "compare": "previous_year"}, "parameter_conflict"),
        ("cash_flow", {"from": "0001-01-01", "to": "0001-01-31", "compare": "previous_period"}, "parameter_invalid"),
        ("balance_sheet", {"as_of": "0001-01-31", "compare": "previous_year"}, "parameter_invalid"),
        ("sales_forecast", {"from": "2026-13"}, "parameter_invalid"),
        ("sales_forecast", {"from": "2026-06", "to": "2026-05"}, "parameter_invalid"),
        ("sales_forecast", {"from": "2026-01", "to": "2028-01"}, "parameter_invalid"),
        ("sales_forecast", {"currency": "EURO"}, "parameter_invalid"),
        ("sales_forecast", {"from": "9999-12"}, "parameter_invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_call(name: str, query: dict[str, str], code: str) -> None:
    with pytest.raises(BadParameter) as refused:
        face(NAMED[name]).accept(request(query))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "query", "told"),
    [
        ("profit_and_loss", {**QUARTER, "interval": "day"}, "'interval' is one of none, month, quarter, year."),
        ("profit_and_loss", {**QUARTER, "from": "2026-02-30"}, "'from' cannot be that. Not a date such as 2026-06-17."),
        ("sales_forecast", {"from": "2026-13"}, "'from' cannot be that. Not a month such as 2026-06."),
        (
            "sales_forecast",
            {"currency": "inr"},
            "'currency' cannot be that. Not an ISO 4217 currency code such as EUR.",
        ),
    ],
)
def test_what_can_be_asked_instead_is_told(name: str, query: dict[str, str], told: str) -> None:
    with pytest.raises(BadParameter) as refused:
        face(NAMED[name]).accept(request(query))
    assert str(refused.value) == f"The query parameter {told}"


def test_intervals_that_say_nothing_exclude_nothing() -> None:
    assert len(paths("cash_flow", **QUARTER, interval="none", compare="previous_year")) == 2


def test_twelve_periods_are_the_most() -> None:
    year = {"from": "2026-01-01", "to": "2026-12-31"}
    assert len(paths("cash_flow", **year, interval="month")) == 13
    with pytest.raises(Invalid) as refused:
        paths("cash_flow", **{**year, "to": "2027-01-01"}, interval="month")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/interval", "report_too_large")]


@pytest.mark.parametrize(
    ("query", "call"),
    [
        ({}, "from=2026-07&to=2027-06"),
        ({"from": "2025-11"}, "from=2025-11&to=2026-10"),
        ({"to": "2026-07"}, "from=2026-07&to=2026-07"),
        ({"to": "2026-06"}, "from=2025-07&to=2026-06"),
    ],
)
def test_a_forecast_is_of_twelve_months_when_nobody_says_otherwise(query: dict[str, str], call: str) -> None:
    assert paths("sales_forecast", **query) == [call]


def test_a_parameter_that_must_be_sent_has_no_default() -> None:
    with pytest.raises(TypeError):
        Parameter(name="month", kind=Month(), description="x", example="2026-06", required=True, default="2026-06")
