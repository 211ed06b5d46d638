"""Rows: creating, reading, merging, deleting, and what one tenant may know of another."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LEAST: dict[str, dict[str, Any]] = {
    "contacts": {"firstName": "Asha"},
    "companies": {"name": "Amber"},
    "deals": {"title": "Pilot"},
    "tasks": {"title": "Call"},
    "notes": {"content": "Text"},
    "activities": {"kind": "call"},
}
CHANGES: dict[str, dict[str, Any]] = {
    "contacts": {"lastName": "Rao"},
    "companies": {"domain": "amber.example"},
    "deals": {"value": 12.5},
    "tasks": {"done": True},
    "notes": {"pinned": True},
}


def made(client: httpx.Client, plural: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/api/crm/{plural}", json={**LEAST[plural], **body})
    assert answer.status_code == 201, answer.text
    row: dict[str, Any] = answer.json()["data"]
    return row


def complaints(answer: httpx.Response) -> dict[str, list[str]]:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "validation_failed"
    fields: dict[str, list[str]] = answer.json()["error"]["fields"]
    return fields


@pytest.mark.parametrize("plural", LEAST)
def test_a_row_lives_from_create_to_delete(meridian: httpx.Client, plural: str) -> None:
    row = made(meridian, plural)
    assert re.fullmatch(r"[0-9a-f]{24}", row["id"])
    assert INSTANT.fullmatch(row["createdAt"])
    path = f"/api/crm/{plural}/{row['id']}"
    assert meridian.get(path).json() == {"data": row}
    if plural in CHANGES:
        changed = meridian.patch(path, json=CHANGES[plural])
        assert changed.status_code == 200
        assert changed.json()["data"].items() >= CHANGES[plural].items()
        assert meridian.get(path).json() == changed.json()
    gone = meridian.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert meridian.get(path).status_code == meridian.delete(path).status_code == 404


@pytest.mark.parametrize("plural", LEAST)
def test_another_tenants_row_does_not_exist(meridian: httpx.Client, juniper: httpx.Client, plural: str) -> None:
    row = made(meridian, plural)
    path = f"/api/crm/{plural}/{row['id']}"
    assert juniper.get(path).status_code == 404
    assert juniper.delete(path).status_code == 404
    if plural in CHANGES:
        assert juniper.patch(path, json=CHANGES[plural]).status_code == 404
    found = juniper.post(f"/api/crm/{plural}/search", json={"where": {"field": "id", "op": "eq", "value": row["id"]}})
    assert found.json() == {"data": [], "total": 0}
    assert meridian.get(path).json()["data"] == row


@pytest.mark.parametrize("plural", ["contacts", "deals", "tasks", "notes", "activities"])
def test_a_reference_to_another_tenants_row_is_refused_like_one_to_nothing(
    meridian: httpx.Client, quiet: httpx.Client, plural: str
) -> None:
    foreign = made(quiet, "companies")["id"]
    for key in (foreign, "0" * 24, "nonsense"):
        answer = meridian.post(f"/api/crm/{plural}", json={**LEAST[plural], "companyId": key})
        assert complaints(answer) == {"companyId": ["does not exist"]}


def test_an_assignee_must_be_a_user_of_the_tenant(box: Box, meridian: httpx.Client) -> None:
    own, foreign = box.user("viewer")["user_id"], box.user("viewer", 1)["user_id"]
    contact = made(meridian, "contacts", assigneeId=own)
    assert contact["ownerRole"] == "viewer"
    assert complaints(meridian.patch(f"/api/crm/contacts/{contact['id']}", json={"assigneeId": foreign}))


def test_a_merge_keeps_what_is_absent_and_clears_what_is_null(meridian: httpx.Client) -> None:
    row = made(
        meridian, "contacts", lastName="Rao", email="a@b.example", tags=["x", "x", "y"], phoneNumbers=["1", "2"],
        customFields={"a": {"b": 1, "c": 2}, "d": 3},
    )  # fmt: skip
    assert row["name"] == "Asha Rao"
    assert row["tags"] == ["x", "y"]
    path = f"/api/crm/contacts/{row['id']}"
    patch = {
        "lastName": None,
        "phoneNumbers": ["3"],
        "tags": None,
        "customFields": {"a": {"b": None}, "d": 4},
        "bogus": 1,
    }
    after = meridian.patch(path, json=patch).json()["data"]
    assert (after["name"], after["lastName"], after["email"]) == ("Asha", None, "a@b.example")
    assert (after["phoneNumbers"], after["tags"], after["customFields"]) == (["3"], [], {"a": {"c": 2}, "d": 4})
    assert "bogus" not in after
    assert after["updatedAt"] >= row["updatedAt"]
    assert meridian.patch(path, json={"customFields": None}).json()["data"]["customFields"] == {}


def test_a_merge_that_changes_nothing_leaves_the_row_alone(meridian: httpx.Client) -> None:
    row = made(meridian, "companies", domain="a.example")
    path = f"/api/crm/companies/{row['id']}"
    for body in ({}, {"domain": "a.example"}, {"unknown": 1}, {"createdAt": "2020-01-01T00:00:00.000Z"}):
        assert meridian.patch(path, json=body).json()["data"] == row


def test_an_address_shows_all_its_members_and_merges(meridian: httpx.Client) -> None:
    row = made(meridian, "companies", address={"city": "Pune", "galaxy": "x"})
    empty = dict.fromkeys(("line1", "line2", "city", "state", "postalCode", "country"))
    assert row["address"] == {**empty, "city": "Pune"}
    path = f"/api/crm/companies/{row['id']}"
    assert meridian.patch(path, json={"address": {"city": None, "country": "IN"}}).json()["data"]["address"] == {
        **empty,
        "country": "IN",
    }
    assert meridian.patch(path, json={"address": None}).json()["data"]["address"] is None


def test_every_field_that_is_not_accepted_is_named(meridian: httpx.Client) -> None:
    body = {
        "email": "nowhere",
        "phoneNumbers": "123",
        "tags": [1],
        "customFields": [],
        "lastName": 5,
        "jobTitle": "a\0b",
    }
    told = complaints(meridian.post("/api/crm/contacts", json=body))
    assert told.keys() == {"firstName", "email", "phoneNumbers", "tags", "customFields", "lastName", "jobTitle"}
    assert told["firstName"] == ["is required"]


@pytest.mark.parametrize(
    ("plural", "body"),
    [
        ("contacts", {"firstName": "  "}),
        ("contacts", {"firstName": "x" * 501}),
        ("companies", {"employeeCount": 1.5}),
        ("companies", {"employeeCount": -1}),
        ("companies", {"address": "Main Road"}),
        ("deals", {"value": "12"}),
        ("deals", {"value": True}),
        ("deals", {"currency": "usd"}),
        ("deals", {"closeDate": "2026-02-30"}),
        ("deals", {"closeDate": "20260201"}),
        ("tasks", {"priority": "asap"}),
        ("tasks", {"done": 1}),
        ("tasks", {"dueDate": "2026-02-01"}),
        ("tasks", {"dueDate": "2026-02-31T00:00:00Z"}),
        ("activities", {"kind": "mail"}),
        ("activities", {"direction": "sideways"}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(meridian: httpx.Client, plural: str, body: dict[str, Any]) -> None:
    assert complaints(meridian.post(f"/api/crm/{plural}", json={**LEAST[plural], **body})).keys() == body.keys()


def test_timestamps_are_kept_in_utc_with_milliseconds(meridian: httpx.Client) -> None:
    for given, kept in (
        ("2026-06-17T20:00:00+05:30", "2026-06-17T14:30:00.000Z"),
        ("2026-06-17T14:30:00.1239Z", "2026-06-17T14:30:00.123Z"),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00.000Z"),
    ):
        assert made(meridian, "tasks", dueDate=given)["dueDate"] == kept


def test_deleting_a_row_clears_the_references_to_it(meridian: httpx.Client) -> None:
    company = made(meridian, "companies")["id"]
    contact = made(meridian, "contacts", companyId=company)
    deal = made(meridian, "deals", companyId=company, contactId=contact["id"])
    meridian.delete(f"/api/crm/companies/{company}")
    assert meridian.get(f"/api/crm/contacts/{contact['id']}").json()["data"] == {**contact, "companyId": None}
    assert meridian.get(f"/api/crm/deals/{deal['id']}").json()["data"] == {**deal, "companyId": None}
    found = meridian.get(f"/api/crm/contacts?companyId={company}").json()
    assert found["pagination"]["total"] == 0


def stages(client: httpx.Client, *, default: bool = True) -> tuple[str, dict[str, str]]:
    pipelines = client.get("/api/crm/pipelines").json()["data"]
    pipeline = next(one for one in pipelines if one["isDefault"] is default)
    return pipeline["id"], {stage["name"]: stage["id"] for stage in pipeline["stages"]}


def test_a_deals_stage_decides_its_status(meridian: httpx.Client) -> None:
    pipeline, stage = stages(meridian)
    deal = made(meridian, "deals")
    assert (deal["pipelineId"], deal["stageId"], deal["status"], deal["probability"]) == (
        pipeline,
        stage["New"],
        "open",
        10,
    )
    assert (deal["currency"], deal["value"], deal["closedAt"]) == ("USD", None, None)
    path = f"/api/crm/deals/{deal['id']}"
    lost = meridian.patch(path, json={"stageId": stage["Lost"], "lostReason": "price"}).json()["data"]
    assert (lost["status"], lost["probability"], lost["lostReason"]) == ("lost", 0, "price")
    assert INSTANT.fullmatch(lost["closedAt"])
    won = meridian.patch(path, json={"stageId": stage["Won"]}).json()["data"]
    assert (won["status"], won["probability"], won["lostReason"]) == ("won", 100, None)
    opened = meridian.patch(path, json={"stageId": stage["Proposal"], "status": "won"}).json()["data"]
    assert (opened["status"], opened["probability"], opened["closedAt"]) == ("open", 60, None)


def test_a_stage_and_a_pipeline_must_agree(meridian: httpx.Client, juniper: httpx.Client) -> None:
    _, stage = stages(meridian)
    other, others = stages(meridian, default=False)
    assert made(meridian, "deals", stageId=others["Won"])["pipelineId"] == other
    assert made(meridian, "deals", pipelineId=other)["stageId"] == others["New"]
    deal = made(meridian, "deals", stageId=stage["Proposal"])
    path = f"/api/crm/deals/{deal['id']}"
    assert meridian.patch(path, json={"pipelineId": other}).json()["data"]["stageId"] == others["New"]
    assert complaints(meridian.patch(path, json={"pipelineId": other, "stageId": stage["Won"]})).keys() == {"stageId"}
    _, foreign = stages(juniper)
    assert complaints(meridian.patch(path, json={"stageId": foreign["Won"]})) == {"stageId": ["does not exist"]}


def test_a_task_knows_when_it_was_completed(meridian: httpx.Client) -> None:
    task = made(meridian, "tasks")
    assert (task["done"], task["priority"], task["completedAt"]) == (False, "normal", None)
    path = f"/api/crm/tasks/{task['id']}"
    done = meridian.patch(path, json={"done": True}).json()["data"]
    assert INSTANT.fullmatch(done["completedAt"])
    assert meridian.patch(path, json={"done": True}).json()["data"] == done
    assert meridian.patch(path, json={"done": False}).json()["data"]["completedAt"] is None


def test_who_writes_is_recorded(box: Box, meridian: httpx.Client) -> None:
    user = box.user("manager")["user_id"]
    with box.speaker(0, **{"X-User-Id": user}) as manager:
        assert made(manager, "notes")["authorId"] == user
        assert made(manager, "activities")["userId"] == user
    assert made(meridian, "notes", authorId=user)["authorId"] is None


def test_tags_are_added_and_removed_one_by_one(meridian: httpx.Client) -> None:
    path = f"/api/crm/contacts/{made(meridian, 'contacts', tags=['a'])['id']}"
    assert meridian.post(f"{path}/tags", json={"tags": ["b/c", "a"]}).json() == {"data": ["a", "b/c"]}
    assert meridian.delete(f"{path}/tags", params={"tag": "b/c"}).json() == {"data": ["a"]}
    removed = meridian.request("DELETE", f"{path}/tags", json={"tags": ["a", "never"]})
    assert (removed.status_code, removed.json()) == (200, {"data": []})
    assert meridian.get(path).json()["data"]["tags"] == []
    assert complaints(meridian.post(f"{path}/tags", json={"tags": [5]}))
    assert meridian.post(f"/api/crm/contacts/{'0' * 24}/tags", json={"tags": ["a"]}).status_code == 404


def test_bodies_that_are_not_json_objects_are_refused(meridian: httpx.Client) -> None:
    for content, code in ((b"", "json_malformed"), (b"{", "json_malformed"), (b"[]", "validation_failed")):
        answer = meridian.post("/api/crm/contacts", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    form = meridian.post("/api/crm/contacts", data={"firstName": "A"})
    assert form.status_code == 415


def test_a_body_beyond_all_measure_is_refused(meridian: httpx.Client) -> None:
    body = b'{"firstName": "' + b"x" * 9_000_000 + b'"}'
    answer = meridian.post("/api/crm/contacts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_unknown_paths_and_methods_answer_in_the_services_own_shape(meridian: httpx.Client) -> None:
    assert meridian.get("/api/crm/leads").json()["error"]["code"] == "not_found"
    unsupported = meridian.put("/api/crm/contacts", json={})
    assert (unsupported.status_code, unsupported.json()["error"]["code"]) == (405, "method_not_allowed")
    assert meridian.patch(f"/api/crm/activities/{'0' * 24}", json={}).status_code == 405
