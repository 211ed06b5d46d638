"""The sentinel beside requests: what a service changes is counted and logged, and its clients get what they did."""

from __future__ import annotations

import json
import re

import pytest

from tests.adapters.test_golden import GOLDEN
from tests.live import Live


def drifted(live: Live) -> dict[str, float]:
    text = live.served.admin("/metrics").body.decode()
    return {
        labels: float(count) for labels, count in re.findall(r"^gateway_drift_total\{(.*)\} (\S+)$", text, re.MULTILINE)
    }


def checked(live: Live) -> float:
    text = live.served.admin("/metrics").body.decode()
    return sum(map(float, re.findall(r"^gateway_drift_checked_total\{.*\} (\S+)$", text, re.MULTILINE)))


@pytest.fixture
def watched(spare: Live) -> Live:
    spare.set_up(drift={"share": "100%"})
    return spare


def test_a_service_as_declared_has_not_drifted_whatever_is_read(watched: Live) -> None:
    before, seen = drifted(watched), checked(watched)
    for path in ("contacts", "deals", "invoices", "tickets", "products", "projects", "employees", "journal_entries"):
        found = watched.call("POST", f"/v1/{path}/search", {"limit": 5})
        assert found.status_code == 200
        for record in found.json()["data"][:1]:
            assert watched.call("GET", f"/v1/{path}/{record['id']}").status_code == 200
    assert checked(watched) >= seen + 8
    assert drifted(watched) == before


def test_nothing_is_looked_at_where_the_share_is_none(spare: Live) -> None:
    spare.set_up(drift={"share": "0%"})
    before = checked(spare)
    assert spare.call("POST", "/v1/contacts/search", {}).status_code == 200
    assert checked(spare) == before


def test_a_field_that_drifts_is_counted_and_told_by_its_path_and_its_client_gets_the_rest(watched: Live) -> None:
    record = json.loads((GOLDEN / "contacts/internal.json").read_text())
    record = record.get("data", record) | {"companyId": "canary!"}
    contact = watched.call("POST", "/v1/contacts/search", {"limit": 1}).json()["data"][0]["id"]
    before = drifted(watched).get('field="contacts.companyId",kind="misfit"', 0)
    with watched.fault(path="/api/crm/contacts", body={"data": record}, status=200):
        for _ in range(4):
            answer = watched.call("GET", f"/v1/contacts/{contact}")
            assert (answer.status_code, answer.json()["data"]["company_id"]) == (200, None)
    assert drifted(watched)['field="contacts.companyId",kind="misfit"'] == before + 4
    lines = [json.loads(line) for line in watched.served.out.read_text().splitlines() if '"event":"drift"' in line]
    told = [line for line in lines if line["field"] == "contacts.companyId"]
    assert 1 <= len(told) <= 2, "each worker tells it once"
    assert {(line["kind"], line["service"], line["route"]) for line in told} == {("misfit", "crm", "/v1/contacts/{id}")}
    assert "canary" not in watched.served.out.read_text()
