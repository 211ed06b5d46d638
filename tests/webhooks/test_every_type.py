"""Every declared type of event, from the record to what a subscriber is sent of it, in every contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gateway.deployment import built_in
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.versions import CONTRACTS
from tests.conformance.declared import BENEATH
from tests.live import Live
from tests.openapi.generated import GENERATED, validator
from tests.webhooks.rendered import Deployment, endpoint, event, sent

TYPES = built_in().events().named
READ = sorted(name for name, kind in TYPES.items() if kind.reads)
PROJECT, _ = BENEATH["project_id"]
DATES = [contract.date for contract in CONTRACTS]


@dataclass
class Told:
    """By (type, contract): what is sent of a record, of its id alone, and as a trial; and the record as GET shows it."""

    full: dict[tuple[str, str], dict[str, Any]]
    thin: dict[tuple[str, str], dict[str, Any]]
    tried: dict[tuple[str, str], dict[str, Any]]
    shown: dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def told(live: Live) -> Told:
    every = [(name, date) for name in sorted(TYPES) for date in DATES]
    records, shown = {name: TYPES[name].id.sample() for name in TYPES}, {}
    for name in READ:
        path = (TYPES[name].reads or "").removesuffix(".get")
        above = TYPES[name].id.by
        beneath = [] if above is None else [{"field": above, "operator": "eq", "value": PROJECT}]
        found = live.call("POST", f"/v1/{path}/search", {"limit": 1, "filters": beneath})
        records[name] = found.json()["data"][0]["id"]
        for date in DATES:
            shown[name, date] = live.call("GET", f"/v1/{path}/{records[name]}", version=date).json()["data"]

    def asked(name: str, date: str, **columns: Any) -> Endpoint:
        # More than is needed: what is guarded stays out all the same.
        scopes = ("webhook.read", TYPES[name].scope, "compensation.read", "payroll_run.read")
        return endpoint(live.a, scopes=scopes, events=(name,), contract=date, **columns)

    of_record = [(name, date) for name, date in every if name in READ]
    rendered = Deployment(live).rendered(
        [(asked(name, date), event(live.a, name, records[name])) for name, date in of_record]
        + [(asked(name, date, payload="thin"), event(live.a, name, records[name])) for name, date in every]
        + [(asked(name, date), event(live.a, "webhook.test", name)) for name, date in every]
    )
    documents = [sent(each) for each in rendered]
    thin, tried = documents[len(of_record) :][: len(every)], documents[len(of_record) + len(every) :]
    pairs = zip(of_record, documents, strict=False), zip(every, thin, strict=True), zip(every, tried, strict=True)
    return Told(dict(pairs[0]), dict(pairs[1]), dict(pairs[2]), shown)


def errors(document: dict[str, Any], name: str, date: str) -> list[str]:
    """Against what the document of the contract says of the type."""
    published = GENERATED[date]["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    return [error.message for error in validator(date, published["schema"]).iter_errors(document)]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("name", READ)
def test_an_event_holds_what_get_shows_but_for_what_is_guarded(told: Told, name: str, date: str) -> None:
    document, kind = told.full[name, date], TYPES[name]
    known = kind.shapes[date].named()
    assert document["data"] == {field: value for field, value in told.shown[name, date].items() if field in known}
    assert document["object"] == kind.subject
    assert errors(document, name, date) == []


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_thin_event_and_a_trial_are_as_the_document_says(told: Told, name: str, date: str) -> None:
    thin, tried = told.thin[name, date], told.tried[name, date]
    assert (thin["type"], thin["omitted"], [*thin["data"]]) == (name, "thin", ["id"])
    assert (tried["type"], tried["test"]) == (name, True)
    assert errors(thin, name, date) == errors(tried, name, date) == []


def test_what_somebody_is_paid_is_in_no_event_though_get_shows_it(told: Told) -> None:
    assert "compensation" in told.shown["employee.created", DATES[0]]
    assert "compensation" not in told.full["employee.created", DATES[0]]["data"]
    assert "compensation" not in told.tried["employee.created", DATES[0]]["data"]
