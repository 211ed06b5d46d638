"""Reports over the wire: the books of the sandbox, the budget they take, and what is joined."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest

from adapters import REPORTS
from tests.live import Live

YEAR = "from=2026-01-01&to=2026-12-31"
QUERIES = {
    "profit_and_loss": f"{YEAR}&interval=month",
    "balance_sheet": "as_of=2026-06-30&compare=previous_year",
    "cash_flow": f"{YEAR}&interval=quarter",
    "sales_forecast": "from=2026-01&to=2026-12",
}


def read(live: Live, name: str, query: str = "", **options: Any) -> Any:
    return live.call("GET", f"/v1/reports/{name}?{query or QUERIES[name]}", **options)


@pytest.mark.parametrize("name", ["profit_and_loss", "balance_sheet", "cash_flow"])
def test_every_total_is_the_sum_of_its_rows_in_every_column(live: Live, name: str) -> None:
    answer = read(live, name)
    assert answer.status_code == 200, answer.text
    report, width = answer.json()["data"], len(answer.json()["data"]["columns"])
    assert any(section["rows"] for section in report["sections"])
    for section in report["sections"]:
        columns = [[Decimal(row["amounts"][at]) for row in section["rows"]] for at in range(width)]
        assert [Decimal(total) for total in section["totals"]] == [sum(column, Decimal(0)) for column in columns]
    assert all(len(line["amounts"]) == width for line in report["summary"])
    assert report["warnings"] == []
    assert report["balanced"] is (True if name == "balance_sheet" else None)
    if name != "balance_sheet":
        # The last column is the whole span, and the others are its parts.
        first = [Decimal(amount) for amount in report["summary"][0]["amounts"]]
        assert sum(first[:-1], Decimal(0)) == first[-1]


def test_a_forecast_follows_the_deals(live: Live) -> None:
    report = read(live, "sales_forecast", "from=2026-01&to=2027-12").json()["data"]
    assert len(report["periods"]) == 25
    rows = [row for period in report["periods"] for row in period["rows"]]
    assert rows
    for total in report["totals"]:
        of = [Decimal(row["open_amount"]) for row in rows if row["currency"] == total["currency"]]
        assert Decimal(total["open_amount"]) == sum(of, Decimal(0))


def test_a_report_is_one_call_a_column(live: Live) -> None:
    before = live.counted()
    read(live, "cash_flow").raise_for_status()
    assert live.counted() - before == 5
    assert read(live, "cash_flow", f"{YEAR}&interval=month&compare=previous_year").status_code == 400
    assert live.counted() - before == 5


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_failing_service_is_no_report_and_tells_nothing_of_itself(live: Live, report: Any) -> None:
    with live.fault(path=report.path, status=500):
        refused = read(live, report.name)
    assert (refused.status_code, refused.json()["code"]) == (502, "upstream_failed")


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("manager", 403), ("member", 403), ("viewer", 403)])
def test_who_reads_the_books(live: Live, role: str, status: int) -> None:
    token = live.token(live.a, role, "financial_report.read")
    assert read(live, "balance_sheet", token=token).status_code == status


@pytest.fixture(scope="module")
def scarce(spare: Live) -> Live:
    spare.set_up(limits={"tenant": {"quota": 10, "window": "1h"}})
    return spare


def test_what_the_budget_does_not_cover_is_refused_before_the_first_call(scarce: Live) -> None:
    before = scarce.counted()
    refused = read(scarce, "profit_and_loss")
    assert (refused.status_code, refused.json()["violated_policies"]) == (429, ["tenant"])
    assert scarce.counted() == before


def test_the_same_question_at_the_same_time_is_asked_once(live: Live) -> None:
    before = live.counted()
    with live.fault(path="/api/finance/reports/cash-flow", delay_ms=400):
        answers: list[Any] = []
        asking = [threading.Thread(target=lambda: answers.append(read(live, "cash_flow", YEAR))) for _ in range(4)]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.text for answer in answers}) == 1
    assert live.counted() - before < 4
