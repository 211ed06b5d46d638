"""The sales forecast: open, weighted and won amounts by month and stage, never added up across currencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from adapters.core.declare.ids import IdType
from adapters.core.faults import BadParameter
from adapters.core.request.parameters import Given
from adapters.core.words.report import Layout, Question, too_large
from adapters.ids import PIPELINE, STAGE
from adapters.reports.amounts import cell, told
from adapters.reports.models import Cell, Generated
from adapters.reports.spans import later, months_of

MOST_MONTHS, MOST_ROWS, USUAL_MONTHS = 24, 5000, 12
Count = Annotated[int, Meta(description="How many deals.", ge=0)]
Currency = Annotated[str, Meta(description="The currency of the deals, ISO 4217.", examples=["EUR"])]
Month = Annotated[str, Meta(description="A month, `YYYY-MM`.", examples=["2026-12"])]


class ForecastTotal(msgspec.Struct):
    """Deals of one currency, added up."""

    currency: Currency
    deal_count: Count
    open_amount: Cell
    weighted_amount: Cell
    won_amount: Cell


class ForecastRow(msgspec.Struct):
    """Deals of one stage and currency. Weighted is what is open times the chance that the stage gives it."""

    pipeline_id: Annotated[str | None, Meta(description="The pipeline, or null for deals that are in none.")]
    stage_id: Annotated[str | None, Meta(description="The stage, or null for deals that are in none.")]
    currency: Currency
    deal_count: Count
    open_amount: Cell
    weighted_amount: Cell
    won_amount: Cell


class ForecastPeriod(msgspec.Struct):
    """Deals that should close in one month."""

    month: Annotated[str | None, Meta(description="`YYYY-MM`; null, and last, for deals without an expected date.")]
    rows: Annotated[list[ForecastRow], Meta(description="By pipeline, stage and currency.")]
    totals: Annotated[list[ForecastTotal], Meta(description="One a currency.")]


class Forecast(msgspec.Struct):
    """The sales forecast."""

    report: Annotated[str, Meta(description="Its name.", examples=["sales_forecast"])]
    first: Month = msgspec.field(name="from")
    last: Month = msgspec.field(name="to")
    generated_at: Generated
    periods: Annotated[list[ForecastPeriod], Meta(description="Every month of the span, and then what has no month.")]
    totals: Annotated[list[ForecastTotal], Meta(description="One a currency.")]


class Asked(Question):
    """What a request asks of the forecast."""

    first: str
    last: str
    currency: str | None


class _Held(msgspec.Struct, rename="camel"):
    month: str | None
    pipeline_id: str | int | None
    stage_id: str | int | None
    currency: str
    deals: Annotated[int, Meta(ge=0)]
    open: Decimal
    weighted: Decimal
    won: Decimal


class _Reply(msgspec.Struct):
    data: list[_Held]


_read = msgspec.json.Decoder(_Reply).decode
Sums = tuple[int, Decimal, Decimal, Decimal]


class ForecastLayout(Layout):
    """One call for all months."""

    model: ClassVar[type[msgspec.Struct]] = Forecast

    def question(self, given: Given, now: datetime) -> Asked:
        first, last = given["from"], given["to"]
        first = first or (later(last, 1 - USUAL_MONTHS) if last and last < f"{now:%Y-%m}" else f"{now:%Y-%m}")
        last = last or later(first, USUAL_MONTHS - 1)
        if last < first:
            raise BadParameter("parameter_invalid", "The query parameter 'to' lies before 'from'.")
        if len(months_of(first, last)) > MOST_MONTHS:
            raise BadParameter("parameter_invalid", f"From 'from' to 'to' there are at most {MOST_MONTHS} months.")
        return Asked([{"from": first, "to": last}], first, last, given["currency"])

    def document(
        self, question: Asked, bodies: Sequence[bytes], now: datetime, alphabets: Mapping[str, str]
    ) -> Forecast:
        months: list[str | None] = [*months_of(question.first, question.last), None]
        found: dict[str | None, list[_Held]] = {month: [] for month in months}
        for row in _read(bodies[0]).data:
            # A service that knows no such parameters tells of all months.
            if row.month in found and question.currency in (None, row.currency):
                found[row.month].append(row)
        if sum(map(len, found.values())) > MOST_ROWS:
            raise too_large(f"The report would have more than {MOST_ROWS} rows. Ask for a shorter span.")
        pipeline, stage = PIPELINE.of(alphabets), STAGE.of(alphabets)
        periods = []
        for month, rows in found.items():
            by_stage = _added(((row.pipeline_id, row.stage_id, row.currency), row) for row in rows)
            told_rows = [
                ForecastRow(_public(pipeline, of[0]), _public(stage, of[1]), of[2], *_told(sums))
                for of, sums in by_stage
            ]
            periods.append(ForecastPeriod(month, told_rows, _totals(rows)))
        every = [row for rows in found.values() for row in rows]
        generated = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return Forecast("sales_forecast", question.first, question.last, generated, periods, _totals(every))

    def example(self) -> Forecast:
        total = ForecastTotal("EUR", 2, "1500.00", "600.00", "0.00")
        row = ForecastRow(
            "pipe_5f2b8c1d9e3a7b6c4d5e6f73", "stage_5f2b8c1d9e3a7b6c4d5e6f74", "EUR", 2, "1500.00", "600.00", "0.00"
        )
        periods = [ForecastPeriod("2026-12", [row], [total]), ForecastPeriod(None, [], [])]
        return Forecast("sales_forecast", "2026-12", "2026-12", "2026-11-27T09:00:00Z", periods, [total])


def _totals(rows: Iterable[_Held]) -> list[ForecastTotal]:
    return [
        ForecastTotal(currency, *_told(sums)) for (currency,), sums in _added(((row.currency,), row) for row in rows)
    ]


def _added(rows: Iterable[tuple[Any, _Held]]) -> list[tuple[Any, Sums]]:
    """By key, in its order, null last: the sums of what stands in the cells."""
    found: dict[Any, Sums] = {}
    for key, row in rows:
        count, *sums = found.get(key, (0, Decimal(0), Decimal(0), Decimal(0)))
        amounts = (cell(amount, row.currency) for amount in (row.open, row.weighted, row.won))
        opened, weighted, won = (one + other for one, other in zip(sums, amounts, strict=True))
        found[key] = (count + row.deals, opened, weighted, won)
    return sorted(found.items(), key=lambda each: [(part is None, str(part)) for part in each[0]])


def _told(sums: Sums) -> tuple[int, str, str, str]:
    count, *amounts = sums
    opened, weighted, won = map(told, amounts)
    return count, opened, weighted, won


def _public(of: IdType, internal: str | int | None) -> str | None:
    if internal is None:
        return None
    if type(internal) is not of.held or not of.fits([internal]):
        raise ValueError("an id of another alphabet than was declared")
    return of.encode(internal)
