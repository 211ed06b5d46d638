import time
from collections.abc import AsyncIterator

import pytest

from gateway.upstream import Lines, Pool, Target, Unsendable, line
from gateway.upstream.head import Heads
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, answers, serving

PATHS = [
    b"",
    b"x",
    b"*",
    b"http://evil/x",
    b"/a b",
    b"/a\r\nX-Evil: 1",
    b"/a HTTP/1.1\r\nHost: evil\r\n\r\n",
    b"/a\n",
    b"/a\x00",
    b"/a\x7f",
    b"/\xc3\xa4",
    b"/a#b",
    b"/../admin",
    b"/a/..",
    b"/a/./b",
    b"/a/%2e%2E/b",
    b"/a/.%2e?x",
]
LINES = [
    b"X: 1",
    b"X: 1\n",
    b"X: 1\r",
    b"X: 1\r\n\r\n",
    b"\r\nX: 1\r\n",
    b"X: 1\r\n\r\nGET /admin HTTP/1.1\r\n",
    b"X: a\rb\r\n",
    b"X: a\nb\r\n",
    b"X: a\x00b\r\n",
    b"X: a\r\n folded\r\n",
    b"X : 1\r\n",
    b": 1\r\n",
    b"X\r\n",
    b"X(: 1\r\n",
    b"\xc3\xa4: 1\r\n",
    b"Host: evil\r\n",
    b"A: b\r\nhOsT: evil\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding:chunked\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
    b"TE: trailers\r\n",
    b"Trailer: X\r\n",
    b"Keep-Alive: 5\r\n",
    b"Proxy-Connection: close\r\n",
]


async def nothing() -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        *((b"GET", path, b"") for path in PATHS),
        *((b"GET", b"/x", headers) for headers in LINES),
        *((method, b"/x", b"") for method in (b"", b"get", b"CONNECT", b"TRACE", b"GET /admin HTTP/1.1\r\nX:")),
    ],
)
async def test_what_could_become_another_request_is_refused_before_a_connection_is_opened(
    make_pool: MakePool, method: bytes, path: bytes, headers: bytes
) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        with pytest.raises(Unsendable) as caught:
            await pool.request(method, path, headers, idempotent=True)
        assert not caught.value.sent
        with pytest.raises(Unsendable):
            await pool.upload(method, path, headers, nothing(), length=0)
        with pytest.raises(Unsendable):
            pool.stream(method, path, headers)
        assert service.connections == 0


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (b"/", b""),
        (b"/a/.hidden/..b?next=/../x&q=%2e%2e", b""),
        (b"/a%20b%0d%0a;v=1/!$&'()*+,=:@~|", b""),
        (b"/x", b"X:\r\nX-Latin: \xe4\r\nX-Tab: a\tb\r\nTEst: 1\r\nHostile: 1\r\nContent-Type: a\r\nCookie: c\r\n"),
    ],
)
async def test_what_is_harmless_passes_unchanged(make_pool: MakePool, path: bytes, headers: bytes) -> None:
    async with serving(answers(OK)) as service:
        await make_pool(service.url).request(b"GET", path, headers, idempotent=True)
        assert service.seen[0].line == b"GET " + path + b" HTTP/1.1"
        assert service.seen[0].head.endswith(b"\r\n" + headers + b"\r\n")


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (b"/a" * 100_000 + b"/.", b""),
        (b"/" * 200_000 + b" ", b""),
        (b"/" + b"a" * 200_000 + b"\x00", b""),
        (b"/x", b"X: a\r\n" * 40_000 + b"Host: evil\r\n"),
        (b"/x", b"C:\r\n" * 40_000 + b"C"),
        (b"/x", b"a" * 200_000),
        (b"/x", b"X: " + b"a" * 200_000),
    ],
)
def test_no_head_takes_long_to_check(path: bytes, lines: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Unsendable):
        Heads(b"x", b"").build(b"GET", path, lines)
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize("lines", LINES)
async def test_lines_known_beforehand_are_refused_when_they_are_made_or_else_when_they_are_sent(
    make_pool: MakePool, lines: bytes
) -> None:
    with pytest.raises(Unsendable) as caught:
        Lines(lines)
    assert not caught.value.sent
    async with serving(answers(OK)) as service:
        with pytest.raises(Unsendable):
            await make_pool(service.url).request(b"GET", b"/x", b"", idempotent=True, known=lines)
        assert service.connections == 0


async def test_lines_known_beforehand_travel_with_the_others(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        for known in (Lines(b"X-Known: 1\r\n"), b"X-Known: 1\r\n"):
            await pool.request(b"POST", b"/x", b"X-New: 2\r\n", b"{}", idempotent=True, known=known)
        for seen in service.seen:
            assert seen.head.endswith(b"\r\nContent-Length: 2\r\nX-Known: 1\r\nX-New: 2\r\n\r\n")
            assert seen.body == b"{}"


def test_what_is_made_of_checked_lines_counts_as_unchecked() -> None:
    lines = Lines(b"X: 1\r\n")
    assert type(lines + lines) is type(lines[1:]) is type(lines.replace(b"1", b"\n")) is bytes


async def test_a_negative_length_is_refused(make_pool: MakePool) -> None:
    with pytest.raises(Unsendable):
        await make_pool("http://127.0.0.1:1").upload(b"POST", b"/x", b"", nothing(), length=-1)


def test_a_header_line_is_built_only_from_a_clean_name_and_value() -> None:
    assert line(b"X-User-Id", b"u 1\t\xe4") == b"X-User-Id: u 1\t\xe4\r\n"
    for name, value in (
        (b"X", b"a\r\nY: b"),
        (b"X", b"a\n"),
        (b"X", b"\x00"),
        (b"X:", b"a"),
        (b"", b"a"),
        (b"X ", b"a"),
    ):
        with pytest.raises(Unsendable) as caught:
            line(name, value)
        assert not caught.value.sent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.internal",
        "//crm.internal",
        "ftp://crm.internal",
        "http://",
        "http://user:pass@crm.internal",
        "http://crm.internal?x=1",
        "http://crm.internal/#x",
        "http://crm.internal:99999",
        "http://crm.internal:x",
        "http://crm internal",
        "http://crm.internal/a b",
        "http://crm.internal/a//b",
        "http://cröm.internal",
    ],
)
def test_a_base_url_that_is_not_a_plain_http_address_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Pool(Target(url, 1, 1, 1, 1))
