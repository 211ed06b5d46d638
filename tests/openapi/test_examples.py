"""Every example of the documents is sent to a running gateway, and every answer is what the document promised."""

from __future__ import annotations

import itertools
import json
import os
import re
from contextlib import closing, nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapters.project_tasks import project_tasks
from gateway.stores.sql import Sql, webhook_clock, webhook_events
from gateway.stores.sql.webhook_events import NewEvent
from tests.conformance.declared import least
from tests.live import Live
from tests.openapi.generated import GENERATED, validator
from tests.openapi.trials import attempted

ALL = [
    (date, method, path)
    for date, document in GENERATED.items()
    for path, methods in document["paths"].items()
    # Only a sandbox has those of test mode: tests/sandboxes/test_examples.py sends them.
    if not path.startswith("/v1/test/")
    for method in methods
]
ID = re.compile(
    r"\b(con|cmp|deal|pipe|stage|task|note|act|usr|emp|proj)_[0-9a-z-]{20,}\b|\b(acct|prod|whs|dept)_[0-9a-f]+\b"
    r"|\b(ptask)_[0-9a-z]+[.][0-9a-z]+\b"
)
# What cannot be made without another record of the same workspace.
REFERRING = {"/v1/invoices", "/v1/journal_entries", "/v1/project_tasks"}
# A step that only another one makes possible.
BEFORE = {
    "/v1/expenses/{id}/reimburse": "approve",
    "/v1/invoices/{id}/payments": "mark_sent",
    "/v1/payroll_runs/{id}/mark_paid": "process",
}


@pytest.fixture(scope="module")
def known(live: Live) -> dict[str, str]:
    """The prefix of each type of id → one that is there, in place of the invented one of the examples."""

    def first(path: str, **asked: Any) -> Any:
        found = live.call("POST", f"/v1/{path}/search", {"limit": 1, **asked})
        assert found.status_code == 200, found.text
        return found.json()["data"][0]

    pipeline = first("pipelines")
    paths = (
        "contacts",
        "companies",
        "deals",
        "tasks",
        "notes",
        "activities",
        "accounts",
        "products",
        "warehouses",
    )
    ids = [first(path)["id"] for path in paths] + [pipeline["id"], pipeline["stages"][0]["id"]]
    # Of those that were seeded: whoever is at work, in a department where people are paid.
    working = {"field": "status", "operator": "eq", "value": "active"}
    employee = first("employees", filters=[working], order_by="created_at", sort_direction="asc")
    task = first("project_tasks", **least(project_tasks), order_by="created_at", sort_direction="asc")
    ids += [employee["id"], employee["department_id"], task["project_id"], task["id"]]
    ids.append("usr_" + live.a.users["owner"]["user_id"])
    return {each.partition("_")[0]: each for each in ids}


def real(text: str, known: dict[str, str]) -> str:
    return fresh(ID.sub(lambda found: known[found[1] or found[2] or found[3]], text))


# A value that no two records may share works once as it stands; tests run an example more often.
SHARED_BY_NONE = re.compile(
    r"\bWEB-1\b|\bE1042\b|\bada\.lovelace(?=@)|\bLAMP-7\b|\bINV-00042(?=\")|https://hooks\.example\.com/in"
)
_SERIAL = itertools.count(1)


# Nobody is away twice on one day.
DAY = re.compile(r"\b2027-03-08\b")


def fresh(text: str) -> str:
    if DAY.search(text):
        text = DAY.sub((date(2027, 3, 8) + timedelta(next(_SERIAL))).isoformat(), text)
    return SHARED_BY_NONE.sub(lambda found: f"{found[0]}{next(_SERIAL)}", text)


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def bodies(operation: dict[str, Any]) -> list[tuple[str | None, str]]:
    """Media type and text of every example of the request, or none."""
    found: list[tuple[str | None, str]] = []
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        examples = (
            [content["example"]] if "example" in content else [e["value"] for e in content.get("examples", {}).values()]
        )
        found += [(media, each if isinstance(each, str) else json.dumps(each)) for each in examples]
    return found or [(None, "")]


def made(live: Live, date: str, path: str, known: dict[str, str]) -> str:
    """The id of a new record, made by the example of its create, or of any that is there where none can be made."""
    if path == "/v1/events":
        return happened(live)
    create = GENERATED[date]["paths"].get(path, {}).get("post")
    if create is None:
        return live.call("POST", f"{path}/search", {"limit": 1}, version=date).json()["data"][0]["id"]  # type: ignore[no-any-return]
    *_, example = create["requestBody"]["content"]["application/json"]["examples"].values()
    answer = live.call("POST", path, json.loads(real(json.dumps(example["value"]), known)), version=date)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["id"]  # type: ignore[no-any-return]


def happened(live: Live) -> str:
    """The id of an event in the log."""
    new = NewEvent(live.a.business_id, "deal.won", f"deal_{'0' * 24}", datetime.now(UTC), os.urandom(32), "service")
    with closing(Sql(f"sqlite:///{live.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
        accepted = webhook_events.accept(session, [new], webhook_clock.now(session))
    (event_id,) = accepted.ids.values()
    return f"evt_{event_id}"


def beneath(live: Live, address: str, name: str) -> str | None:
    """The id of something beneath a record that is there; None where any will do."""
    place = address.partition("/{")[0].rpartition("/")[0]
    if name == "delivery_id":
        found = live.call("GET", f"{place}/deliveries").json()["data"][0]["id"]
    elif name == "replay_id":
        found = live.call("POST", f"{place}/replay", {"since": "2026-01-01T00:00:00Z"}).json()["data"]["id"]
    elif name == "time_log_id":
        found = live.call("POST", f"{place}/time_logs", {"minutes": 90, "worked_on": "2026-06-17"}).json()["data"]["id"]
    else:
        return None
    return str(found)


@pytest.mark.parametrize(("date", "method", "path"), ALL, ids=[" ".join(each) for each in ALL])
def test_the_example_works_as_it_says(live: Live, known: dict[str, str], date: str, method: str, path: str) -> None:
    document = GENERATED[date]
    operation = document["paths"][path][method]
    parameters = [resolved(document, each) for each in operation["parameters"]]
    success = next(status for status in operation["responses"] if status.startswith("2"))
    for media, text in bodies(operation):
        address = path
        for parameter in parameters:
            if parameter["in"] == "path":
                collection = path.partition("/{")[0]
                named = parameter["name"]
                if named == "id":
                    value = made(live, date, collection, known)
                    if before := BEFORE.get(path):
                        live.call("POST", f"{collection}/{value}/{before}", version=date).raise_for_status()
                else:
                    value = beneath(live, address, named) or str(parameter["example"])
                address = address.replace("{" + named + "}", value)
        query = [
            f"{each['name']}={each['example']}" for each in parameters if each["in"] == "query" and "example" in each
        ]
        headers = {"Content-Type": media} if media else {}
        content = real(text, known).encode()
        with attempted(live) if path.endswith("/test") else nullcontext():
            answer = live.call(
                method.upper(),
                f"{address}?{'&'.join(query)}".rstrip("?"),
                version=date,
                headers=headers,
                content=content or None,
            )
        assert str(answer.status_code) == success, answer.text
        promised(date, operation["responses"][success], answer)


CREATES = [
    (date, path) for date, method, path in ALL if method == "post" and path.count("/") == 2 and path not in REFERRING
]


@pytest.mark.parametrize(("date", "path"), CREATES, ids=[" ".join(each) for each in CREATES])
def test_the_first_example_of_a_create_works_as_it_stands_in_every_workspace(live: Live, date: str, path: str) -> None:
    content = GENERATED[date]["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    example = next(iter(content["examples"].values()))["value"]
    for tenant in (live.a, live.b):
        body = json.loads(fresh(json.dumps(example)))
        answer = live.call("POST", path, body, version=date, token=tenant.tokens["owner"])
        assert answer.status_code == 201, answer.text


def test_no_example_of_a_key_is_one_that_others_would_send_too() -> None:
    for document in GENERATED.values():
        key = document["components"]["parameters"]["IdempotencyKey"]
        assert not {"example", "examples"} & {*key, *key["schema"]}


def promised(date: str, response: dict[str, Any], answer: Any) -> None:
    """The answer's headers and body are those of the document of that date."""
    for name, header in response["headers"].items():
        if resolved(GENERATED[date], header).get("required"):
            assert name in answer.headers, name
    if "content" not in response:
        assert answer.content == b""
        return
    media = answer.headers["content-type"].partition(";")[0]
    value = answer.json() if media == "application/json" else answer.text
    assert [error.message for error in validator(date, response["content"][media]["schema"]).iter_errors(value)] == []
