"""What must never be seen: in answers, in logs at DEBUG, in metrics. And what is echoed stays data."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.attacks.wire import exchange, head
from tests.live import Live
from tests.waiting import within

RECORD = "/v1/contacts/con_" + "0" * 24
STRANGE = "a\r\nSet-Cookie: canary=1\r\n\r\n{}\u2028\u2029\x85\x1b[31m"


def _settled(live: Live) -> list[dict[str, Any]]:
    """Every log line so far, once no more come."""
    seen = -1
    while (size := live.served.out.stat().st_size) != seen:
        seen = size
        time.sleep(0.05)
    return live.served.events()


def test_no_secret_is_seen_anywhere(wary: Live) -> None:
    owner, password = wary.a.users["owner"], "correct horse canary staple"
    token = wary.token(wary.a, "owner", "contact.all")
    service_key = (wary.served.home / "auth-key").read_text()
    address = wary.sandbox.base_url.netloc.decode()
    secret = [token, token[7:], wary.a.api_key, service_key, owner["email"], owner["password"], password, address]
    seen = ""
    stack = f"Traceback at http://{address}/api/crm with {wary.a.api_key} of {owner['email']}"
    for method, path, body in (
        ("GET", "/v1/me", None),
        ("GET", f"/v1/me?access_token={token}", None),
        ("GET", f"/v1/{token}", None),
        ("GET", f"/v1/contacts/{token}", None),
        ("GET", RECORD, None),
        ("POST", "/v1/contacts", {"first_name": "Ada", "password": password}),
        ("POST", "/v1/contacts/search", {"limit": 1, "search_text": "nobody"}),
        ("POST", "/v1/contacts/search", {"cursor": token}),
        ("GET", "/v1/nothing", None),
        ("PUT", RECORD, None),
    ):
        answer = wary.call(method, path, body, token=token)
        # A path is told back to who sent it; a log is read by others.
        seen += f"{answer.headers} {answer.text}".replace(path.split("?")[0], "")
    switches: list[dict[str, Any]] = [
        {"status": 500, "body": stack, "headers": {"X-Debug": stack}},
        {"status": 200, "body": stack},
        {"status": 200, "body": {"data": {"id": "0" * 24, "createdAt": stack}}},
        {"status": 400, "body": {"error": {"fields": {"firstName": [stack]}, "message": stack}}},
        {"cut": "body"},
        {"garbage": "protocol"},
        {"delay_ms": 3000},
    ]
    for switch in switches:
        with wary.fault(path="/api/crm", **switch):
            for method, path, body in (("GET", RECORD, None), ("POST", "/v1/contacts", {"first_name": "Ada"})):
                answer = wary.call(method, path, body, token=token)
                assert answer.status_code >= 400
                seen += f"{answer.headers} {answer.text}"
    with wary.fault(path="/api/auth", status=500, body=stack):
        within(1.05, lambda: wary.call("GET", "/v1/me", token=token).status_code == 503)
        seen += wary.call("GET", "/v1/me", token=token).text
    for scheme in (f"Basic {token}", f"Bearer {token}x", f"bearer  {token[:-1]}"):
        refused = wary.call("GET", RECORD, headers={"Authorization": scheme})
        assert refused.status_code == 401
        seen += f"{refused.headers} {refused.text}"
    seen += wary.served.admin("/metrics").body.decode() + wary.served.admin("/readyz").body.decode()
    _settled(wary)
    seen += wary.served.out.read_text() + wary.served.err.read_text()
    for each in secret:
        assert each not in seen, each


@pytest.mark.parametrize(
    ("method", "target", "lines", "body"),
    [
        ("GET", "/v1/nothing%0d%0aSet-Cookie:%20canary=1", (), b""),
        ("GET", "/problems/%0d%0aSet-Cookie:%20canary=1", (), b""),
        ("GET", RECORD + "/notes?%0d%0aSet-Cookie:%20canary=1=1", (), b""),
        ("GET", RECORD + "/notes?cursor=%0d%0a%00%1b", (), b""),
        (
            "GET",
            RECORD,
            ("traceparent: 00-\xff\xfe", "tracestate: \xa0\xff", "User-Agent: \x85\xff", "Accept: \xff"),
            b"",
        ),
        ("POST", "/v1/contacts", ("Idempotency-Key: \xff\xfe\x85",), json.dumps({"first_name": "Ada"}).encode()),
        ("POST", "/v1/contacts", (), json.dumps({"first_name": STRANGE}).encode()),
        ("POST", "/v1/contacts", (), json.dumps({STRANGE: 1}).encode()),
        ("POST", "/v1/contacts", (), json.dumps({"first_name": "Ada", "custom": {STRANGE: 1}}).encode()),
        ("POST", "/v1/contacts", (), json.dumps({"first_name": "Ada", "tags": [STRANGE]}).encode()),
        ("POST", "/v1/contacts/search", (), json.dumps({"order_by": STRANGE}).encode()),
        ("POST", "/v1/contacts/search", (), json.dumps({"cursor": STRANGE}).encode()),
        (
            "POST",
            "/v1/contacts/search",
            (),
            json.dumps({"filters": [{"field": STRANGE, "operator": STRANGE}]}).encode(),
        ),
        (
            "POST",
            "/v1/contacts/search",
            (),
            json.dumps({"filters": [{"field": "email", "operator": STRANGE}]}).encode(),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_echoed_makes_one_log_line_and_no_header(
    wary: Live, method: str, target: str, lines: tuple[str, ...], body: bytes
) -> None:
    before = [event for event in _settled(wary) if event["event"] == "request"]
    framing = ("Content-Type: application/json", f"Content-Length: {len(body)}") if body else ()
    answer = exchange(wary, head(wary, method, target, *lines, *framing) + body)
    assert answer.status in (400, 404, 406, 422), answer
    assert answer.json["status"] == answer.status
    assert "set-cookie" not in answer.headers
    assert not any(ord(char) < 0x20 or ord(char) > 0x7E for value in answer.headers.values() for char in value)
    for line in wary.served.out.read_bytes().splitlines():
        assert line.startswith(b"{") and isinstance(json.loads(line), dict)
        assert not any(byte < 0x20 for byte in line)
    told = [event for event in _settled(wary) if event["event"] == "request"][len(before) :]
    assert len(told) == 1


def test_strange_text_is_stored_and_read_back_as_data(live: Live) -> None:
    body = "first\r\nsecond\ttab \u2028 </script><img src=x onerror=alert(1)> {{7*7}} ${jndi:ldap://x} ' OR 1=1 -- 😀 \u202e"
    made = live.call("POST", "/v1/notes", {"body": body})
    assert made.status_code == 201
    read = live.call("GET", made.headers["location"])
    assert read.json()["data"]["body"] == body
    assert read.headers["content-type"] == "application/json"
