"""Standing faults, the log of calls, events on demand, and agents: test mode from the outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.keys import token_format
from gateway.stores.sql import tokens
from tests.attacks.wire import exchange, head
from tests.sandboxes.boxed import Boxed, minted

SEARCH: tuple[str, str, dict[str, Any]] = ("POST", "/v1/contacts/search", {})
FAULTS = "/v1/test/faults"
CALLS = "/v1/test/requests"


@pytest.fixture(autouse=True)
def _none_stands(boxed: Boxed) -> Iterator[None]:
    yield
    assert boxed.call("DELETE", FAULTS).status_code == 204


def stand(boxed: Boxed, *faults: dict[str, Any]) -> httpx.Response:
    return boxed.call("PUT", FAULTS, {"faults": list(faults)})


def test_a_standing_fault_is_met_as_often_as_it_says_and_then_no_more(boxed: Boxed) -> None:
    row = {"method": "POST", "path": "/v1/contacts/search", "times": 2, "fault": "rate_limited; retry_after=3"}
    answer = stand(boxed, row)
    assert answer.status_code == 200 and answer.json()["data"] == [row | {"remaining": 2}]
    assert [boxed.call(*SEARCH).status_code for _ in range(4)] == [429, 429, 200, 200]
    assert boxed.call("GET", FAULTS).json()["data"] == [row | {"remaining": 0}]


def test_the_bare_list_is_taken_too_and_its_faults_are_pointed_at(boxed: Boxed) -> None:
    row = {"path": "/v1/contacts/{id}", "fault": "conflict"}
    assert boxed.call("PUT", FAULTS, [row | {"fault": "overloaded"}]).json()["data"][0]["times"] is None
    assert boxed.call("GET", f"/v1/contacts/con_{'0' * 24}").json()["code"] == "overloaded"
    refused = boxed.call("PUT", FAULTS, [row, {"path": "contacts", "fault": "x"}])
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/1/path"]


def test_what_is_no_standing_fault_is_refused_where_it_is_wrong_and_changes_nothing(boxed: Boxed) -> None:
    good = {"path": "/v1/me", "fault": "identity_unavailable"}
    assert stand(boxed, good).status_code == 200
    for row, pointer in (
        ({"path": "/v1/me", "fault": "nonsense"}, "/faults/1/fault"),
        ({"path": "/v1/me", "fault": "slow"}, "/faults/1/fault"),
        ({"path": "/v1/test/faults", "fault": "conflict"}, "/faults/1/path"),
        ({"path": "/v1/me", "fault": "conflict", "times": 0}, "/faults/1/times"),
        ({"path": "/v1/me", "fault": "conflict", "method": "LIST"}, "/faults/1/method"),
        ({"path": "/v1/me"}, "/faults/1/fault"),
    ):
        refused = stand(boxed, good, row)
        assert refused.status_code == 422 and [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    assert stand(boxed, *[good] * 51).json()["errors"][0]["pointer"] == "/faults"
    assert boxed.call("GET", "/v1/me").json()["code"] == "identity_unavailable"


def test_of_calls_at_once_exactly_as_many_meet_it(boxed: Boxed) -> None:
    stand(boxed, {"path": "/v1/me", "times": 5, "fault": "store_unavailable"})
    with ThreadPoolExecutor(8) as pool:
        met = Counter(pool.map(lambda _: boxed.call("GET", "/v1/me").status_code, range(24)))
    assert met == {503: 5, 200: 19}


def test_a_header_goes_before_what_stands_and_live_calls_meet_nothing(boxed: Boxed) -> None:
    stand(boxed, {"path": "/v1/me", "times": 1, "fault": "store_unavailable"})
    assert boxed.live.call("GET", "/v1/me").status_code == 200
    assert boxed.code("token_expired", "GET", "/v1/me") == "token_expired"
    assert boxed.call("GET", "/v1/me").json()["code"] == "store_unavailable"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", FAULTS, None), ("PUT", FAULTS, {"faults": []}), ("GET", CALLS, None), ("POST", "/v1/test/events/x", None)],
)
def test_a_live_token_gets_nothing_of_test_mode(boxed: Boxed, method: str, path: str, body: Any) -> None:
    answer = boxed.live.call(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "test_token_required")


def test_the_log_has_request_answer_contract_and_internal_calls_without_secrets(boxed: Boxed) -> None:
    name = f"Ada {uuid4()}"
    created = boxed.call("POST", "/v1/contacts", {"first_name": name}, headers={"Idempotency-Key": str(uuid4())})
    found = boxed.call("GET", CALLS + "?limit=1")
    call = found.json()["data"][0]
    assert call["id"] == created.headers["x-request-id"] and call["operation"] == "contacts.create"
    assert call["contract"] == "2026-09-01" and call["code"] is None and call["fault"] is None
    assert call["token_id"] == f"tok_{boxed.token_id}"
    request, answer = call["request"], call["answer"]
    assert (request["method"], request["path"], answer["status"]) == ("POST", "/v1/contacts", 201)
    assert name in request["body"] and created.json()["data"]["id"] in answer["body"]
    sent = {each["name"]: each["value"] for each in request["headers"]}
    assert sent["authorization"] == "[concealed]" and sent["version"] == "2026-09-01"
    told = {each["name"]: each["value"] for each in answer["headers"]}
    assert told["version"] == "2026-09-01" and told["location"] == created.headers["location"]
    (inner,) = call["calls"]
    assert (inner["service"], inner["method"], inner["status"]) == ("crm", "POST", 201) and name in inner["body"]
    assert boxed.token not in found.text and boxed.tenant.api_key not in found.text


def test_the_log_tells_what_failed_and_with_which_fault(boxed: Boxed) -> None:
    boxed.meets("upstream_timeout", *SEARCH)
    boxed.call("POST", "/v1/contacts", {"frist_name": "Ada"})
    wrong, late = boxed.call("GET", CALLS + "?limit=2").json()["data"]
    assert (late["code"], late["fault"], late["answer"]["status"]) == ("upstream_timeout", "upstream_timeout", 504)
    assert [each["error"] for each in late["calls"]] == ["timeout"]
    assert (wrong["code"], wrong["calls"]) == ("validation_failed", [])
    assert "/frist_name" in wrong["answer"]["body"]


def test_the_log_has_what_nothing_answers_and_what_an_ended_token_asked_for(boxed: Boxed) -> None:
    (ended, ended_id), (token, token_id) = (minted(boxed.live, boxed.tenant, "owner") for _ in range(2))
    with boxed.live._session() as session:
        tokens.revoke(session, boxed.tenant.business_id, ended_id, "tried out", datetime.now(UTC))
    for _ in range(2):  # read from SQL, then known to the worker
        assert boxed.call("GET", "/v1/me", token=ended).json()["code"] == "token_revoked"
    assert boxed.call("GET", FAULTS, token=ended).json()["code"] == "token_revoked"
    boxed.call("GET", "/v1/me", token=token_format.mint("gw", "personal", "test"))
    nowhere = boxed.call("GET", "/v1/contact/search", token=token)
    assert (nowhere.json()["code"], nowhere.headers["test-mode"]) == ("route_unknown", "true")
    assert boxed.call("PUT", "/v1/contacts/search", {}, token=token).json()["code"] == "method_not_allowed"
    told = boxed.call("GET", CALLS + "?limit=4").json()["data"]
    assert [(row["operation"], row["code"], row["answer"]["status"], row["token_id"]) for row in told] == [
        ("unknown", "method_not_allowed", 405, f"tok_{token_id}"),
        ("unknown", "route_unknown", 404, f"tok_{token_id}"),
        ("me.get", "token_revoked", 401, f"tok_{ended_id}"),
        ("me.get", "token_revoked", 401, f"tok_{ended_id}"),
    ]
    assert token not in str(told) and ended not in str(told)


def test_the_log_is_read_in_pages_and_does_not_fill_with_its_own_reading(boxed: Boxed) -> None:
    for _ in range(3):
        boxed.call("GET", "/v1/me")
    first = boxed.call("GET", CALLS + "?limit=2").json()
    second = boxed.call("GET", f"{CALLS}?limit=2&cursor={first['meta']['cursor']['next']}").json()
    numbers = [each["number"] for each in (*first["data"], *second["data"])]
    assert numbers == list(range(numbers[0], numbers[0] - 4, -1))
    assert all(not each["path"].startswith("/v1/test") for each in (row["request"] for row in first["data"]))
    assert boxed.call("GET", CALLS + "?cursor=x").json()["code"] == "cursor_invalid"


def test_what_is_shown_once_is_not_in_the_log(boxed: Boxed) -> None:
    body = {"url": f"https://hooks.example.com/{uuid4()}", "events": ["contact.created"]}
    made = boxed.call("POST", "/v1/webhook_subscriptions", body)
    assert made.status_code == 201, made.text
    assert made.json()["data"]["secret"] not in boxed.call("GET", CALLS + "?limit=1").text
    assert boxed.call("DELETE", f"/v1/webhook_subscriptions/{made.json()['data']['id']}").status_code == 204


def test_an_event_on_demand_is_one_of_the_log_and_goes_to_the_subscriptions_that_want_it(boxed: Boxed) -> None:
    body = {"url": f"https://hooks.example.com/{uuid4()}", "events": ["contact.created"]}
    subscription = boxed.call("POST", "/v1/webhook_subscriptions", body).json()["data"]["id"]
    newest = boxed.call("POST", "/v1/contacts", {"first_name": "Ada"}).json()["data"]["id"]
    sent = boxed.call("POST", "/v1/test/events/contact.created")
    assert sent.status_code == 202, sent.text
    event = sent.json()["data"]
    assert event["type"] == "contact.created" and event["object_id"] == newest
    assert boxed.call("GET", f"/v1/events/{event['id']}").json()["data"] == event
    deliveries = boxed.call("GET", f"/v1/webhook_subscriptions/{subscription}/deliveries").json()["data"]
    assert event["id"] in {each["event_id"] for each in deliveries}
    named = boxed.call("POST", "/v1/test/events/contact.created", {"object_id": newest}).json()["data"]
    assert named["object_id"] == newest and named["id"] != event["id"]
    assert boxed.call("DELETE", f"/v1/webhook_subscriptions/{subscription}").status_code == 204


def test_an_event_that_cannot_be_is_refused(boxed: Boxed) -> None:
    unknown = boxed.call("POST", "/v1/test/events/contact.creatd")
    assert unknown.status_code == 422 and "contact.created" in unknown.text
    other = boxed.call("POST", "/v1/test/events/contact.created", {"object_id": "deal_1"})
    assert other.json()["errors"][0]["pointer"] == "/object_id"


@pytest.mark.parametrize("depth", [30, 300, 900])
def test_a_body_that_nests_deep_is_refused_and_remembered_without_what_is_secret_in_it(
    boxed: Boxed, depth: int
) -> None:
    body = ('{"a":' * depth + '{"password": "canary"}' + "}" * depth).encode()
    framing = "Content-Type: application/json", f"Content-Length: {len(body)}"
    # In one piece: what comes later than its head is read once it is needed, and is remembered as it was understood.
    refused = exchange(boxed.live, head(boxed.live, "POST", "/v1/contacts", *framing, token=boxed.token) + body)
    assert (refused.status, refused.code) in {(400, "json_malformed"), (422, "validation_failed")}
    kept = boxed.call("GET", f"{CALLS}?limit=1").json()["data"][0]
    assert (kept["answer"]["status"], kept["request"]["path"]) == (refused.status, "/v1/contacts")
    assert kept["request"]["body"] and "canary" not in str(kept)


def test_an_operator_sees_the_calls_of_a_sandbox_on_the_command_line(boxed: Boxed) -> None:
    assert boxed.code("upstream_failed", *SEARCH) == "upstream_failed"
    sandbox = f"biz_{boxed.tenant.business_id}"
    (call,) = boxed.live.run("test", "tail", sandbox, "-n", "1")["requests"]
    assert (call["code"], call["fault"], call["calls"][0]["service"]) == ("upstream_failed", "upstream_failed", "crm")
    config = str(boxed.live.served.home / "config.yaml")
    plain = boxed.live.served.run("test", "tail", sandbox, "-n", "1", "--config", config)
    assert "502  POST /v1/contacts/search" in plain.stdout and "(Test-Fault: upstream_failed)" in plain.stdout
    nobody = boxed.live.served.run("test", "tail", "biz_nobody", "--config", config)
    assert nobody.returncode == 4 and "there is no sandbox biz_nobody" in nobody.stderr
