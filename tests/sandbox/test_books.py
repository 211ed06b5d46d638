"""The reports: every figure is the sum of postings, and the three agree with one another to the cent."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.sandbox.services import FINANCE, Row, accounts, everything, made, patched, sent

REPORTS = f"{FINANCE}/reports"


def report(client: httpx.Client, name: str, **query: str) -> Row:
    answer = client.get(f"{REPORTS}/{name}", params={key.rstrip("_"): value for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    body: Row = answer.json()["data"]
    return body


def sums(found: Row) -> dict[str, Decimal]:
    """The groups' sums, each of them the sum of its rows."""
    totals = {}
    for group in found["groups"]:
        totals[group["group"]] = sum((Decimal(str(line["value"])) for line in group["accounts"]), Decimal(0))
        assert Decimal(str(group["sum"])) == totals[group["group"]], group["group"]
        codes = [line["glCode"] for line in group["accounts"] if line["glCode"] is not None]
        assert codes == sorted(codes)
    return totals


def balances(found: Row) -> bool:
    parts = sums(found)
    owned = sum(parts[name] for name in ("CURRENT_ASSETS", "FIXED_ASSETS", "OTHER_ASSETS"))
    return owned == sum(parts[name] for name in ("CURRENT_LIABILITIES", "LONG_TERM_LIABILITIES", "EQUITY"))


@pytest.mark.parametrize("basis", ["accrual", "cash"])
@pytest.mark.parametrize("day", ["2024-12-31", "2025-01-01", "2025-07-31", "2026-03-31", "2026-12-31"])
def test_the_balance_sheet_balances_to_the_cent(juniper: httpx.Client, day: str, basis: str) -> None:
    found = report(juniper, "balance-sheet", asOf=day, basis=basis)
    assert found["currency"] == "USD" and found["range"] == {"start": None, "end": day}
    assert balances(found)
    (retained,) = [line for line in found["groups"][-1]["accounts"] if line["ledgerAccountId"] is None]
    assert retained["title"] == "Retained earnings"


@pytest.mark.parametrize(
    ("start", "end"), [("2025-01-01", "2025-12-31"), ("2025-02-10", "2025-03-09"), ("2026-01-01", "2026-05-31")]
)
def test_cash_is_reconciled_and_follows_the_profit(juniper: httpx.Client, start: str, end: str) -> None:
    found = report(juniper, "cash-flow", from_=start, to=end)
    change = sum(sums(found).values())
    assert Decimal(str(found["openingCash"])) + change == Decimal(str(found["closingCash"]))
    profit = found["groups"][0]["accounts"][0]
    assert (profit["title"], profit["value"]) == (
        "Net profit", report(juniper, "pnl", from_=start, to=end)["netProfit"],
    )  # fmt: skip
    assets = report(juniper, "balance-sheet", asOf=end)["groups"][0]["accounts"]
    cash = sum(Decimal(str(line["value"])) for line in assets if line["glCode"] in {"1000", "1010", "1020"})
    assert cash == Decimal(str(found["closingCash"])) > 0


def test_the_profit_is_what_the_groups_come_to_and_months_add_up_to_the_year(juniper: httpx.Client) -> None:
    year = report(juniper, "pnl", from_="2025-01-01", to="2025-12-31")
    assert year["range"] == {"start": "2025-01-01", "end": "2025-12-31"}
    parts = sums(year)
    assert list(parts) == ["REVENUE", "COGS", "OPEX", "OTHER_INCOME", "OTHER_EXPENSE", "TAX"]
    earned = parts["REVENUE"] + parts["OTHER_INCOME"]
    assert earned - sum(parts[name] for name in ("COGS", "OPEX", "OTHER_EXPENSE", "TAX")) == Decimal(
        str(year["netProfit"])
    )
    ends = ("31", "28", "31", "30", "31", "30", "31", "31", "30", "31", "30", "31")
    months = [
        report(juniper, "pnl", from_=f"2025-{month:02d}-01", to=f"2025-{month:02d}-{last}")["netProfit"]
        for month, last in enumerate(ends, start=1)
    ]
    assert sum(Decimal(str(one)) for one in months) == Decimal(str(year["netProfit"]))


def test_the_revenue_of_a_month_is_what_its_invoices_say(juniper: httpx.Client) -> None:
    rows = everything(juniper, f"{FINANCE}/invoices", currency="USD", **{"from": "2025-09-01", "to": "2025-09-30"})
    billed = sum(Decimal(str(row["subTotal"])) for row in rows if row["sentAt"] is not None)
    undone = [
        Decimal(str(row["subTotal"]))
        for row in everything(juniper, f"{FINANCE}/invoices", currency="USD", status="CANCELLED")
        if row["sentAt"] is not None and row["cancelledAt"][:7] == "2025-09"
    ]
    found = report(juniper, "pnl", from_="2025-09-01", to="2025-09-30")
    assert sums(found)["REVENUE"] == billed - sum(undone)


def moved(client: httpx.Client, name: str, code: str, **query: str) -> Decimal:
    """What an account stands at in a report."""
    lines = [line for group in report(client, name, **query)["groups"] for line in group["accounts"]]
    return sum((Decimal(str(line["value"])) for line in lines if line["glCode"] == code), Decimal(0))


def test_what_is_written_today_stands_in_the_next_report(meridian: httpx.Client) -> None:
    span = {"from_": "2031-02-01", "to": "2031-02-28"}
    items = [{"description": "A", "rate": 100, "gstRate": 18}, {"description": "B", "rate": 50, "gstRate": 0}]
    row = sent(meridian, invoiceDate="2031-02-03", items=items)
    assert moved(meridian, "pnl", "4000", **span) == 150
    assert moved(meridian, "pnl", "4000", basis="cash", **span) == 0
    made(meridian, f"{FINANCE}/invoices/{row['id']}/payments", amount=84, paymentDate="2031-02-10")
    assert moved(meridian, "pnl", "4000", **span) == 150
    assert moved(meridian, "pnl", "4000", basis="cash", **span) == 75
    assert balances(report(meridian, "balance-sheet", asOf="2031-02-28", basis="cash"))
    other = sent(meridian, invoiceDate="2031-02-04", currency="EUR")
    assert moved(meridian, "pnl", "4000", **span) == 150 and other["currency"] == "EUR"

    claim = made(
        meridian, f"{FINANCE}/expenses", purpose="Fair", category="Marketing", total=118, taxPart=18, currency="INR",
        date="2031-02-11",
    )  # fmt: skip
    assert moved(meridian, "pnl", "6300", **span) == 0
    patched(meridian, f"{FINANCE}/expenses/{claim['id']}", state="APPROVED")
    assert moved(meridian, "pnl", "6300", **span) == 100

    by_code = accounts(meridian)
    lines = [
        {"ledgerAccountId": by_code[code]["id"], "side": side, "value": 33.33}
        for code, side in (("6100", "DR"), ("1010", "CR"))
    ]
    made(meridian, f"{FINANCE}/journal", postedOn="2031-02-12", currency="INR", entries=lines)
    assert moved(meridian, "pnl", "6100", **span) == Decimal("33.33")
    assert balances(report(meridian, "balance-sheet", asOf="2031-02-28"))


def test_a_voided_invoice_is_taken_back_on_the_day_it_is_voided(meridian: httpx.Client) -> None:
    row = sent(meridian, invoiceDate="2032-06-01", items=[{"description": "A", "rate": 900}])
    day = row["sentAt"][:10]

    def earned(date: str) -> Decimal:
        return moved(meridian, "pnl", "4000", from_=date, to=date)

    before = earned(day), earned("2032-06-01")
    patched(meridian, f"{FINANCE}/invoices/{row['id']}", status="CANCELLED")
    assert earned(day) == before[0] - 900
    assert earned("2032-06-01") == before[1] == 900
    assert balances(report(meridian, "balance-sheet", asOf="2032-06-01"))


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("pnl", {}), ("pnl", {"from": "2026-01-01"}), ("pnl", {"from": "2026-02-01", "to": "2026-01-01"}),
        ("pnl", {"from": "2026-01-01", "to": "2026-02-30"}), ("balance-sheet", {"asOf": "today"}),
        ("pnl", {"from": "2026-01-01", "to": "2026-02-01", "basis": "both"}), ("cash-flow", {"to": "2026-01-01"}),
    ],
)  # fmt: skip
def test_a_report_without_its_dates_is_refused(juniper: httpx.Client, name: str, query: dict[str, str]) -> None:
    answer = juniper.get(f"{REPORTS}/{name}", params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query_invalid")


def test_the_chart_comes_whole_and_holds_no_balance(meridian: httpx.Client) -> None:
    answer: dict[str, Any] = meridian.get(f"{FINANCE}/accounts", params={"limit": 1, "page": 9}).json()
    assert answer.keys() == {"data"} and len(answer["data"]) >= 40
    assert {row["group"] for row in answer["data"]} == {"ASSETS", "LIABILITIES", "EQUITY", "INCOME", "EXPENSES"}
    parents = {row["id"] for row in answer["data"]}
    assert all(row["parentId"] in parents for row in answer["data"] if row["parentId"] is not None)
