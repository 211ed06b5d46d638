"""Heads that two parsers would read differently: refused at the door, and the connection closed."""

from __future__ import annotations

import pytest

from tests.attacks.wire import Answer, connect, exchange, head, read
from tests.live import NEWEST, Live

pytestmark = pytest.mark.usefixtures("untouched")

RECORD = "/v1/contacts/con_" + "0" * 24
DEAL = "/v1/deals/deal_" + "0" * 24


def _refused(answer: Answer) -> bool:
    malformed = (answer.status, answer.code, answer.closed) == (400, "request_malformed", True)
    return malformed and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: other.example.com",),
        ("Authorization: Bearer x",),
        ("Idempotency-Key: a", "Idempotency-Key: b"),
        ("Content-Type: application/json", "Content-Type: text/plain"),
        ("Content-Length: 0", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5, 5",),
        ("Content-Length: +5",),
        ("Content-Length: -1",),
        ("Content-Length: 0x5",),
        ("Content-Length: 5 5",),
        ("Content-Length: " + "9" * 30,),
        ("Content-Length:",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Transfer-Encoding : chunked",),
        ("X-Folded: a\r\n b",),
        ("X-Folded: a\r\n\tHost: b",),
        ("X-Bare: a\nX-Other: b",),
        ("X-Bare: a\rX-Other: b",),
        ("X-Nul: a\x00b",),
        ("X-Control: a\x01b\x7f",),
        ("X Space: a",),
        ("X(Paren): a",),
        (": nameless",),
        ("no-colon",),
        ("X-Big: " + "a" * 100_000,),
        ("X" * 40_000 + ": a",),
        tuple(f"X-{number}: {'a' * 100}" for number in range(400)),
    ],
    ids=lambda lines: repr(lines)[:40],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused(live: Live, lines: tuple[str, ...]) -> None:
    for method, target in (("GET", RECORD), ("DELETE", DEAL), ("POST", "/v1/contacts")):
        assert _refused(exchange(live, head(live, method, target, *lines)))


def test_two_versions_are_refused_in_the_contracts_own_words(live: Live) -> None:
    answer = exchange(live, head(live, "GET", RECORD, "Version: 2026-06-01"))
    assert (answer.status, answer.json["code"]) == (400, "version_invalid")
    assert answer.json["contracts"] == ["2026-09-01", "2026-06-01"]


def test_a_request_names_one_host(live: Live) -> None:
    assert _refused(exchange(live, head(live, target=RECORD, host=None)))
    assert _refused(exchange(live, head(live, "GET", RECORD, "Host: 127.0.0.1", host="127.0.0.1")))


@pytest.mark.parametrize(
    "host",
    [
        "other.example.com",
        "127.0.0.1.example.com",
        "127.0.0.1:80/v1",
        "127.0.0.1/",
        "127.0.0.1:port",
        "127.0.0.1:-1",
        "127.0.0.1:80:80",
        "user@127.0.0.1",
        "127.0.0.1@other.example.com",
        "127.0.0.1, other.example.com",
        "127.0.0.1 other.example.com",
        "127.0.0.1#",
        "127.0.0.1?",
        "127.0.0.1%00",
        "127.0.0.1.",
        "[::1]",
        "[127.0.0.1]",
        "[localhost]",
        "[[127.0.0.1]]",
        "[127.0.0.1",
        "localhost..",
        "0x7f000001",
        "2130706433",
        "http://127.0.0.1",
        "l\xf6calhost",
        "*",
        " ",
    ],
)
def test_a_host_that_is_not_served_is_refused(live: Live, host: str) -> None:
    for target in (RECORD, "/problems", "/.well-known/oauth-authorization-server"):
        refused = exchange(live, head(live, target=target, host=host))
        assert (refused.status, refused.code) == (400, "host_unknown")
        assert b"other.example.com" not in refused.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "localhost.:80", "localhost:", "127.0.0.1"])
def test_a_host_is_one_however_it_is_written(live: Live, host: str) -> None:
    assert exchange(live, head(live, host=host)).status == 200
    assert exchange(live, head(live, target="/problems", host=host)).status == 200


@pytest.mark.parametrize("lines", ["HTTP/1.1\r\nHost: 10.0.0.5:8080", "HTTP/1.1\r\nHost: [localhost]", "HTTP/1.0"])
def test_the_health_check_is_answered_whatever_the_host_and_nothing_else_is(live: Live, lines: str) -> None:
    for method in ("GET", "HEAD"):
        assert exchange(live, f"{method} /healthz {lines}\r\nConnection: close\r\n\r\n".encode()).status == 200
    for request in ("GET /v1/me", "GET /problems", "GET /healthz/x", "POST /healthz", "GET /"):
        refused = exchange(live, f"{request} {lines}\r\n\r\n".encode())
        assert (refused.status, refused.code, refused.closed) == (400, "host_unknown", True)


@pytest.mark.parametrize(
    "change",
    [
        (b"\r\n", b"\n"),
        (b"\r\nVersion", b"\nVersion"),
        (b"\r\nHost", b"\r\n Host"),
        (b"GET ", b"\x00GET "),
        (b"GET ", b"get "),
        (b"GET ", b"GETT "),
        (b"GET ", b"POST\x00 "),
        (b" HTTP/1.1", b""),
        (b" HTTP/1.1", b" HTTP/1.1 "),
        (b" HTTP/1.1", b" http/1.1"),
        (b" HTTP/1.1", b" HTTP/2.0"),
        (b" HTTP/1.1", b" HTTP/1.10"),
        (b" HTTP/1.1", b" ICY"),
    ],
    ids=repr,
)
def test_a_request_line_that_is_none_is_refused(live: Live, change: tuple[bytes, bytes]) -> None:
    assert _refused(exchange(live, head(live, target=RECORD).replace(*change)))


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\xff" * 64, b"{}\r\n\r\n"]
)
def test_what_is_not_http_is_refused(live: Live, noise: bytes) -> None:
    assert _refused(exchange(live, noise))


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "PROPFIND", "LINK", "CONNECT"])
def test_a_method_that_an_operation_has_not_is_refused(live: Live, method: str) -> None:
    with connect(live) as line:
        line.sendall(head(live, method, RECORD))
        status = line.recv(65536).split()[1]
    assert status in (b"405", b"400")


def test_a_method_cannot_be_overridden(live: Live) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        refused = exchange(live, head(live, "POST", RECORD, f"{name}: DELETE", "Content-Length: 0"))
        assert refused.status == 405
    assert exchange(live, head(live, "POST", RECORD + "?_method=DELETE", "Content-Length: 0")).status == 405


def test_a_smuggled_request_is_not_served(live: Live) -> None:
    inner = head(live, "GET", RECORD)
    for outer in (
        head(live, "GET", RECORD, f"Content-Length: {len(inner)}", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + inner,
        head(live, "GET", RECORD, "Transfer-Encoding: xchunked") + b"0\r\n\r\n" + inner,
    ):
        with connect(live) as line:
            line.sendall(outer)
            assert _refused(read(line))
            assert line.recv(1) == b""


def test_what_a_version_header_may_hold_is_a_day_alone(live: Live) -> None:
    odd = [
        "",
        "2026-9-1",
        "20260901",
        "2026-09-01T00:00:00Z",
        "2026-W36-2",
        "newest",
        "٢٠٢٦-٠٩-٠١",
        "2026-02-30",
        "9" * 5000,
    ]
    for version in odd:
        request = head(live, target=RECORD).replace(f"Version: {NEWEST}".encode(), b"Version: " + version.encode())
        refused = exchange(live, request)
        assert (refused.status, refused.code) == (400, "version_invalid")
