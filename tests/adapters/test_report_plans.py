"""Reports without a network: what is put together from the replies of a service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.core.calls import Reply
from adapters.core.faults import Invalid, ServiceFailed, ServiceInvalid
from tests.adapters.reporting import NAMED, answered, face, request

QUARTER = {"from": "2026-04-01", "to": "2026-06-30"}


def account(
    number: int, value: float, code: str = "", title: str = "Fees", parent: int | None = None
) -> dict[str, Any]:
    above = None if parent is None else f"coa_{parent:08x}"
    named = {"ledgerAccountId": f"coa_{number:08x}", "glCode": code or str(number), "parentId": above}
    return {**named, "title": title, "value": value, "secret": "x"}


def books(groups: dict[str, list[dict[str, Any]]], currency: str = "INR", **more: Any) -> dict[str, Any]:
    listed = [{"group": name, "accounts": rows} for name, rows in groups.items()]
    return {"range": {}, "currency": currency, "groups": listed, **more}


def test_rows_are_aligned_with_the_columns_and_add_up_exactly() -> None:
    april = books({"REVENUE": [account(2, 0.1, "4100"), account(1, 0.2, "4000")], "TAX": [account(9, 0.05)]})
    may = books({"REVENUE": [account(1, 1e6, "4000", parent=7)]})
    whole = books({"REVENUE": [account(1, 1000000.2, "4000"), account(2, 0.1, "4100")], "TAX": [account(9, 0.05)]})
    for each, net in ((april, 0.25), (may, 1e6), (whole, 1000000.25)):
        each["netProfit"] = net
    found = answered(
        "profit_and_loss", [april, may, whole], **{"from": "2026-04-01", "to": "2026-05-31"}, interval="month"
    )
    assert [(column["key"], column["kind"], column["to"]) for column in found["columns"]] == [
        ("c1", "period", "2026-04-30"),
        ("c2", "period", "2026-05-31"),
        ("c3", "total", "2026-05-31"),
    ]
    income = found["sections"][0]
    assert income["totals"] == ["0.30", "1000000.00", "1000000.30"]
    assert [(row["account_id"], row["code"], row["amounts"]) for row in income["rows"]] == [
        ("acct_00000001", "4000", ["0.20", "1000000.00", "1000000.20"]),
        ("acct_00000002", "4100", ["0.10", "0.00", "0.10"]),
    ]
    assert [section["key"] for section in found["sections"]] == [
        *("income", "cost_of_sales", "operating_expenses", "other_income", "other_expenses", "taxes")
    ]
    assert found["sections"][1] == {
        "key": "cost_of_sales",
        "label": "Cost of sales",
        "rows": [],
        "totals": ["0.00"] * 3,
    }
    assert found["summary"][-1] == {"key": "net_profit", "amounts": ["0.25", "1000000.00", "1000000.25"]}
    assert (found["warnings"], found["balanced"], found["currency"]) == ([], None, "INR")
    assert found["generated_at"] == "2026-07-15T12:30:00Z"
    assert "secret" not in json.dumps(found)


@pytest.mark.parametrize("currency", ["INR", "JPY", "KWD"])
def test_amounts_have_the_minor_digits_of_the_books(currency: str) -> None:
    digits = {"INR": "5.00", "JPY": "5", "KWD": "5.000"}[currency]
    found = answered("profit_and_loss", [books({"REVENUE": [account(1, 5.0)]}, currency, netProfit=5)], **QUARTER)
    assert found["sections"][0]["totals"] == [digits]
    assert found["summary"][0]["amounts"] == [digits]


def test_sums_of_the_service_that_are_others_are_told() -> None:
    reply = books({"REVENUE": [account(1, 5)]}, netProfit=5)
    assert answered("profit_and_loss", [reply], **QUARTER)["warnings"] == []
    assert answered("profit_and_loss", [{**reply, "netProfit": 5.01}], **QUARTER)["warnings"] == [
        "service_totals_differ"
    ]
    reply["groups"][0]["sum"] = 4
    assert answered("profit_and_loss", [reply], **QUARTER)["warnings"] == ["service_totals_differ"]


def test_a_balance_sheet_tells_whether_both_sides_are_equal() -> None:
    retained: dict[str, Any] = {
        "ledgerAccountId": None,
        "glCode": None,
        "title": "Retained earnings",
        "parentId": None,
        "value": 7,
    }
    groups = {"CURRENT_ASSETS": [account(1, 10)], "CURRENT_LIABILITIES": [account(2, 3)], "EQUITY": [retained]}
    found = answered("balance_sheet", [books(groups)], as_of="2026-06-30")
    assert (found["balanced"], found["as_of"], found["from"]) == (True, "2026-06-30", None)
    assert found["sections"][-1]["rows"][0] == {
        "account_id": None,
        "code": None,
        "label": "Retained earnings",
        "parent_account_id": None,
        "amounts": ["7.00"],
    }
    retained["value"] = 6.99
    assert answered("balance_sheet", [books(groups)], as_of="2026-06-30")["balanced"] is False


def test_cash_that_does_not_add_up_is_told() -> None:
    groups = {"OPERATING": [account(1, -2.5)], "FINANCING": [account(2, 10)]}
    found = answered("cash_flow", [books(groups, openingCash=100, closingCash=107.5)], **QUARTER)
    assert [line["amounts"] for line in found["summary"]] == [["7.50"], ["100.00"], ["107.50"]]
    assert (found["warnings"], found["balanced"], found["basis"]) == ([], None, None)
    found = answered("cash_flow", [books(groups, openingCash=100, closingCash=107)], **QUARTER)
    assert found["warnings"] == ["cash_not_reconciled"]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"[]",
        b'{"data": {}}',
        books({"REVENUE": []}),
        books({"WISHES": []}, netProfit=0),
        books({"REVENUE": [account(1, 1) | {"ledgerAccountId": "../x"}]}, netProfit=1),
        books({"REVENUE": [account(1, 1) | {"ledgerAccountId": 7}]}, netProfit=1),
        books({"REVENUE": [account(1, 1e30)]}, netProfit=1e30),
        books({"REVENUE": [account(1, 1) | {"value": "much"}]}, netProfit=1),
        books({"REVENUE": [account(1, 1)]}, "XXXX", netProfit=1),
    ],
    ids=str,
)
def test_a_reply_of_another_shape_is_no_report(reply: Any) -> None:
    with pytest.raises(ServiceInvalid):
        answered("profit_and_loss", [reply], **QUARTER)


def test_columns_in_two_currencies_are_no_report() -> None:
    replies = [books({}, currency, netProfit=0) for currency in ("INR", "USD")]
    with pytest.raises(ServiceInvalid):
        answered("profit_and_loss", replies, **QUARTER, compare="previous_year")


def test_one_call_that_fails_fails_the_report() -> None:
    of = face(NAMED["cash_flow"])
    plan = of.plan(of.accept(request({**QUARTER, "compare": "previous_year"})))
    next(plan)
    plan.send(Reply(200, json.dumps({"data": books({}, openingCash=0, closingCash=0)}).encode()))
    with pytest.raises(ServiceFailed):
        plan.send(Reply(500, b""))


def test_a_report_of_too_many_rows_is_refused_whole() -> None:
    reply = books({"REVENUE": [account(number, 1) for number in range(5001)]}, netProfit=5001)
    with pytest.raises(Invalid) as refused:
        answered("profit_and_loss", [reply], **QUARTER)
    assert refused.value.errors[0].code == "report_too_large"


HEX = "5f2b8c1d9e3a7b6c4d5e6f70"


def stage(month: str | None, currency: str, opened: float, of: str | None = HEX) -> dict[str, Any]:
    sums = {"deals": 1, "open": opened, "weighted": opened / 2, "won": 0}
    return {"month": month, "pipelineId": of, "stageId": of, "currency": currency, **sums}


def test_a_forecast_has_every_month_and_never_adds_up_currencies() -> None:
    rows = [
        stage("2026-08", "EUR", 10),
        stage("2026-08", "USD", 4),
        stage(None, "EUR", 1, None),
        stage("2030-01", "EUR", 9),
    ]
    found = answered("sales_forecast", [rows], **{"from": "2026-07", "to": "2026-09"})
    assert [period["month"] for period in found["periods"]] == ["2026-07", "2026-08", "2026-09", None]
    assert found["periods"][0] == {"month": "2026-07", "rows": [], "totals": []}
    assert found["periods"][3]["rows"][0]["stage_id"] is None
    assert [(each["currency"], each["deal_count"], each["open_amount"]) for each in found["totals"]] == [
        ("EUR", 2, "11.00"),
        ("USD", 1, "4.00"),
    ]
    found = answered("sales_forecast", [rows], **{"from": "2026-07", "to": "2026-09", "currency": "USD"})
    assert [each["weighted_amount"] for each in found["totals"]] == ["2.00"]


def test_ids_of_a_deployment_have_its_alphabet() -> None:
    report = face(NAMED["sales_forecast"], {"stage_": "[0-9]{3}", "pipe_": "integer"})
    plan = report.plan(report.accept(request({})))
    next(plan)
    row = stage("2026-08", "EUR", 1) | {"stageId": "123", "pipelineId": 7}
    with pytest.raises(StopIteration) as end:
        plan.send(Reply(200, json.dumps({"data": [row]}).encode()))
    told = json.loads(end.value.value.body)["data"]["periods"][1]["rows"][0]
    assert (told["stage_id"], told["pipeline_id"]) == ("stage_123", "pipe_7")
