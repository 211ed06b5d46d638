"""Cursors that were altered, taken from elsewhere, or kept too long: refused before any internal call."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from adapters.core.faults import StaleCursor
from gateway.keys.cursors import Cursors
from gateway.keys.keyring import Keyring
from tests.live import OLDEST, Live
from tests.waiting import within

SEARCH = "/v1/contacts/search"
QUERY: dict[str, Any] = {
    "limit": 2,
    "order_by": "name",
    "sort_direction": "asc",
    "filters": [{"field": "email", "operator": "is_not_empty"}],
}


def _cursor(live: Live, path: str = SEARCH, body: dict[str, Any] | None = None, **more: Any) -> str:
    page = live.call("POST", path, QUERY if body is None else body, **more).json()
    following: str = page["meta"]["cursor"]["next"]
    assert following
    return following


def _refused(live: Live, cursor: str, path: str = SEARCH, body: dict[str, Any] | None = None, **more: Any) -> None:
    before = live.counted()
    answer = live.call("POST", path, {**(QUERY if body is None else body), "cursor": cursor}, **more)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), cursor
    assert live.counted() == before
    assert cursor not in answer.text or len(cursor) < 4


def test_every_flipped_bit_of_a_cursor_is_noticed() -> None:
    cursors = Cursors(Keyring.load(Keyring.create()), 3600.0)
    sealed = cursors.sealer("tenant", "2026-09-01", b"query")(["Ada", "0" * 24, 7])
    assert cursors.open("tenant", "2026-09-01", sealed, b"query") == ["Ada", "0" * 24, 7]
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    altered = [
        base64.urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]).rstrip(b"=").decode()
        for at in range(len(raw))
        for bit in range(8)
    ]
    altered += [
        sealed[:at] + chr(ord(sealed[at]) ^ 1 << bit) + sealed[at + 1 :]
        for at in range(len(sealed))
        for bit in range(7)
    ]
    altered += [sealed[:at] for at in range(len(sealed))] + [
        sealed + extra for extra in ("=", "A", "\n", " ", "\x00", ".")
    ]
    for each in altered:
        with pytest.raises(StaleCursor):
            cursors.open("tenant", "2026-09-01", each, b"query")


def test_an_altered_cursor_is_refused(live: Live) -> None:
    cursor = _cursor(live)
    for at in range(0, len(cursor), 7):
        _refused(live, cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :])
    for each in ("", "=", "a", cursor[:-1], cursor[:20], cursor + "A", cursor + "=", cursor[::-1], cursor * 50):
        _refused(live, each)
    for each in ("\x00", "é", "\ud7ff", "null", "e30", "[]", "a" * 100_000, live.a.tokens["owner"]):
        _refused(live, each)


@pytest.mark.parametrize("cursor", [7, True, [], {}])
def test_a_cursor_that_is_no_text_breaks_the_contract(live: Live, cursor: Any) -> None:
    answer = live.call("POST", SEARCH, {"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": 3},
        {"limit": 25},
        {"order_by": "created_at"},
        {"sort_direction": "desc"},
        {"filters": []},
        {"filters": [{"field": "email", "operator": "is_empty"}]},
        {"filters": [{"not": {"field": "email", "operator": "is_not_empty"}}]},
        {"search_text": "a"},
    ],
)
def test_a_cursor_belongs_to_one_query(live: Live, changed: dict[str, Any]) -> None:
    _refused(live, _cursor(live), body={**QUERY, **changed})


def test_a_cursor_belongs_to_one_tenant(live: Live) -> None:
    _refused(live, _cursor(live), token=live.b.tokens["owner"])
    _refused(live, _cursor(live, token=live.b.tokens["owner"]))


def test_a_cursor_belongs_to_one_contract(live: Live) -> None:
    _refused(live, _cursor(live), version=OLDEST)
    _refused(live, _cursor(live, version=OLDEST))


def test_a_cursor_belongs_to_one_collection(live: Live) -> None:
    plain: dict[str, Any] = {"limit": 2}
    paths = [f"/v1/{name}/search" for name in ("contacts", "companies", "deals", "tasks", "notes", "activities")]
    cursors = {path: _cursor(live, path, plain) for path in paths}
    for path in paths:
        for other in paths:
            if path != other:
                _refused(live, cursors[other], path, plain)


def test_a_cursor_of_one_record_s_list_is_none_of_another_s(live: Live) -> None:
    company = live.call("POST", "/v1/companies", {"name": "Analytical"}).json()["data"]["id"]
    other = live.call("POST", "/v1/companies", {"name": "Difference"}).json()["data"]["id"]
    for each in (company, company, other, other):
        assert live.call("POST", "/v1/contacts", {"first_name": "Ada", "company_id": each}).status_code == 201
    path = f"/v1/companies/{company}/contacts"
    cursor = live.call("GET", f"{path}?limit=1").json()["meta"]["cursor"]["next"]
    assert live.call("GET", f"{path}?limit=1&cursor={cursor}").status_code == 200
    before = live.counted()
    for elsewhere in (
        f"/v1/companies/{other}/contacts?limit=1",
        f"/v1/companies/{company}/deals?limit=1",
        f"{path}?limit=2",
        path + "?",
    ):
        answer = live.call("GET", f"{elsewhere}&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
    assert live.counted() == before
    _refused(live, cursor, body={"limit": 1})


def test_a_cursor_shows_nothing(live: Live) -> None:
    cursor = _cursor(live)
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    page = live.call("POST", SEARCH, QUERY).json()
    last = page["data"][-1]
    for secret in (last["id"].removeprefix("con_"), last["name"], live.a.business_id):
        assert secret.encode() not in raw
    assert len({_cursor(live) for _ in range(3)}) == 3


def test_a_cursor_expires(wary: Live) -> None:
    cursor = _cursor(wary)
    assert wary.call("POST", SEARCH, {**QUERY, "cursor": cursor}).status_code == 200
    within(3.1, lambda: wary.call("POST", SEARCH, {**QUERY, "cursor": cursor}).status_code == 400)
    _refused(wary, cursor)
