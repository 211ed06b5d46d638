"""Project tasks and their time, tickets and what is said on them, over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.declared import BENEATH
from tests.live import Live

PROJECT, THEIRS = BENEATH["project_id"]
NOBODYS = "ptask_clx0a1b2c3d4e5f6g7h8i9j0k.clx1a1b2c3d4e5f6g7h8i9j0k"


def _task(live: Live, **more: Any) -> dict[str, Any]:
    answer = live.call("POST", "/v1/project_tasks", {"project_id": PROJECT, "title": "Paint", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]  # type: ignore[no-any-return]


def _errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def test_tasks_of_all_levels_are_one_list_and_know_their_parents(live: Live) -> None:
    top = _task(live)
    middle = _task(live, parent_id=top["id"])
    lowest = _task(live, parent_id=middle["id"])
    assert (middle["parent_id"], lowest["parent_id"]) == (top["id"], middle["id"])
    assert live.call("GET", f"/v1/project_tasks/{top['id']}").json()["data"]["subtask_count"] == 1
    listed = live.call("GET", f"/v1/projects/{PROJECT}/tasks?limit=3").json()
    assert [each["id"] for each in listed["data"]] == [lowest["id"], middle["id"], top["id"]]
    further = live.call("GET", f"/v1/projects/{PROJECT}/tasks?limit=3&cursor={listed['meta']['cursor']['next']}")
    assert further.json()["data"][0]["id"] not in {lowest["id"], middle["id"], top["id"]}
    mine = {"field": "project_id", "operator": "eq", "value": PROJECT}
    beneath = {"field": "parent_id", "operator": "eq", "value": top["id"]}
    found = live.call("POST", "/v1/project_tasks/search", {"filters": [mine, beneath]}).json()["data"]
    assert [each["id"] for each in found] == [middle["id"]]


def test_a_cursor_of_one_project_s_tasks_is_none_of_another_s(live: Live) -> None:
    cursor = live.call("GET", f"/v1/projects/{PROJECT}/tasks?limit=1").json()["meta"]["cursor"]["next"]
    filters = [{"field": "status", "operator": "eq", "value": "active"}]
    others = live.call("POST", "/v1/projects/search", {"filters": filters}).json()["data"]
    other = next(each["id"] for each in others if each["id"] != PROJECT)
    refused = live.call("GET", f"/v1/projects/{other}/tasks?limit=1&cursor={cursor}")
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid")


def test_what_a_task_may_not_lie_beneath_is_told_at_its_parent(live: Live) -> None:
    top = _task(live)
    middle = _task(live, parent_id=top["id"])
    path = f"/v1/project_tasks/{top['id']}"
    assert _errors(live.call("PATCH", path, {"parent_id": middle["id"]})) == [("/parent_id", "parent_cycle")]
    assert _errors(live.call("PATCH", path, {"parent_id": top["id"]})) == [("/parent_id", "parent_cycle")]
    assert _errors(live.call("PATCH", path, {"parent_id": NOBODYS})) == [("/parent_id", "parent_elsewhere")]
    assert _errors(live.call("PATCH", path, {"project_id": PROJECT})) == [("/project_id", "immutable")]
    deep = middle
    for _ in range(3):
        deep = _task(live, parent_id=deep["id"])
    body = {"project_id": PROJECT, "title": "Too deep", "parent_id": deep["id"]}
    assert _errors(live.call("POST", "/v1/project_tasks", body)) == [("/parent_id", "too_deep")]


def test_a_task_joined_to_another_project_is_one_that_does_not_exist(live: Live) -> None:
    own = _task(live)["id"].partition(".")[2]
    filters = [{"field": "status", "operator": "eq", "value": "active"}]
    projects = live.call("POST", "/v1/projects/search", {"filters": filters}).json()["data"]
    other = next(each["id"] for each in projects if each["id"] != PROJECT).removeprefix("proj_")
    for above in (other, THEIRS.removeprefix("proj_")):
        joined = f"/v1/project_tasks/ptask_{above}.{own}"
        for method, path, body in (
            ("GET", joined, None),
            ("PATCH", joined, {"title": "x"}),
            ("DELETE", joined, None),
            ("POST", f"{joined}/status", {"status": "done"}),
            ("POST", f"{joined}/time_logs", {"minutes": 5, "worked_on": "2026-06-01"}),
            ("GET", f"{joined}/time_logs", None),
        ):
            answer = live.call(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (404, "record_not_found"), (method, path)


def test_a_project_of_another_tenant_has_no_tasks_and_takes_none(live: Live) -> None:
    search = {"filters": [{"field": "project_id", "operator": "eq", "value": THEIRS}]}
    assert live.call("POST", "/v1/project_tasks/search", search).json()["data"] == []
    assert live.call("GET", f"/v1/projects/{THEIRS}/tasks").status_code == 404
    refused = live.call("POST", "/v1/project_tasks", {"project_id": THEIRS, "title": "x"})
    assert _errors(refused) == [("/project_id", "refused")]


def test_time_is_logged_listed_and_taken_back(live: Live) -> None:
    task = _task(live)
    path = f"/v1/project_tasks/{task['id']}/time_logs"
    made = live.call("POST", path, {"minutes": 90, "worked_on": "2026-06-17", "note": "Walls"})
    assert made.status_code == 201, made.text
    assert "location" not in made.headers
    log = made.json()["data"]
    assert (log["project_id"], log["task_id"], log["minutes"]) == (PROJECT, task["id"], 90)
    assert log["user_id"] == "usr_" + live.a.users["owner"]["user_id"]
    live.call("POST", path, {"minutes": 30, "worked_on": "2026-06-18"}).raise_for_status()
    assert [each["minutes"] for each in live.call("GET", path).json()["data"]] == [30, 90]
    assert live.call("GET", f"/v1/project_tasks/{task['id']}").json()["data"]["logged_minutes"] == 120
    gone = live.call("DELETE", f"{path}/{log['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert live.call("DELETE", f"{path}/{log['id']}").status_code == 404
    assert live.call("GET", f"/v1/project_tasks/{task['id']}").json()["data"]["logged_minutes"] == 30


@pytest.mark.parametrize("minutes", [0, -5, 1441, 10**9])
def test_a_day_has_so_many_minutes_and_no_more(live: Live, minutes: int) -> None:
    before = live.counted()
    path = f"/v1/project_tasks/{NOBODYS}/time_logs"
    refused = live.call("POST", path, {"minutes": minutes, "worked_on": "2026-06-17"})
    assert _errors(refused) == [("/minutes", "out_of_range")]
    assert live.counted() == before


def test_time_for_somebody_else_is_what_a_member_s_role_forbids(live: Live) -> None:
    path = f"/v1/project_tasks/{_task(live)['id']}/time_logs"
    body = {"minutes": 5, "worked_on": "2026-06-17", "user_id": "usr_" + live.a.users["manager"]["user_id"]}
    refused = live.call("POST", path, body, token=live.a.tokens["member"])
    assert (refused.status_code, refused.json()["code"]) == (403, "role_forbids")
    assert live.call("POST", path, body, token=live.a.tokens["manager"]).status_code == 201


def _ticket(live: Live) -> str:
    body = {"subject": "Dark", "description": "No light.", "requester_email": "a@example.com"}
    return live.call("POST", "/v1/tickets", body).headers["location"]


def test_a_comment_says_who_sees_it_and_there_is_no_default(live: Live) -> None:
    ticket = _ticket(live)
    before = live.counted()
    assert _errors(live.call("POST", f"{ticket}/comments", {"body": "Hm."})) == [("/visibility", "required")]
    assert live.counted() == before
    for visibility in ("internal", "public"):
        made = live.call("POST", f"{ticket}/comments", {"visibility": visibility, "body": f"Hm, {visibility}."})
        assert (made.status_code, "location" in made.headers) == (201, False), made.text
        comment = made.json()["data"]
        assert (comment["visibility"], comment["author_type"]) == (visibility, "agent")
        assert ticket.endswith(comment["ticket_id"])
    listed = live.call("GET", f"{ticket}/comments").json()["data"]
    assert [each["visibility"] for each in listed] == ["public", "internal"]
    assert live.call("GET", ticket).json()["data"]["comment_count"] == 2


def test_a_closed_ticket_takes_no_comment(live: Live) -> None:
    ticket = _ticket(live)
    live.call("POST", f"{ticket}/status", {"status": "closed"}).raise_for_status()
    refused = live.call("POST", f"{ticket}/comments", {"visibility": "public", "body": "One more thing."})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_conflict")
    assert (refused.json()["current_status"], refused.json()["allowed"]) == ("closed", [])
