"""Bodies that two readers would understand differently, or that never end: refused, and never passed on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.attacks.wire import connect, exchange, head
from tests.live import Live

SEARCH, CREATE = "/v1/contacts/search", "/v1/contacts"
JSON = "Content-Type: application/json"


def _sent(live: Live, body: bytes, *lines: str, target: str = SEARCH) -> bytes:
    return head(live, "POST", target, *(lines or (JSON,)), f"Content-Length: {len(body)}") + body


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("target", [SEARCH, CREATE])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"custom":' + b'{"a":' * 40 + b"1" + b"}" * 41,
        b'{"limit":' + b"1" * 5_000 + b"}",
        b'{"limit":-' + b"9" * 20 + b"}",
        b'{"limit":NaN}',
        b'{"limit":Infinity}',
        b'{"limit":-Infinity}',
        b'{"limit":1e999}',
        b'{"limit":1.' + b"0" * 100 + b"}",
        b'{"limit":1,"limit":2}',
        b'{"limit":1,"\\u006cimit":2}',
        b'{"filters":[{"field":"email","field":"id"}]}',
        b'{"search_text":"\\ud800"}',
        b'{"search_text":"\\udc00\\ud800"}',
        b'{"\\ud800":1}',
        b'{"search_text":"\xed\xa0\x80"}',
        b'{"search_text":"\xc0\xaf"}',
        b'{"search_text":"caf\xe9"}',
        b'{"search_text":"a\x00"}',
        b'{"search_text":"a\nb"}',
        b"\xef\xbb\xbf{}",
        b'{"a":1}'.decode().encode("utf-16"),
        b'{"a":1}'.decode().encode("utf-32"),
        b"{} {}",
        b"{}//",
        b"{'limit':1}",
        b'{"limit":1,}',
        b'{"limit":01}',
        b'{"limit":0x10}',
        b"\x00",
        b"",
        b"   ",
        b"\x1f\x8b\x08\x00",
        b"{" + b",".join(b'"a%d":0' % i for i in range(1001)) + b"}",
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_a_body_that_is_not_strict_json_is_malformed(live: Live, body: bytes, target: str) -> None:
    refused = exchange(live, _sent(live, body, target=target))
    assert (refused.status, refused.code) == (400, "json_malformed")
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"true"])
def test_a_body_that_is_no_object_breaks_the_contract(live: Live, body: bytes) -> None:
    for target in (SEARCH, CREATE, "/v1/deals/deal_" + "0" * 24 + "/stage"):
        refused = exchange(live, _sent(live, body, target=target))
        assert (refused.status, refused.code) == (422, "validation_failed")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "media",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "application/json, text/plain",
        "application/merge-patch+json",
        "application/json\xff",
        "*/*",
    ],
)
def test_a_body_of_another_media_type_is_not_read(live: Live, media: str | None) -> None:
    lines = () if media is None else (f"Content-Type: {media}",)
    refused = exchange(live, _sent(live, b"{}", *(lines or ("X-None: 1",))))
    assert (refused.status, refused.code) == (415, "unsupported_media_type")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("headers", "status", "told"),
    [
        ({}, 415, "There is no body. Send one as application/json in UTF-8."),
        ({"Content-Type": "application/json"}, 400, "The body is empty, where a JSON document is asked for."),
    ],
)
def test_that_there_is_no_body_is_told(live: Live, headers: dict[str, str], status: int, told: str) -> None:
    for target in (SEARCH, CREATE, f"/v1/deals/deal_{'0' * 24}/stage"):
        refused = live.call("POST", target, content=b"", headers=headers)
        assert (refused.status_code, refused.json()["detail"]) == (status, told)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "identity, gzip"])
def test_a_compressed_body_is_not_read(live: Live, coding: str) -> None:
    refused = exchange(live, _sent(live, b"{}", JSON, f"Content-Encoding: {coding}"))
    assert (refused.status, refused.code) == (415, "unsupported_media_type")
    assert refused.headers["accept-encoding"] == "identity"


@pytest.mark.usefixtures("untouched")
def test_a_body_that_announces_too_much_is_refused_unread(live: Live) -> None:
    for length in (2**20 + 1, 10**12, 10**18):
        refused = exchange(live, head(live, "POST", SEARCH, JSON, f"Content-Length: {length}"))
        assert (refused.status, refused.code, refused.closed) == (413, "payload_too_large", True)


@pytest.mark.usefixtures("untouched")
def test_a_body_that_streams_too_much_is_refused_on_the_way(live: Live) -> None:
    def endless() -> Iterator[bytes]:
        yield head(live, "POST", SEARCH, JSON, "Transfer-Encoding: chunked")
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(10_000):
            yield chunk

    refused = exchange(live, endless())
    assert (refused.status, refused.code, refused.closed) == (413, "payload_too_large", True)


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_never_ends_is_given_up(wary: Live, framing: str) -> None:
    before, began = wary.counted(), time.monotonic()

    def trickle() -> Iterator[bytes]:
        yield head(wary, "POST", SEARCH, JSON, framing)
        while time.monotonic() < began + 1.5:
            yield b"1\r\n \r\n" if "chunked" in framing else b" "
            time.sleep(0.1)

    refused = exchange(wary, trickle())
    assert (refused.status, refused.code, refused.closed) == (408, "body_timeout", True)
    assert time.monotonic() - began < 3
    assert wary.counted() == before


def test_the_time_of_a_body_does_not_begin_anew_with_its_first_piece(wary: Live) -> None:
    began = time.monotonic()

    def late() -> Iterator[bytes]:
        yield head(wary, "POST", SEARCH, JSON, "Content-Length: 1000")
        time.sleep(0.8)
        yield b" "

    refused = exchange(wary, late())
    assert (refused.status, refused.code, refused.closed) == (408, "body_timeout", True)
    assert time.monotonic() - began < 1.5


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("target", [SEARCH, CREATE])
def test_a_body_that_breaks_off_does_nothing(live: Live, target: str) -> None:
    with connect(live) as line:
        line.sendall(head(live, "POST", target, JSON, "Content-Length: 50") + b'{"first_name":"Half"}')
    with connect(live) as line:
        line.sendall(head(live, "POST", target, JSON, "Transfer-Encoding: chunked") + b'5\r\n{"fir')
    assert live.call("GET", "/v1/me").status_code == 200


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\n{}\n0\n\n", b"F" * 17 + b"\r\n"]
)
def test_a_body_in_malformed_chunks_is_refused(live: Live, chunks: bytes) -> None:
    refused = exchange(live, head(live, "POST", CREATE, JSON, "Transfer-Encoding: chunked") + chunks)
    assert (refused.status, refused.code, refused.closed) == (400, "request_malformed", True)


def test_what_a_body_may_be_is_accepted(live: Live) -> None:
    for media in ("application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'):
        answer = exchange(live, _sent(live, b' {"limit": 1}\r\n', f"Content-Type: {media}"))
        assert answer.status == 200
    chunked = (
        head(live, "POST", SEARCH, JSON, "Transfer-Encoding: chunked") + b"2;ext=1\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    assert exchange(live, chunked).status == 200
