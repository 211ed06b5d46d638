"""Tokens in forms: looking at a page leaves nothing in the store, and a token is good once, for what it was made for."""

from __future__ import annotations

import time

import pytest
from starlette.requests import Request

from gateway.brands import Brand
from gateway.keys.keyring import Keyring
from gateway.stores.redis_connection import RedisConnection
from gateway.web import csrf
from gateway.web.csrf import Csrf

HOLDER, OTHER = "a" * 43, "b" * 43
BRAND = Brand("Acme", "https://api.acme.example", "https://api.acme.example/problems", None)


def sent(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"api.acme.example"), *pairs]}
    return Request({**scope, "brand": BRAND})


@pytest.fixture
def tokens(line: RedisConnection) -> Csrf:
    return Csrf(line, Keyring.load(Keyring.create()))


async def test_a_thousand_looks_at_a_page_leave_no_key_in_the_store(line: RedisConnection, tokens: Csrf) -> None:
    assert len({tokens.issue(HOLDER, "sign-in") for _ in range(1000)}) == 1000
    assert await line.command("DBSIZE") == 0


async def test_a_token_is_good_once(line: RedisConnection, tokens: Csrf) -> None:
    token = tokens.issue(HOLDER, "consent", "about this")
    assert [await tokens.redeem(sent(), HOLDER, token, "consent", "about this") for _ in range(2)] == [True, False]
    (key,) = await line.command("KEYS", "*")
    assert 3500 < await line.command("TTL", key) <= 3660, "and what remembers it goes when it is no longer good anyway"


async def test_a_token_is_good_for_its_holder_purpose_and_subject_only(line: RedisConnection, tokens: Csrf) -> None:
    for purpose, about in (("x", "about this"), ("consent", "")):
        token = tokens.issue(HOLDER, "consent", "about this")
        assert not await tokens.redeem(sent(), HOLDER, token, purpose, about)
        assert not await tokens.redeem(sent(), HOLDER, token, "consent", "about this"), "used up by the attempt"
    await line.command("FLUSHALL")
    token = tokens.issue(HOLDER, "consent", "about this")
    assert not await tokens.redeem(sent(), OTHER, token, "consent", "about this")
    for damaged in ("", "x", "é", token[:-1], token + "A", token * 9):
        assert not await tokens.redeem(sent(), HOLDER, damaged, "consent", "about this")
    assert await line.command("DBSIZE") == 0, "a guess leaves nothing either"
    assert await tokens.redeem(sent(), HOLDER, token, "consent", "about this")


async def test_a_token_is_good_for_an_hour(tokens: Csrf, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.issue(HOLDER, "sign-in")
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert not await tokens.redeem(sent(), HOLDER, token, "sign-in")


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site", "origin": "https://api.acme.example"}, False),
        ({"origin": "null"}, True),
        ({"origin": "https://api.acme.example"}, True),
        ({"origin": "http://api.acme.example"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://api.acme.example.evil.example"}, False),
    ],
)
def test_whose_page_sent_a_form_is_told_by_the_browser(headers: dict[str, str], ours: bool) -> None:
    assert csrf.is_ours(sent(**headers)) is ours
