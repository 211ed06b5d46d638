"""Tokens that are none: refused alike, in the same time, and before any look-up when their checksum tells."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from statistics import median

import httpx
import pytest

from gateway.keys import token_format
from tests.attacks.wire import Answer, exchange, head
from tests.live import Live

pytestmark = pytest.mark.usefixtures("untouched")

TARGET = "/v1/contacts/con_" + "0" * 24


def _forged(text: str, keep: int) -> str:
    """A token with the first `keep` characters of another and a checksum that fits."""
    start = text[:keep]
    fresh = start + token_format.random_text(len(text) - keep - token_format.CHECKSUM_LENGTH)
    return fresh + token_format._checksum(fresh.encode())


def _changed(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: _changed(token, -1),
        lambda token: _changed(token, 10),
        lambda token: token[:-1],
        lambda token: token[:20],
        lambda token: token + "A",
        lambda token: "live" + token,
        lambda token: token.replace("gw_", "gx_"),
        lambda token: token.replace("gw_", "test_"),
        lambda token: token.upper(),
        lambda token: token.replace("_pat_", "_oac_"),
        lambda token: token_format.mint("gw", "code"),
        lambda token: token_format.mint("gw", "refresh"),
        lambda token: token_format.mint("gw", "secret"),
        lambda token: token_format.mint("gx", "personal"),
        lambda token: token_format.mint("gw", "personal"),
        lambda token: token_format.mint("gw", "app"),
        lambda token: f"{token} {token}",
        lambda token: f"{token},{token}",
        lambda token: "a" * 20_000,
        lambda token: "gw_pat_" + "9" * 36,
        lambda token: "gw_pat_" + "é" * 36,
        lambda token: "\xff\xfe" + token,
        lambda token: "' OR 1=1 --",
        lambda token: "%00",
        lambda token: "=",
    ],
)
def test_a_token_that_is_none_is_told_so_and_nothing_more(live: Live, forge: Callable[[str], str]) -> None:
    refused = exchange(live, head(live, "GET", TARGET, token=forge(live.a.tokens["owner"])))
    _assert_invalid(refused)


def _assert_invalid(refused: Answer) -> None:
    assert (refused.status, refused.code) == (401, "token_invalid")
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="invalid_token"' in challenge
    assert 'resource_metadata="http://127.0.0.1:' in challenge
    assert refused.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Authorization:",),
        ("Authorization: Basic dXNlcjpwYXNz",),
        ("Authorization: Token {token}",),
        ("Authorization: {token}",),
        ("Authorization: Bearer{token}",),
        ("Authorization: Negotiate",),
        ("X-Api-Key: {token}",),
        ("Cookie: token={token}",),
        ("Proxy-Authorization: Bearer {token}",),
    ],
)
def test_without_a_bearer_token_the_challenge_names_no_error(live: Live, lines: tuple[str, ...]) -> None:
    sent = [line.format(token=live.a.tokens["owner"]) for line in lines]
    refused = exchange(live, head(live, "GET", TARGET, *sent, token=None))
    assert (refused.status, refused.code) == (401, "token_missing")
    assert refused.headers["www-authenticate"].startswith("Bearer ")
    assert "error" not in refused.headers["www-authenticate"]


def test_a_token_in_the_query_or_the_body_is_no_token(live: Live) -> None:
    token = live.a.tokens["owner"]
    for target in (f"{TARGET}?access_token={token}", f"{TARGET}?token={token}"):
        refused = exchange(live, head(live, "GET", target, token=None))
        assert (refused.status, refused.code) == (401, "token_missing")
    body = f"access_token={token}".encode()
    form = ("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}")
    refused = exchange(live, head(live, "POST", "/v1/contacts/search", *form, token=None) + body)
    assert (refused.status, refused.code) == (401, "token_missing")


@pytest.mark.parametrize("token", ["a" * 100_000, "gw_pat_\x00" + "a" * 35])
def test_a_token_that_is_no_header_value_ends_the_connection(live: Live, token: str) -> None:
    refused = exchange(live, head(live, "GET", TARGET, token=token))
    assert (refused.status, refused.code, refused.closed) == (400, "request_malformed", True)


def test_two_tokens_end_the_connection(live: Live) -> None:
    for second in (live.b.tokens["owner"], live.a.tokens["owner"], "x"):
        refused = exchange(live, head(live, "GET", TARGET, f"authorization: Bearer {second}"))
        assert (refused.status, refused.code, refused.closed) == (400, "request_malformed", True)


def test_expired_and_revoked_is_told_only_to_who_presents_that_token(live: Live) -> None:
    expired, expired_id = live.record(live.a, "owner", "contact.all")
    revoked, revoked_id = live.record(live.a, "owner", "contact.all")
    with closing(sqlite3.connect(live.served.data_dir / "gateway.db")) as store, store:
        store.execute("UPDATE tokens SET expires_at = '2026-01-01 00:00:00' WHERE id = ?", (expired_id,))
    live.run("tokens", "revoke", f"tok_{revoked_id}")
    for token, code in ((expired, "token_expired"), (revoked, "token_revoked")):
        refused = exchange(live, head(live, "GET", TARGET, token=token))
        assert (refused.status, refused.code) == (401, code)
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        _assert_invalid(exchange(live, head(live, "GET", TARGET, token=_forged(token, len(token) - 10))))


def test_a_token_with_a_wrong_checksum_is_not_looked_up(live: Live) -> None:
    database = live.served.data_dir / "gateway.db"
    token = live.a.tokens["owner"]
    guessed, broken = _forged(token, 20), _changed(token, 20)
    with closing(sqlite3.connect(database, isolation_level=None)) as store:
        store.execute("ALTER TABLE tokens RENAME TO tokens_elsewhere")
        try:
            looked_up = exchange(live, head(live, "GET", TARGET, token=guessed))
            refused = exchange(live, head(live, "GET", TARGET, token=broken))
        finally:
            store.execute("ALTER TABLE tokens_elsewhere RENAME TO tokens")
    assert (looked_up.status, looked_up.code) == (503, "store_unavailable")
    _assert_invalid(refused)


def test_the_time_of_a_refusal_does_not_tell_how_close_a_guess_was(live: Live) -> None:
    revoked = [live.record(live.a, "owner", "contact.all") for _ in range(2)]
    for _, token_id in revoked:
        live.run("tokens", "revoke", f"tok_{token_id}")
    known = live.a.tokens["owner"]
    taken: dict[str, list[float]] = {"random": [], "close": [], "revoked": []}
    with httpx.Client(base_url=live.url) as client:
        for round_ in range(670):
            for kind, token in (
                ("random", token_format.mint("gw", "personal")),
                ("close", _forged(known, len(known) - 10)),
                ("revoked", revoked[round_ % 2][0]),
            ):
                headers = {"Authorization": f"Bearer {token}"}
                began = time.perf_counter()
                answer = client.get(TARGET, headers=headers)
                taken[kind].append(time.perf_counter() - began)
                assert answer.status_code == 401
    usual = {kind: median(times) for kind, times in taken.items()}
    assert abs(usual["close"] - usual["random"]) < 0.25 * usual["random"]
    # Whoever presents a revoked token is told so anyway; that it is known must not be a matter of another magnitude.
    assert 0.1 < usual["revoked"] / usual["random"] < 10
