"""Reports: what is worked out from the books and from deals."""

from __future__ import annotations

from adapters.core.declare.kinds import Choice, CurrencyCode, Day
from adapters.core.declare.kinds.month import Month
from adapters.core.declare.parameter import Parameter
from adapters.core.words.report import Report
from adapters.reports.forecast import ForecastLayout
from adapters.reports.statements import Line, Part, StatementLayout

_FROM = Parameter(name="from", kind=Day(), description="The first day.", example="2026-04-01", required=True)
_TO = Parameter(
    name="to", kind=Day(), description="The last day, at most 1,096 days in all.", example="2026-06-30", required=True
)
_AS_OF = Parameter(name="as_of", kind=Day(), description="The day at whose end.", example="2026-06-30", required=True)
_INTERVAL = Parameter(
    name="interval",
    kind=Choice(("none", "month", "quarter", "year")),
    description="A column for each, and a last one for all; at most 12.",
    example="month",
    default="none",
)
_COMPARE = Parameter(
    name="compare",
    kind=Choice(("none", "previous_period", "previous_year")),
    description="A second column to compare with. Not together with `interval`.",
    example="none",
    default="none",
)
_COMPARE_DAY = Parameter(
    name="compare",
    kind=Choice(("none", "previous_month", "previous_quarter", "previous_year")),
    description="A second column to compare with.",
    example="previous_year",
    default="none",
)
_BASIS = Parameter(
    name="basis",
    kind=Choice(("accrual", "cash")),
    description="Whether what is owed counts, or only what was paid.",
    example="accrual",
    default="accrual",
)
_ADDS_UP = (
    "Every amount is a decimal string in the currency of the books, every list of amounts has one for each column, and totals "
    "are the sums of their rows, exactly. `warnings` say where the service's own sums are others. Each column is one call to "
    "the service, and all of them count."
)

profit_and_loss = Report(
    name="profit_and_loss",
    service="finance",
    path="/api/finance/reports/pnl",
    scope="financial_report",
    summary="Get the profit and loss",
    description=f"Income and costs of a span of days. Both count positive. {_ADDS_UP}",
    takes=(_FROM, _TO, _INTERVAL, _COMPARE, _BASIS),
    apart=(("interval", "compare"),),
    layout=StatementLayout(
        name="profit_and_loss",
        parts=(
            Part("income", "Income", "REVENUE"),
            Part("cost_of_sales", "Cost of sales", "COGS"),
            Part("operating_expenses", "Operating expenses", "OPEX"),
            Part("other_income", "Other income", "OTHER_INCOME"),
            Part("other_expenses", "Other expenses", "OTHER_EXPENSE"),
            Part("taxes", "Taxes", "TAX"),
        ),
        lines=(
            Line("gross_profit", {"income": 1, "cost_of_sales": -1}),
            Line("operating_profit", {"income": 1, "cost_of_sales": -1, "operating_expenses": -1}),
            Line(
                "net_profit",
                {
                    "income": 1,
                    "cost_of_sales": -1,
                    "operating_expenses": -1,
                    "other_income": 1,
                    "other_expenses": -1,
                    "taxes": -1,
                },
                stated="net_profit",
            ),
        ),
    ),
)
balance_sheet = Report(
    name="balance_sheet",
    service="finance",
    path="/api/finance/reports/balance-sheet",
    scope="financial_report",
    summary="Get the balance sheet",
    description=f"What is owned and what is owed at the end of a day. {_ADDS_UP} `balanced` says whether both sides are equal.",
    takes=(_AS_OF, _COMPARE_DAY, _BASIS),
    layout=StatementLayout(
        name="balance_sheet",
        moment=True,
        parts=(
            Part("current_assets", "Current assets", "CURRENT_ASSETS"),
            Part("fixed_assets", "Fixed assets", "FIXED_ASSETS"),
            Part("other_assets", "Other assets", "OTHER_ASSETS"),
            Part("current_liabilities", "Current liabilities", "CURRENT_LIABILITIES"),
            Part("long_term_liabilities", "Long-term liabilities", "LONG_TERM_LIABILITIES"),
            Part("equity", "Equity", "EQUITY"),
        ),
        lines=(
            Line("total_assets", {"current_assets": 1, "fixed_assets": 1, "other_assets": 1}),
            Line("total_liabilities", {"current_liabilities": 1, "long_term_liabilities": 1}),
            Line("total_equity", {"equity": 1}),
        ),
        holds={"total_assets": 1, "total_liabilities": -1, "total_equity": -1},
    ),
)
cash_flow = Report(
    name="cash_flow",
    service="finance",
    path="/api/finance/reports/cash-flow",
    scope="financial_report",
    summary="Get the cash flow",
    description=f"Where the cash of a span of days came from and went. {_ADDS_UP}",
    takes=(_FROM, _TO, _INTERVAL, _COMPARE),
    apart=(("interval", "compare"),),
    layout=StatementLayout(
        name="cash_flow",
        parts=(
            Part("operating", "Operating activities", "OPERATING"),
            Part("investing", "Investing activities", "INVESTING"),
            Part("financing", "Financing activities", "FINANCING"),
        ),
        lines=(
            Line("net_change", {"operating": 1, "investing": 1, "financing": 1}),
            Line("opening_cash", stated="opening_cash"),
            Line("closing_cash", stated="closing_cash"),
        ),
        holds={"opening_cash": 1, "net_change": 1, "closing_cash": -1},
        warning="cash_not_reconciled",
    ),
)
sales_forecast = Report(
    name="sales_forecast",
    service="crm",
    path="/api/crm/reports/forecast",
    scope="sales_report",
    summary="Get the sales forecast",
    description="Open, weighted and won amounts of deals by the month they should close in, by stage and currency. Currencies are "
    "never added up. Months without deals are there, empty; deals without a date come last.",
    takes=(
        Parameter(name="from", kind=Month(), description="The first month; this one when left out.", example="2026-06"),
        Parameter(
            name="to",
            kind=Month(),
            description="The last month, at most 24 in all; the eleventh after the first when left out.",
            example="2026-12",
        ),
        Parameter(name="currency", kind=CurrencyCode(), description="Only deals in this currency.", example="EUR"),
    ),
    layout=ForecastLayout(),
)

REPORTS: tuple[Report, ...] = (profit_and_loss, balance_sheet, cash_flow, sales_forecast)
