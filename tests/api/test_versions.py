"""Dated contracts over HTTP: the same record, each in the words of its date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.live import NEWEST, OLDEST, Live


def made(live: Live, **fields: object) -> str:
    answer = live.call("POST", "/v1/contacts", {"first_name": "Ada", **fields})
    assert answer.status_code == 201, answer.text
    location: str = answer.headers["location"]
    return location


def test_one_contact_answers_phone_to_the_old_contract_and_phones_to_the_new(live: Live) -> None:
    location = made(live, phones=["+44 1", "+44 2"])
    old = live.call("GET", location, version=OLDEST)
    new = live.call("GET", location, version=NEWEST)
    assert old.json()["data"]["phone"] == "+44 1"
    assert "phones" not in old.json()["data"]
    assert new.json()["data"]["phones"] == ["+44 1", "+44 2"]
    assert "phone" not in new.json()["data"]
    assert (old.headers["version"], new.headers["version"]) == (OLDEST, NEWEST)


def test_any_date_is_answered_by_the_newest_contract_not_after_it(live: Live) -> None:
    today = datetime.now(UTC).date().isoformat()
    for asked, answered in (("2026-06-01", OLDEST), ("2026-08-31", OLDEST), ("2026-09-01", NEWEST), (today, NEWEST)):
        assert live.call("GET", "/v1/me", version=asked).headers["version"] == answered


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (None, "version_missing"),
        ("", "version_invalid"),
        ("latest", "version_invalid"),
        ("20260901", "version_invalid"),
        ("2026-W36-2", "version_invalid"),
        ("2026-02-30", "version_invalid"),
        ("2026-9-1", "version_invalid"),
        ("٢٠٢٦-٠٩-٠١", "version_invalid"),
        ("2026-05-31", "version_too_old"),
        ((datetime.now(UTC) + timedelta(days=2)).date().isoformat(), "version_future"),
    ],
)
def test_a_date_without_a_contract_is_refused_with_the_list_of_contracts(
    live: Live, asked: str | None, code: str
) -> None:
    headers = {} if asked is None else {"Version": asked.encode("utf-8").decode("latin-1")}
    refused = live.client.get(
        "/v1/me",
        headers=[
            ("Authorization", f"Bearer {live.a.tokens['owner']}"),
            *((k, v.encode("latin-1")) for k, v in headers.items()),
        ],  # type: ignore[arg-type]
    )
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert refused.json()["contracts"] == [NEWEST, OLDEST]
    assert "version" not in refused.headers
    assert "x-ratelimit-remaining" in refused.headers


def test_an_old_patch_of_phone_keeps_the_numbers_it_cannot_see(live: Live) -> None:
    location = made(live, phones=["+44 1", "+44 2", "+44 3"])
    patched = live.call("PATCH", location, {"phone": "+44 9"}, version=OLDEST)
    assert patched.json()["data"]["phone"] == "+44 9"
    assert live.call("GET", location).json()["data"]["phones"] == ["+44 9", "+44 2", "+44 3"]


def test_an_old_patch_without_phone_leaves_the_phones_alone(live: Live) -> None:
    location = made(live, phones=["+44 1", "+44 2"])
    live.call("PATCH", location, {"last_name": "Byron"}, version=OLDEST)
    assert live.call("GET", location).json()["data"]["phones"] == ["+44 1", "+44 2"]
    assert live.sent(2)[0]["body"] == {"lastName": "Byron"}


def test_an_old_null_clears_every_phone(live: Live) -> None:
    location = made(live, phones=["+44 1", "+44 2"])
    assert live.call("PATCH", location, {"phone": None}, version=OLDEST).json()["data"]["phone"] is None
    assert live.call("GET", location).json()["data"]["phones"] == []


def test_pointers_are_in_the_words_of_the_contract(live: Live) -> None:
    old = live.call("POST", "/v1/contacts", {"first_name": "A", "phone": 5, "phones": ["1"]}, version=OLDEST)
    assert {(e["pointer"], e["code"]) for e in old.json()["errors"]} == {
        ("/phone", "type_invalid"),
        ("/phones", "field_unknown"),
    }
    new = live.call("POST", "/v1/contacts", {"first_name": "A", "phones": ["555 1234", 5]})
    assert [e["pointer"] for e in new.json()["errors"]] == ["/phones/1"]


def test_filters_and_order_are_in_the_words_of_the_contract(live: Live) -> None:
    number = "+44 77 000 111 22"
    location = made(live, phones=["+44 1", number])
    query = {"filters": [{"field": "phone", "operator": "eq", "value": number}]}
    found = live.call("POST", "/v1/contacts/search", query, version=OLDEST).json()["data"]
    assert [f"/v1/contacts/{row['id']}" for row in found] == [location]
    refused = live.call("POST", "/v1/contacts/search", query, version=NEWEST).json()["errors"]
    assert refused[0]["pointer"] == "/filters/0/field"
    assert "phones" in refused[0]["allowed"]
    by_title = {"order_by": "title", "limit": 1}
    assert live.call("POST", "/v1/deals/search", by_title, version=OLDEST).status_code == 200
    assert live.call("POST", "/v1/deals/search", by_title, version=NEWEST).status_code == 422


@pytest.mark.parametrize(
    "negative", [{"operator": "neq", "value": "+44 5"}, {"operator": "not_in", "values": ["+44 5"]}]
)
def test_an_old_negative_filter_does_not_match_contacts_without_a_phone(
    live: Live, negative: dict[str, object]
) -> None:
    made(live, phones=[])
    filters = [{"field": "phone", **negative}, {"field": "phone", "operator": "is_empty"}]
    found = live.call("POST", "/v1/contacts/search", {"filters": filters}, version=OLDEST)
    assert found.json()["data"] == []
    some = live.call("POST", "/v1/contacts/search", {"filters": filters[:1], "limit": 100}, version=OLDEST)
    assert some.json()["data"]
    assert all(row["phone"] for row in some.json()["data"])


def test_a_renamed_word_is_translated_in_bodies_and_filters(live: Live) -> None:
    logged = live.call("POST", "/v1/activities", {"type": "mail", "subject": "Hello"}, version=OLDEST)
    assert logged.json()["data"]["type"] == "mail"
    assert live.sent()[0]["body"]["kind"] == "email"
    assert live.call("GET", logged.headers["location"]).json()["data"]["type"] == "email"
    query = {"filters": [{"field": "type", "operator": "in", "values": ["mail"]}], "limit": 5}
    found = live.call("POST", "/v1/activities/search", query, version=OLDEST).json()["data"]
    assert {row["type"] for row in found} == {"mail"}
    refused = live.call("POST", "/v1/activities", {"type": "email"}, version=OLDEST)
    assert "mail" in refused.json()["errors"][0]["allowed"]


def test_a_deal_has_a_title_in_the_old_contract(live: Live) -> None:
    created = live.call("POST", "/v1/deals", {"title": "Engine", "amount": "10.5", "currency": "EUR"}, version=OLDEST)
    assert created.json()["data"]["title"] == "Engine"
    assert created.json()["data"]["amount"] == "10.50"
    assert live.call("GET", created.headers["location"]).json()["data"]["name"] == "Engine"


def test_a_contract_on_its_way_out_says_so_and_a_retired_one_is_refused(spare: Live) -> None:
    cycle = {"deprecated": "2026-09-01", "link": "https://docs.example.com/versions"}
    spare.set_up(versions={OLDEST: {**cycle, "sunset": "2099-12-31"}})
    told = spare.call("GET", "/v1/me", version="2026-07-01")
    assert told.status_code == 200
    assert told.headers["deprecation"] == "@1788220800"
    assert told.headers["sunset"] == "Thu, 31 Dec 2099 00:00:00 GMT"
    assert told.headers["link"].startswith('<https://docs.example.com/versions>; rel="deprecation"')
    assert "deprecation" not in spare.call("GET", "/v1/me", version=NEWEST).headers
    spare.set_up(versions={"notice": "30d", OLDEST: {**cycle, "sunset": "2026-10-01"}})
    refused = spare.call("GET", "/v1/me", version="2026-07-01")
    assert (refused.status_code, refused.json()["code"]) == (400, "version_retired")
