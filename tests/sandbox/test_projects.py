"""Projects, their tasks in a tree, and the time logged on them."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import PROJECTS, everything, got, made, patched, refusal

_STEPS = {
    "PLANNING": {"ACTIVE", "PAUSED", "DROPPED"}, "ACTIVE": {"PAUSED", "DONE", "DROPPED"}, "PAUSED": {"ACTIVE", "DROPPED"},
    "DONE": {"ACTIVE"}, "DROPPED": {"PLANNING"},
}  # fmt: skip
_WAY = {
    "PLANNING": (),
    "ACTIVE": ("ACTIVE",),
    "PAUSED": ("PAUSED",),
    "DONE": ("ACTIVE", "DONE"),
    "DROPPED": ("DROPPED",),
}
_TASK_STEPS = {
    "TODO": {"IN_PROGRESS", "BLOCKED", "DONE"}, "IN_PROGRESS": {"TODO", "REVIEW", "BLOCKED", "DONE"},
    "REVIEW": {"IN_PROGRESS", "BLOCKED", "DONE"}, "BLOCKED": {"TODO", "IN_PROGRESS"}, "DONE": {"TODO", "IN_PROGRESS"},
}  # fmt: skip
_TASK_WAY = {
    "TODO": (), "IN_PROGRESS": ("IN_PROGRESS",), "REVIEW": ("IN_PROGRESS", "REVIEW"), "BLOCKED": ("BLOCKED",), "DONE": ("DONE",),
}  # fmt: skip


@pytest.fixture
def project(meridian: httpx.Client) -> str:
    key: str = made(meridian, PROJECTS, title="Rollout", isBillable=True)["id"]
    return f"{PROJECTS}/{key}"


def task(client: httpx.Client, project: str, **body: Any) -> dict[str, Any]:
    return made(client, f"{project}/tasks", **{"name": "Build", **body})


@pytest.mark.parametrize("state", _STEPS)
def test_a_project_takes_the_steps_of_its_state_and_no_other(meridian: httpx.Client, state: str) -> None:
    for wanted in _STEPS:
        path = f"{PROJECTS}/{made(meridian, PROJECTS, title='Step')['id']}"
        for step in _WAY[state]:
            patched(meridian, path, status=step)
        answer = meridian.patch(path, json={"status": wanted})
        if wanted in _STEPS[state] | {state}:
            assert answer.json()["data"]["status"] == wanted
            assert (answer.json()["data"]["completedAt"] is not None) == (wanted == "DONE")
        else:
            assert refusal(answer) == ("invalid_state", [], state), wanted


@pytest.mark.parametrize("state", _TASK_STEPS)
def test_a_task_takes_the_steps_of_its_state_and_no_other(meridian: httpx.Client, project: str, state: str) -> None:
    for wanted in _TASK_STEPS:
        path = f"{project}/tasks/{task(meridian, project)['id']}"
        for step in _TASK_WAY[state]:
            patched(meridian, path, status=step)
        answer = meridian.patch(path, json={"status": wanted})
        if wanted in _TASK_STEPS[state] | {state}:
            assert answer.json()["data"]["status"] == wanted
        else:
            assert refusal(answer) == ("invalid_state", [], state), wanted


@pytest.mark.parametrize(
    ("body", "word", "field"),
    [
        ({"startsOn": "2026-05-02", "endsOn": "2026-05-01"}, "rule_violated", "endsOn"), ({"budget": 5}, "rule_violated", "currency"),
        ({"budget": 5.5, "currency": "JPY"}, "precision", "budget"), ({"key": "P101"}, "duplicate", "key"),
        ({"clientCompanyId": "0" * 24}, "validation_failed", "clientCompanyId"), ({"title": None}, "validation_failed", "title"),
    ],
)  # fmt: skip
def test_a_project_that_breaks_a_rule_is_refused(meridian: httpx.Client, body: Any, word: str, field: str) -> None:
    assert refusal(meridian.post(PROJECTS, json={"title": "A", **body})) == (word, [field], None)


def test_a_project_knows_how_far_it_is(meridian: httpx.Client, project: str) -> None:
    first, second = task(meridian, project), task(meridian, project)
    task(meridian, project, parentId=second["id"])
    assert got(meridian, f"{project}/tasks/{second['id']}")["childCount"] == 1
    patched(meridian, f"{project}/tasks/{first['id']}", status="DONE")
    row = got(meridian, project)
    assert (row["tasksTotal"], row["tasksDone"], row["progressPct"]) == (3, 1, 33)
    assert meridian.delete(f"{project}/tasks/{second['id']}").status_code == 204
    row = got(meridian, project)
    assert (row["tasksTotal"], row["tasksDone"], row["progressPct"]) == (1, 1, 100)
    assert [one["id"] for one in everything(meridian, f"{project}/tasks")] == [first["id"]]


def test_the_tree_of_tasks_has_no_circle_no_stranger_and_a_floor(meridian: httpx.Client, project: str) -> None:
    chain = [task(meridian, project)]
    for _ in range(4):
        chain.append(task(meridian, project, parentId=chain[-1]["id"]))
    below = meridian.post(f"{project}/tasks", json={"name": "Too deep", "parentId": chain[-1]["id"]})
    assert refusal(below) == ("parent_depth", ["parentId"], None)
    top = f"{project}/tasks/{chain[0]['id']}"
    assert refusal(meridian.patch(top, json={"parentId": chain[2]["id"]})) == ("parent_cycle", ["parentId"], None)
    assert refusal(meridian.patch(top, json={"parentId": chain[0]["id"]})) == ("parent_cycle", ["parentId"], None)
    other = task(meridian, project)
    assert refusal(meridian.patch(top, json={"parentId": other["id"]})) == ("parent_depth", ["parentId"], None)
    elsewhere = task(meridian, f"{PROJECTS}/{made(meridian, PROJECTS, title='Other')['id']}")
    assert refusal(meridian.patch(top, json={"parentId": elsewhere["id"]})) == ("parent_elsewhere", ["parentId"], None)
    assert refusal(meridian.patch(top, json={"parentId": "clx0"})) == ("validation_failed", ["parentId"], None)
    late = meridian.patch(top, json={"startDate": "2026-05-02", "dueDate": "2026-05-01"})
    assert refusal(late) == ("rule_violated", ["dueDate"], None)
    assert meridian.get(f"{project}/tasks/{elsewhere['id']}").status_code == 404
    assert meridian.patch(f"{project}/tasks/{elsewhere['id']}", json={}).status_code == 404


def test_time_is_logged_by_the_minute_on_a_day(box: Box, meridian: httpx.Client, project: str) -> None:
    row = task(meridian, project)
    logs = f"{project}/tasks/{row['id']}/timelogs"
    users = {role: box.user(role)["user_id"] for role in ("manager", "member")}
    with (
        box.speaker(0, **{"X-User-Id": users["member"]}) as member,
        box.speaker(0, **{"X-User-Id": users["manager"]}) as manager,
    ):
        own = made(member, logs, durationMinutes=90, workDate="2026-05-04")
        assert type(own["id"]) is int
        assert (own["workerId"], own["isBillable"], own["taskId"]) == (users["member"], True, row["id"])
        body = {"durationMinutes": 30, "workDate": "2026-05-04"}
        assert refusal(member.post(logs, json={**body, "workerId": users["manager"]})) == ("not_allowed", [], None)
        assert made(manager, logs, **body, workerId=users["member"], isBillable=False)["isBillable"] is False
        for minutes in (0, 1441):
            told = member.post(logs, json={**body, "durationMinutes": minutes})
            assert refusal(told) == ("rule_violated", ["durationMinutes"], None)
    assert got(meridian, f"{project}/tasks/{row['id']}")["loggedMinutes"] == 120
    listed = meridian.get(logs, params={"limit": 1}).json()
    assert listed.keys() == {"items", "nextCursor"} and listed["items"][0]["durationMinutes"] == 30
    assert [one["id"] for one in everything(meridian, logs)][-1] == own["id"]
    assert meridian.delete(f"{logs}/{own['id']}").status_code == 204
    assert got(meridian, f"{project}/tasks/{row['id']}")["loggedMinutes"] == 30
    other = task(meridian, project)
    assert meridian.get(f"{project}/tasks/{other['id']}/timelogs").json()["items"] == []
    assert meridian.get(f"{PROJECTS}/clx0/tasks/{row['id']}/timelogs").status_code == 404


def test_tasks_of_all_levels_are_listed_flat(meridian: httpx.Client) -> None:
    row = next(one for one in everything(meridian, PROJECTS) if one["tasksTotal"] > 10)
    path = f"{PROJECTS}/{row['id']}/tasks"
    rows = everything(meridian, path)
    assert len(rows) == row["tasksTotal"] and all(re.fullmatch("clx[0-9a-z]{22}", one["id"]) for one in rows)
    by_id = {one["id"]: one for one in rows}

    def level(one: dict[str, Any]) -> int:
        return 1 if one["parentId"] is None else 1 + level(by_id[one["parentId"]])

    assert {level(one) for one in rows} == {1, 2, 3}
    parent = next(one for one in rows if one["childCount"])
    beneath = meridian.get(path, params={"parentId": parent["id"]}).json()
    assert beneath["pagination"] == {"offset": 0, "limit": 25, "total": parent["childCount"]}


def test_deleting_a_project_takes_its_tasks_and_their_time_along(meridian: httpx.Client, project: str) -> None:
    row = task(meridian, project)
    made(meridian, f"{project}/tasks/{row['id']}/timelogs", durationMinutes=5, workDate="2026-05-04")
    spent = made(
        meridian, "/api/finance/expenses", purpose="Cab", category="Travel", total=5, currency="INR", date="2026-05-04",
        projectId=project.rpartition("/")[2],
    )  # fmt: skip
    assert meridian.delete(project).status_code == 204
    assert meridian.get(f"{project}/tasks").status_code == 404
    assert got(meridian, f"/api/finance/expenses/{spent['id']}")["projectId"] is None
