"""Steps, fixed fields and rules between fields, over the wire: once for each shape in which services refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.declared import BENEATH
from tests.live import Live


def _errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("path", "body", "steps", "refused", "allowed"),
    [
        ("projects", {"name": "Shed"}, ["active"], "planned", ["on_hold", "completed", "cancelled"]),
        (
            "tickets",
            {"subject": "Hm", "description": "Hm?", "requester_email": "a@example.com"},
            ["closed"],
            "open",
            [],
        ),
        (
            "project_tasks",
            {"title": "Paint", "project_id": BENEATH["project_id"][0]},
            ["in_progress", "in_review", "done"],
            "blocked",
            ["todo", "in_progress"],
        ),
    ],
)
def test_a_step_that_the_status_does_not_lead_to_is_refused_with_those_that_it_does(
    live: Live, path: str, body: dict[str, Any], steps: list[str], refused: str, allowed: list[str]
) -> None:
    location = live.call("POST", f"/v1/{path}", body).headers["location"]
    for step in steps:
        moved = live.call("POST", f"{location}/status", {"status": step})
        assert (moved.status_code, moved.json()["data"]["status"]) == (200, step)
        again = live.call("POST", f"{location}/status", {"status": step})
        assert (again.status_code, again.json()["data"]["status"]) == (200, step)
    answer = live.call("POST", f"{location}/status", {"status": refused})
    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert (answer.json()["current_status"], answer.json()["allowed"]) == (steps[-1], allowed)


def test_what_is_final_is_not_edited(live: Live) -> None:
    body = {"subject": "Hm", "description": "Hm?", "requester_email": "a@example.com"}
    location = live.call("POST", "/v1/tickets", body).headers["location"]
    live.call("POST", f"{location}/status", {"status": "closed", "note": "Done."}).raise_for_status()
    answer = live.call("PATCH", location, {"subject": "Hm!"})
    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert (answer.json()["current_status"], answer.json()["allowed"]) == ("closed", [])


@pytest.mark.parametrize(
    ("method", "path", "body", "errors"),
    [
        ("POST", "projects", {"name": "x", "status": "active"}, [("/status", "field_read_only")]),
        ("PATCH", "projects/proj_clx0a1b2c3", {"status": "active"}, [("/status", "field_read_only")]),
        ("PATCH", "tickets/tick_1", {"description": "x"}, [("/description", "immutable")]),
        ("PATCH", "tickets/tick_1", {"channel": "web"}, [("/channel", "immutable")]),
        (
            "POST",
            "projects",
            {"name": "x", "start_date": "2026-02-02", "due_date": "2026-02-01"},
            [("/due_date", "before_start")],
        ),
        (
            "PATCH",
            "projects/proj_clx0a1b2c3",
            {"start_date": "2026-02-02", "due_date": "2026-02-01"},
            [("/due_date", "before_start")],
        ),
        ("POST", "projects", {"name": "x", "budget": "1"}, [("/currency", "currency_required")]),
        ("POST", "tickets", {"subject": "x", "description": "x"}, [("/requester_id", "one_of_required")]),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    live: Live, method: str, path: str, body: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    before = live.counted()
    assert _errors(live.call(method, f"/v1/{path}", body)) == errors
    assert live.counted() == before


def test_what_only_the_service_can_see_has_the_same_code_and_place(live: Live) -> None:
    body = {"name": "Shed", "code": "SHED-9", "start_date": "2026-02-01"}
    location = live.call("POST", "/v1/projects", body).headers["location"]
    assert _errors(live.call("PATCH", location, {"due_date": "2026-01-31"})) == [("/due_date", "before_start")]
    assert _errors(live.call("POST", "/v1/projects", {"name": "Other", "code": "SHED-9"})) == [
        ("/code", "already_taken")
    ]
    ticket = {"subject": "Hm", "description": "Hm?", "requester_email": "a@example.com"}
    made = live.call("POST", "/v1/tickets", ticket).headers["location"]
    assert _errors(live.call("PATCH", made, {"requester_email": None})) == [("/requester_id", "one_of_required")]
