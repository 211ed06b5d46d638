"""Tickets, their deadlines and their comments; SLA policies and canned responses. Errors come flat here."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import DESK, SUPPORT, everything, got, made, patched, refusal

TICKETS = f"{DESK}/tickets"
_STEPS = {
    "OPEN": {"WAITING", "ON_HOLD", "RESOLVED", "CLOSED"}, "WAITING": {"OPEN", "RESOLVED", "CLOSED"},
    "ON_HOLD": {"OPEN", "RESOLVED", "CLOSED"}, "RESOLVED": {"OPEN", "CLOSED"}, "CLOSED": set(),
}  # fmt: skip


def ticket(client: httpx.Client, **body: Any) -> dict[str, Any]:
    return made(client, TICKETS, **{"title": "Broken", "body": "It broke.", "requesterEmail": "a@b.example", **body})


def of(row: dict[str, Any]) -> str:
    return f"{TICKETS}/{row['id']}"


def comments(client: httpx.Client, row: dict[str, Any]) -> list[dict[str, Any]]:
    return everything(client, f"{of(row)}/comments")


def test_a_new_ticket_is_open_numbered_and_has_deadlines(meridian: httpx.Client) -> None:
    row = ticket(meridian, priority="URGENT")
    assert type(row["id"]) is int and re.fullmatch(r"TCK-\d+", row["ref"])
    assert (row["status"], row["source"], row["category"], row["replyCount"]) == ("OPEN", "API", None, 0)
    policies = meridian.get(f"{SUPPORT}/sla-policies").json()["data"]
    standard = next(one for one in policies if one["isDefault"])
    rules = {rule["priority"]: rule for rule in standard["rules"]}
    assert row["slaPolicyId"] == standard["id"]
    assert row["responseDueAt"] > row["createdAt"] and row["isBreached"] is False
    assert (rules["URGENT"]["respondWithin"], rules["LOW"]["resolveWithin"]) == (60, None)
    lowered = patched(meridian, of(row), priority="LOW", body="Changed", source="PHONE")
    assert lowered["resolveDueAt"] is None
    assert (lowered["body"], lowered["source"]) == ("It broke.", "API")  # fixed: ignored


@pytest.mark.parametrize("state", _STEPS)
def test_a_ticket_takes_the_steps_of_its_state_and_no_other(meridian: httpx.Client, state: str) -> None:
    for wanted in _STEPS:
        row = ticket(meridian)
        if state != "OPEN":
            patched(meridian, of(row), status=state)
        answer = meridian.patch(of(row), json={"status": wanted})
        if wanted in _STEPS[state] | {state}:
            changed = answer.json()["data"]
            assert changed["status"] == wanted
            assert (changed["resolvedAt"] is not None) == (wanted in {"RESOLVED", "CLOSED"})
            assert (changed["closedAt"] is not None) == (wanted == "CLOSED")
        else:
            assert refusal(answer) == ("invalid_state", [], state), wanted


@pytest.mark.parametrize(
    ("body", "word", "field"),
    [
        ({"requesterEmail": None}, "rule_violated", "contactId"), ({"title": ""}, None, "title"), ({"body": None}, None, "body"),
        ({"priority": "ASAP"}, None, "priority"), ({"companyId": "0" * 24}, None, "companyId"), ({"agentId": "clx0"}, None, "agentId"),
    ],
)  # fmt: skip
def test_a_ticket_that_breaks_a_rule_is_refused(
    meridian: httpx.Client, body: dict[str, Any], word: str | None, field: str
) -> None:
    least = {"title": "Broken", "body": "It broke.", "requesterEmail": "a@b.example"}
    assert refusal(meridian.post(TICKETS, json={**least, **body})) == (word, [field], None)


def test_a_closed_ticket_is_final(meridian: httpx.Client) -> None:
    row = ticket(meridian)
    patched(meridian, of(row), status="CLOSED")
    assert refusal(meridian.patch(of(row), json={"priority": "HIGH"})) == ("invalid_state", [], "CLOSED")
    told = meridian.post(f"{of(row)}/comments", json={"message": "Hello?", "isInternal": False})
    assert refusal(told) == ("invalid_state", [], "CLOSED")
    assert patched(meridian, of(row), status="CLOSED")["status"] == "CLOSED"


def test_comments_say_who_may_read_them(box: Box, meridian: httpx.Client) -> None:
    row = ticket(meridian)
    agent = box.user("member")["user_id"]
    assert refusal(meridian.post(f"{of(row)}/comments", json={"message": "Hi"})) == (None, ["isInternal"], None)
    with box.speaker(0, **{"X-User-Id": agent}) as acting:
        note = made(acting, f"{of(row)}/comments", message="Careful", isInternal=True)
        assert got(meridian, of(row))["respondedAt"] is None
        reply = made(acting, f"{of(row)}/comments", message="We look at it", isInternal=False)
    assert (note["authorKind"], note["authorId"], note["contactId"], note["ticketId"]) == (
        "AGENT",
        agent,
        None,
        row["id"],
    )
    assert [one["id"] for one in comments(meridian, row)] == [reply["id"], note["id"]]
    answered = got(meridian, of(row))
    assert (answered["replyCount"], answered["respondedAt"] is not None) == (2, True)
    assert meridian.get(f"{TICKETS}/1/comments").status_code == 404


def test_a_reply_opens_again_what_was_resolved_and_a_note_does_not(meridian: httpx.Client) -> None:
    row = ticket(meridian)
    resolved = patched(meridian, of(row), status="RESOLVED", note="Rebooted it")
    assert resolved["replyCount"] == 1
    (kept,) = comments(meridian, row)
    assert (kept["message"], kept["isInternal"]) == ("Rebooted it", True)
    made(meridian, f"{of(row)}/comments", message="Really?", isInternal=True)
    assert got(meridian, of(row))["status"] == "RESOLVED"
    made(meridian, f"{of(row)}/comments", message="Not yet", isInternal=False)
    again = got(meridian, of(row))
    assert (again["status"], again["resolvedAt"]) == ("OPEN", None)


def test_a_deadline_that_passes_is_breached_by_itself(meridian: httpx.Client) -> None:
    rows = everything(meridian, TICKETS, isBreached="true")
    assert any(row["resolvedAt"] is None for row in rows)
    assert all(row["responseDueAt"] or row["resolveDueAt"] for row in rows)


def test_settings_of_the_desk_come_whole_in_their_own_alphabets(meridian: httpx.Client) -> None:
    policies = meridian.get(f"{SUPPORT}/sla-policies?limit=1").json()
    canned = meridian.get(f"{SUPPORT}/canned-responses?limit=1").json()
    assert policies.keys() == canned.keys() == {"data"}
    assert len(policies["data"]) == 3 and len(canned["data"]) >= 10
    assert all(re.fullmatch("clx[0-9a-z]{22}", row["id"]) for row in policies["data"])
    assert all(re.fullmatch("[0-9A-Za-z_-]{21}", row["id"]) for row in canned["data"])
    assert got(meridian, f"{SUPPORT}/canned-responses/{canned['data'][0]['id']}") == canned["data"][0]
    assert got(meridian, f"{SUPPORT}/sla-policies/{policies['data'][0]['id']}") == policies["data"][0]
    assert meridian.post(f"{SUPPORT}/sla-policies", json={}).json()["reason"] == "method_not_allowed"
