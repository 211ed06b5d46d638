"""What a client claims about itself: never passed on, never believed, unless a trusted proxy says it."""

from __future__ import annotations

import secrets
import time
from typing import Any

import pytest

from tests.attacks.wire import exchange, head
from tests.live import Live

RECORD = "/v1/contacts/con_" + "0" * 24
CLAIMS = (
    "Connection: Authorization, X-Business-Id, Version",
    "Keep-Alive: timeout=1000",
    "Proxy-Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==",
    "TE: trailers",
    "X-Business-Id: canary",
    "X-User-Id: canary",
    "X-User-Role: owner",
    "X_User_Role: owner",
    "X-Business-ID: canary",
    "X-Request-Id: canary",
    "X-Forwarded-For: 198.51.100.66",
    "X_Forwarded_For: 198.51.100.66",
    "X-Forwarded-Host: canary.example.com",
    "X-Forwarded-Prefix: /canary",
    "X-Real-IP: 198.51.100.66",
    "Forwarded: for=198.51.100.66;host=canary.example.com",
    "X-Original-URL: /v1/deals",
    "X-Rewrite-URL: /v1/deals",
    "X-HTTP-Method-Override: DELETE",
    "Cookie: session=canary",
    "Origin: https://canary.example.com",
    "Referer: https://canary.example.com/",
    "User-Agent: canary",
    "Accept-Language: canary",
    "Accept-Encoding: canary",
    "Range: bytes=0-1",
    "If-Match: canary",
    "tracestate: canary=1",
    "baggage: canary=1",
    "Expect: 100-continue",
)
SENT = {"host", "authorization", "x-business-id", "x-user-id", "x-user-role", "x-request-id", "traceparent"}
BODY = {"content-length", "content-type"}


def _identity(live: Live, headers: dict[str, str]) -> None:
    """The headers of an internal call tell of the token's owner and of nobody else."""
    owner = live.a.users["owner"]
    assert headers["authorization"] == f"Bearer {live.a.api_key}"
    assert headers["x-business-id"] == live.a.business_id
    assert (headers["x-user-id"], headers["x-user-role"]) == (owner["user_id"], "owner")
    assert "canary" not in str(headers) and "198.51.100.66" not in str(headers)


def test_nothing_of_the_client_s_own_headers_reaches_a_service(live: Live) -> None:
    assert exchange(live, head(live, "GET", RECORD, *CLAIMS)).status == 404
    call = live.sent()[0]
    assert (call["method"], call["path"]) == ("GET", "/api/crm/contacts/" + "0" * 24)
    assert set(call["headers"]) == SENT
    _identity(live, call["headers"])


def test_the_headers_of_a_write_are_the_gateway_s_own_too(live: Live) -> None:
    body = b'{"first_name":"Ada"}'
    lines = (
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Idempotency-Key: canary-1",
    )
    # A condition on a write is refused, not ignored.
    claims = [claim for claim in CLAIMS if not claim.startswith(("Expect", "If-Match"))]
    made = exchange(live, head(live, "POST", "/v1/contacts", *claims, *lines) + body)
    assert made.status == 201
    headers = live.sent()[0]["headers"]
    assert set(headers) == SENT | BODY | {"idempotency-key"}
    assert headers["content-type"] == "application/json"
    _identity(live, headers)


def test_a_second_tenant_cannot_be_named_anywhere(live: Live) -> None:
    before = live.counted()
    theirs = live.b.business_id
    refused = live.call("POST", "/v1/contacts", {"first_name": "Ada", "business_id": theirs})
    assert refused.status_code == 422
    assert live.call("POST", f"/v1/contacts/search?business_id={theirs}", {}).status_code == 400
    filters = [{"field": "business_id", "operator": "eq", "value": theirs}]
    assert live.call("POST", "/v1/contacts/search", {"filters": filters}).status_code == 422
    assert live.counted() == before
    assert live.call("POST", "/v1/contacts/search", {"limit": 1}, headers={"X-Business-Id": theirs}).status_code == 200
    assert live.sent()[0]["headers"]["x-business-id"] == live.a.business_id


def _client(live: Live, *lines: str) -> Any:
    """The address that the log has for a request with these header lines."""
    trace_id = secrets.token_hex(16)
    exchange(live, head(live, "GET", "/v1/nothing", f"traceparent: 00-{trace_id}-{'1' * 16}-01", *lines))
    until = time.monotonic() + 5
    while True:
        found = [event for event in live.served.events() if event.get("trace_id") == trace_id]
        if found or time.monotonic() > until:
            return found[0]["client"]
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        ((), "127.0.0.1"),
        (("X-Forwarded-For: 203.0.113.7",), "203.0.113.7"),
        (("X-Forwarded-For: 198.51.100.1, 203.0.113.7",), "203.0.113.7"),
        (("X-Forwarded-For: 198.51.100.1,203.0.113.7 , 10.0.0.5",), "203.0.113.7"),
        (("X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.7"), "203.0.113.7"),
        (("X-Forwarded-For: 198.51.100.1, 203.0.113.7", "x-forwarded-for: 10.0.0.5"), "203.0.113.7"),
        (("X-Forwarded-For: 203.0.113.7, canary, 10.0.0.5",), "10.0.0.5"),
        (("X-Forwarded-For: canary",), "127.0.0.1"),
        # Azure's application gateway always writes the port.
        (("X-Forwarded-For: 203.0.113.7:4711",), "203.0.113.7"),
        (("X-Forwarded-For: [2001:db8::1]:443",), "2001:db8::1"),
        (("X-Forwarded-For: [2001:db8::1]",), "2001:db8::1"),
        (("X-Forwarded-For: 198.51.100.3, 203.0.113.7:1",), "203.0.113.7"),
        (("X-Forwarded-For: 203.0.113.7:4711, 10.0.0.5:80",), "203.0.113.7"),
        (("X-Forwarded-For: 203.0.113.7:port",), "127.0.0.1"),
        (("X-Forwarded-For: 203.0.113.7:4711:1",), "127.0.0.1"),
        (("X-Forwarded-For: ",), "127.0.0.1"),
        (("X-Forwarded-For: 203.0.113.7,",), "203.0.113.7"),
        (("X-Forwarded-For: 2001:db8::7",), "2001:db8::7"),
        # As a socket on `::` tells of its IPv4 peers.
        (("X-Forwarded-For: 203.0.113.7, ::ffff:10.0.0.5",), "203.0.113.7"),
        (("X-Forwarded-For: ::ffff:203.0.113.7",), "203.0.113.7"),
        (("X-Forwarded-For: 10.0.0.1, 10.0.0.2",), "10.0.0.1"),
        (("X_Forwarded_For: 203.0.113.7", "X-Real-IP: 203.0.113.7", "Forwarded: for=203.0.113.7"), "127.0.0.1"),
        (("X-Client-IP: 203.0.113.7", "CF-Connecting-IP: 203.0.113.7", "True-Client-IP: 203.0.113.7"), "127.0.0.1"),
    ],
)
def test_the_client_s_address_is_the_first_untrusted_one_from_the_right(
    wary: Live, lines: tuple[str, ...], client: str
) -> None:
    assert _client(wary, *lines) == client


def test_without_trusted_proxies_the_connection_tells_the_address(live: Live) -> None:
    assert _client(live, "X-Forwarded-For: 203.0.113.7") == "127.0.0.1"


@pytest.mark.parametrize(
    "target",
    [
        "/v1/me",
        "/v1/nothing",
        "/problems",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
    ],
)
def test_no_header_changes_what_links_are_made_of(live: Live, target: str) -> None:
    claims = [
        "X-Forwarded-Host: canary.example.com",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Port: 64711",
        "X-Forwarded-Prefix: /canary",
        "X-Original-Host: canary.example.com",
        "X-Host: canary.example.com",
        "Forwarded: host=canary.example.com;proto=https",
        "Origin: https://canary.example.com",
    ]
    plain = exchange(live, head(live, target=target, token=None))
    claimed = exchange(live, head(live, "GET", target, *claims, token=None))
    other_port = exchange(live, head(live, "GET", target, token=None, host="127.0.0.1:64711"))
    for answer in (claimed, other_port):
        assert answer.status == plain.status
        assert "canary" not in str(answer.headers) and b"canary" not in answer.body
        # As a link would have it: digits alone stand in a trace id now and then.
        assert ":64711" not in str(answer.headers) and b":64711" not in answer.body
        assert answer.headers.get("www-authenticate") == plain.headers.get("www-authenticate")
    assert str(live.served.port) in plain.body.decode() or target == "/problems"
