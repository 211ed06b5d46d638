"""`/v1/webhook_subscriptions`: what may be asked for, by whom, and what is told of it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.keys import token_format
from gateway.stores.sql import Session, audit, webhook_deliveries, webhook_endpoints, webhook_events
from gateway.webhooks import own_events, telling
from tests.live import NEWEST, OLDEST, Live
from tests.webhooks.subscribing import PATH, SCOPES, People, refused


def test_what_is_made_is_answered_with_its_secret_and_read_without(people: People) -> None:
    answer = people.create(events=["deal.won", "contact.created"], description="CRM sync", headers={"X-Key": "k"})
    made = answer.json()["data"]
    assert made["status"] == "enabled"
    assert (made["version"], made["payload"], made["max_in_flight"]) == (NEWEST, "full", 8)
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)) == 32
    read = people.call("GET", answer.headers["location"].removeprefix(PATH)).json()["data"]
    assert read == {name: value for name, value in made.items() if name != "secret"} | {"backlog": read["backlog"]}
    assert read["header_names"] == ["X-Key"]
    found = people.call(
        "POST", "/search", {"filters": [{"field": "events", "operator": "contains_any", "values": ["deal.won"]}]}
    )
    assert made["id"] in [each["id"] for each in found.json()["data"]]


def test_the_contract_is_that_of_the_request_and_can_be_changed(people: People) -> None:
    made = people.one(sent_version=OLDEST)
    assert made["version"] == OLDEST
    changed = people.call("PATCH", f"/{made['id']}", {"version": NEWEST, "payload": "thin", "rate": 5})
    assert {**made, **changed.json()["data"]} | {"version": NEWEST, "payload": "thin", "rate": 5} == {
        **made,
        **changed.json()["data"],
    }
    assert refused(people.call("PATCH", f"/{made['id']}", {"version": "2026-07-01"})) == [("/version", "value_unknown")]


@pytest.mark.parametrize("member", ["id", "status", "secret", "created_at", "failing_since"])
def test_what_the_gateway_sets_of_one_cannot_be_sent(people: People, member: str) -> None:
    body = {"url": "https://hooks.example.com/in", "events": ["deal.won"], member: "paused"}
    told = [(f"/{member}", "field_read_only")]
    assert refused(people.call("POST", "", body)) == told
    assert refused(people.call("PATCH", f"/{people.one()['id']}", {member: None})) == told


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://hooks.example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
        ),
        *(
            "https://user@hooks.example.com/",
            "https://hooks.example.com./",
            "https://localhost/",
            "https://x.internal/",
        ),
        *(
            "https://hooks.example.com:22/",
            "https://hooks.example.com/#x",
            "https://xn--pple-43d.com:444/",
            "ftp://a.example/",
        ),
    ],
)
def test_case_20_a_url_that_may_not_be_called_is_refused_at_its_place(people: People, url: str) -> None:
    assert refused(people.create(status=422, url=url)) == [("/url", "url_not_allowed")]
    kept = people.one()
    assert refused(people.call("PATCH", f"/{kept['id']}", {"url": url})) == [("/url", "url_not_allowed")]


@pytest.mark.parametrize("event", ["contact.updated", "deal.*", "*", "deal.wonn"])
def test_case_37_a_type_that_does_not_exist_is_refused_with_those_that_do(people: People, event: str) -> None:
    answer = people.create(status=422, events=["deal.won", event])
    assert refused(answer) == [("/events/1", "event_unknown")]
    allowed = answer.json()["errors"][0]["allowed"]
    assert {"deal.won", own_events.FAILING} <= set(allowed)
    assert own_events.TEST not in allowed


def test_types_are_asked_for_once_and_at_least_one(people: People) -> None:
    assert refused(people.create(status=422, events=["deal.won", "deal.won"])) == [("/events/1", "event_repeated")]
    assert refused(people.create(status=422, events=[])) == [("/events", "too_short")]
    assert refused(people.create(status=422, events=[f"x.{at}" for at in range(21)])) == [("/events", "too_long")]


@pytest.mark.parametrize("name", ["Host", "content-length", "Webhook-Id", "Transfer-Encoding", "Version"])
def test_a_header_that_is_the_gateways_is_refused(people: People, name: str) -> None:
    assert refused(people.create(status=422, headers={name: "x"})) == [(f"/headers/{name}", "header_not_allowed")]
    assert refused(people.create(status=422, headers={"X": "a\r\nb"})) == [("/headers/X", "format_invalid")]


def test_nobody_is_told_what_their_scopes_or_role_do_not_cover(live: Live, people: People) -> None:
    scarce = live.token(live.a, "owner", "webhook.all contact.read")
    answer = people.create(scarce, status=403)
    assert (answer.json()["code"], answer.json()["required_scopes"]) == ("scope_missing", ["deal.read"])
    # A manager may read what is delivered, and make nothing.
    manager = live.token(live.a, "manager", SCOPES)
    assert people.create(manager, status=403).json()["code"] == "role_forbids"
    assert people.call("POST", "/search", {}, token=manager).status_code == 200
    member = live.token(live.a, "member", SCOPES)
    assert people.call("POST", "/search", {}, token=member).status_code == 403


def test_a_person_sees_their_own_administrators_all_and_no_other_workspace_any(live: Live, people: People) -> None:
    made = people.one()
    path = f"/{made['id']}"
    again = live.token(live.a, "owner", SCOPES)
    assert people.call("GET", path, token=again).status_code == 200
    for stranger in (live.token(live.a, "manager", SCOPES), live.token(live.b, "owner", SCOPES)):
        assert people.call("GET", path, token=stranger).json()["code"] == "record_not_found"
        assert made["id"] not in [e["id"] for e in people.call("POST", "/search", {}, token=stranger).json()["data"]]


def test_the_same_url_and_types_make_no_second_subscription(people: People) -> None:
    made = people.one()
    answer = people.create(status=409, url=made["url"])
    assert (answer.json()["code"], answer.json()["existing_id"]) == ("subscription_exists", made["id"])
    people.create(url=made["url"], events=["contact.created"])


def test_case_37_the_fifty_first_of_a_workspace_is_refused(live: Live, people: People) -> None:
    token = live.token(live.b, "owner", SCOPES)
    first = people.create(token).json()["data"]["id"].removeprefix("whk_")

    def fill(session: Any) -> list[str]:
        kept = webhook_endpoints.get(session, first)
        assert kept is not None
        columns = {name: getattr(kept, name) for name in kept.__slots__}
        missing = webhook_endpoints.MOST - len(webhook_endpoints.of_tenant(session, kept.tenant_id))
        made = [token_format.new_timed_id(at + 1) for at in range(missing)]
        for each in made:
            webhook_endpoints.add(session, webhook_endpoints.Endpoint(**columns | {"id": each, "owner_id": "other"}))
        return made

    made = people.store(fill)
    assert people.create(token, status=409).json()["code"] == "subscription_limit"
    people.store(lambda session: [webhook_endpoints.remove(session, each, datetime.now(UTC)) for each in made])
    people.create(token)


def test_a_create_repeated_with_its_key_is_answered_with_the_same_secret(people: People) -> None:
    body = {"url": f"https://hooks.example.com/{token_format.random_text(8)}", "events": ["deal.won"]}
    headers = {"Idempotency-Key": token_format.random_text(12)}
    first, second = (people.call("POST", "", body, headers=headers) for _ in range(2))
    people.made.append((first.json()["data"]["id"], people.owner))
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == first.json()
    assert second.json()["data"]["secret"].startswith("whsec_")


def test_pausing_resuming_and_deleting_are_written_down(live: Live, people: People) -> None:
    made = people.one()
    path = f"/{made['id']}"
    assert people.call("POST", f"{path}/pause").json()["data"]["status"] == "paused"
    assert people.call("POST", f"{path}/pause").json()["data"]["status"] == "paused"
    assert people.call("POST", f"{path}/test").json()["code"] == "state_conflict"
    assert people.call("POST", f"{path}/resume", {"from": "now"}).json()["data"]["status"] == "enabled"
    assert refused(people.call("POST", f"{path}/resume", {"from": "yesterday"})) == [("/from", "value_unknown")]
    assert people.call("DELETE", path).status_code == 204
    assert people.call("GET", path).status_code == 404
    events = people.store(lambda session: audit.tail(session, live.a.business_id, limit=500))
    assert [each.action for each in events if each.subject == made["id"]] == [
        "webhook.create",
        "webhook.pause",
        "webhook.resume",
        "webhook.delete",
    ]


def test_a_trial_of_one_that_has_yet_to_be_told_what_it_missed_goes_before_that(live: Live, people: People) -> None:
    """Without a courier it stays as far behind as it was when it was resumed."""
    made = people.one()
    endpoint_id, path = made["id"].removeprefix("whk_"), f"/{made['id']}"

    def tried(session: Session) -> str | None:
        endpoint = webhook_endpoints.get(session, endpoint_id)
        assert endpoint is not None
        event_id = telling.trial(session, endpoint, "", datetime.now(UTC))
        return webhook_deliveries.of_event(session, endpoint_id, event_id)

    people.call("POST", f"{path}/pause").raise_for_status()
    assert people.store(tried) is None
    people.call("POST", f"{path}/resume").raise_for_status()
    assert people.store(tried) is not None


def test_a_disabled_one_is_enabled_six_times_an_hour_and_tried_each_time(live: Live, people: People) -> None:
    made = people.one()
    endpoint_id = made["id"].removeprefix("whk_")
    for _ in range(6):
        people.store(
            lambda session: webhook_endpoints.stop(session, endpoint_id, "disabled", "failing", datetime.now(UTC))
        )
        assert people.call("POST", f"/{made['id']}/resume").json()["data"]["status"] == "enabled"
    people.store(lambda session: webhook_endpoints.stop(session, endpoint_id, "disabled", "failing", datetime.now(UTC)))
    answer = people.call("POST", f"/{made['id']}/resume")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    assert people.call("GET", f"/{made['id']}").json()["data"]["disabled_reason"] == "failing"
    page = people.store(
        lambda session: webhook_events.page(session, live.a.business_id, types=["webhook.test"], limit=1000)
    )
    trials = [each for each in page if each.audience == endpoint_id]
    assert len(trials) == 7, "one when it was made, and one each time, behind what was missed"


def test_case_38_of_somebody_elses_an_administrator_sees_neither_the_url_nor_what_was_answered(
    live: Live, people: People
) -> None:
    """Case 38."""
    manager = live.token(live.a, "manager", "webhook.read")
    theirs = live.token(live.a, "owner", SCOPES)
    made = people.one(url="https://hooks.example.com:8443/canary?key=canary", token=theirs)
    assert people.call("GET", f"/{made['id']}", token=theirs).json()["data"]["url"].endswith("?key=canary")
    people.store(
        lambda session: webhook_endpoints.change(
            session, made["id"][4:], datetime.now(UTC), user_id="clx0a1b2c3d4e5f6g7h8i9j0k"
        )
    )
    shown = people.call("GET", f"/{made['id']}", token=people.owner)
    assert shown.json()["data"]["url"] == "https://hooks.example.com:8443"
    assert "canary" not in people.call("POST", "/search", {}, token=people.owner).text
    assert people.call("GET", f"/{made['id']}", token=manager).status_code == 404


def test_case_28_a_secret_is_replaced_with_an_overlap_and_told_to_the_owners_others(people: People) -> None:
    made = people.one()
    listening = people.one(events=[own_events.SECRET_ROTATED])
    rotated = people.call("POST", f"/{made['id']}/rotate_secret", {"overlap": "0s"}).json()["data"]
    assert rotated["secret"] != made["secret"]
    assert refused(people.call("POST", f"/{made['id']}/rotate_secret", {"overlap": "8d"})) == [
        ("/overlap", "out_of_range")
    ]
    assert people.call("POST", f"/{made['id']}/rotate_secret").status_code == 200
    told = people.call("GET", f"/{listening['id']}/deliveries").json()["data"]
    assert own_events.SECRET_ROTATED in [each["event_type"] for each in told]
