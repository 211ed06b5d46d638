"""Deliveries, replays and `/v1/events`: what is told of what happened."""

from __future__ import annotations

from typing import Any

from tests.live import Live
from tests.webhooks.subscribing import People, happened, refused


def test_deliveries_are_listed_a_page_at_a_time_and_sent_again_on_request(live: Live, people: People) -> None:
    made = people.one(url="https://hooks.example.com:8443/never")
    events = [happened(people, "deal.won", live.a.business_id) for _ in range(3)]
    seen: list[dict[str, Any]] = []
    query = "?limit=2"
    while query:
        page = people.call("GET", f"/{made['id']}/deliveries{query}").json()
        seen += page["data"]
        cursor = page["meta"]["cursor"]["next"]
        query = f"?limit=2&cursor={cursor}" if cursor else ""
    assert [each["event_id"] for each in seen][:3] == events[::-1]
    assert len({each["id"] for each in seen}) == len(seen)
    other = people.one()
    assert people.call("GET", f"/{other['id']}/deliveries/{seen[0]['id']}").status_code == 404
    answer = people.call("POST", f"/{made['id']}/deliveries/{seen[0]['id']}/redeliver")
    assert answer.status_code == 202
    again = answer.json()["data"]
    assert (again["event_id"], again["again"]) == (events[-1], True)
    assert again["id"] != seen[0]["id"]


def test_one_replay_runs_at_a_time(live: Live, people: People) -> None:
    made = people.one(url="https://hooks.example.com:8443/replayed")
    people.call("POST", f"/{made['id']}/pause")
    happened(people, "deal.won", live.a.business_id)
    body = {"since": "2026-01-01T00:00:00Z", "only": "all", "events": ["deal.won"]}
    begun = people.call("POST", f"/{made['id']}/replay", body)
    assert begun.status_code == 202, begun.text
    replay = begun.json()["data"]
    assert replay["total"] >= 1
    assert replay["since"] > body["since"], "what is older than 30 days is gone, and the answer says so"
    assert people.call("POST", f"/{made['id']}/replay", body).json()["code"] == "replay_running"
    assert people.call("GET", f"/{made['id']}/replays/{replay['id']}").json()["data"]["id"] == replay["id"]
    late = {"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    assert refused(people.call("POST", f"/{made['id']}/replay", late)) == [("/until", "before_start")]
    ahead = {"since": "2126-01-01T00:00:00Z"}
    assert refused(people.call("POST", f"/{made['id']}/replay", ahead)) == [("/since", "before_start")]


def test_the_log_shows_the_types_that_scopes_and_role_cover(live: Live, people: People) -> None:
    won, made = (happened(people, kind, live.a.business_id) for kind in ("deal.won", "contact.created"))
    elsewhere = happened(people, "deal.won", live.b.business_id)
    scarce = live.token(live.a, "owner", "webhook.read deal.read")

    def search(token: str, body: Any) -> list[str]:
        answer = live.call("POST", "/v1/events/search", body, token=token)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["data"]]

    newest = {"limit": 5}
    assert search(people.owner, newest)[:2] == [made, won]
    assert search(scarce, newest)[0] == won
    only = [{"field": "type", "operator": "in", "values": ["contact.created"]}]
    assert search(people.owner, {"filters": only, "limit": 1}) == [made]
    assert search(people.owner, {"filters": [{"not": only[0]}], "limit": 1}) == [won]
    future = {"field": "received_at", "operator": "gt", "value": "2099-01-01T00:00:00Z"}
    assert search(people.owner, {"filters": [future]}) == []
    read = live.call("GET", f"/v1/events/{won}", token=scarce).json()["data"]
    assert (read["type"], read["object"], read["origin"]) == ("deal.won", "deal", "service")
    for hidden in (made, elsewhere):
        assert live.call("GET", f"/v1/events/{hidden}", token=scarce).status_code == 404


def test_the_log_is_walked_without_repeating_or_skipping(live: Live, people: People) -> None:
    expected = [happened(people, "deal.won", live.a.business_id) for _ in range(5)]
    body: dict[str, Any] = {"limit": 2, "sort_direction": "desc"}
    seen: list[str] = []
    while len(seen) < 5:
        page = live.call("POST", "/v1/events/search", body, token=people.owner).json()
        seen += [each["id"] for each in page["data"]]
        body["cursor"] = page["meta"]["cursor"]["next"]
        happened(people, "deal.won", live.a.business_id)
    assert seen[:5] == expected[::-1]
