"""The public documents of financial reports."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from adapters.core.words.report import Question

Day = Annotated[str, Meta(description="A date, `YYYY-MM-DD`.", examples=["2026-04-01"])]
NoDay = Annotated[str | None, Meta(description="A date, `YYYY-MM-DD`, or null where the report has none.")]
Cell = Annotated[
    str,
    Meta(
        description="An amount with the minor digits of the currency.",
        pattern="^-?[0-9]+([.][0-9]+)?$",
        examples=["11296.12"],
    ),
]
Cells = Annotated[list[Cell], Meta(description="One amount for each column, in their order.")]
Key = Annotated[str, Meta(description="Its name for programs, which never changes.", examples=["income"])]
Label = Annotated[str, Meta(description="What people read.", examples=["Income"])]
Generated = Annotated[str, Meta(description="When it was worked out.", examples=["2026-07-01T09:00:00Z"])]
Warnings = Annotated[
    list[Annotated[str, Meta(description="A code.", examples=["service_totals_differ"])]],
    Meta(description="`service_totals_differ`, `cash_not_reconciled`: what does not add up in the books themselves."),
]


class StatementColumn(msgspec.Struct):
    """What a column of amounts is about."""

    key: Annotated[str, Meta(description="Its name.", examples=["c1"])]
    kind: Annotated[Literal["period", "comparison", "total"], Meta(description="What it is for.")]
    first: NoDay = msgspec.field(name="from")
    last: NoDay = msgspec.field(name="to")
    as_of: NoDay


class StatementRow(msgspec.Struct):
    """One account's own postings; those of its parent are a row of their own."""

    account_id: Annotated[str | None, Meta(description="The account, or null for a row that the books work out.")]
    code: Annotated[str | None, Meta(description="The account's code.", examples=["4000"])]
    label: Label
    parent_account_id: Annotated[str | None, Meta(description="The account above, if there is one.")]
    amounts: Cells


class StatementSection(msgspec.Struct):
    """Rows that belong together, and their totals."""

    key: Key
    label: Label
    rows: Annotated[list[StatementRow], Meta(description="By code, then label.")]
    totals: Cells


class StatementLine(msgspec.Struct):
    """One line of the summary."""

    key: Key
    amounts: Cells


class Statement(msgspec.Struct):
    """A financial report."""

    report: Annotated[str, Meta(description="Its name.", examples=["profit_and_loss"])]
    first: NoDay = msgspec.field(name="from")
    last: NoDay = msgspec.field(name="to")
    as_of: NoDay
    basis: Annotated[str | None, Meta(description="`accrual` or `cash`; null where it makes no difference.")]
    currency: Annotated[str, Meta(description="The currency of the books, ISO 4217.", examples=["INR"])]
    generated_at: Generated
    columns: Annotated[list[StatementColumn], Meta(description="In the order of every list of amounts.")]
    sections: Annotated[list[StatementSection], Meta(description="Always all of them.")]
    summary: Annotated[list[StatementLine], Meta(description="What follows from the sections.")]
    balanced: Annotated[
        bool | None,
        Meta(description="Whether both sides of a balance sheet are equal in every column; null elsewhere."),
    ]
    warnings: Warnings


class Asked(Question):
    """What a request asks of a financial report."""

    columns: list[StatementColumn]
    first: str | None
    last: str | None
    as_of: str | None
    basis: str | None
