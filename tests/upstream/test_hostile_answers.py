import asyncio
import time

import pytest

from gateway.upstream import Broken, Invalid, Pool, Response, Timeout, TooLarge
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, Script, answers, serving, then_closes

HEAD = b"HTTP/1.1 200 OK\r\n"
GARBAGE = {
    "html": b"<html><body>It works!</body></html>",
    "tls alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "http2 settings": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "a request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "version 2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 099": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "status 600": b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    "switching protocols, silently": b"HTTP/1.1 101 S\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "length list": HEAD + b"Content-Length: 2, 2\r\n\r\nab",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "signed length": HEAD + b"Content-Length: +2\r\n\r\nab",
    "endless length": HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
    "length and chunked": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "chunked and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "gzip coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity coding": HEAD + b"Transfer-Encoding: identity\r\n\r\nabc",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size not hex": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
    "chunk size overflow": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
    "chunk longer than its size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "folded header": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "nul in a header": HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "cr in a header": HEAD + b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
    "space before the colon": HEAD + b"X : a\r\nContent-Length: 0\r\n\r\n",
    "no name": HEAD + b": a\r\nContent-Length: 0\r\n\r\n",
    "header section over 64 KiB": HEAD + b"X: " + b"a" * 65536 + b"\r\nContent-Length: 2\r\n\r\nok",
    "many headers over 64 KiB": HEAD + b"X: a\r\n" * 20000 + b"Content-Length: 2\r\n\r\nok",
}


async def call(pool: Pool, *, idempotent: bool = False) -> Response:
    return await pool.request(b"GET", b"/x", b"", idempotent=idempotent)


@pytest.mark.parametrize("wire", GARBAGE.values(), ids=GARBAGE.keys())
async def test_what_is_not_an_answer_is_invalid_and_its_connection_is_not_used_again(
    make_pool: MakePool, wire: bytes
) -> None:
    async with serving(answers(wire), answers(OK)) as service:
        pool = make_pool(service.url)
        with pytest.raises(Invalid) as caught:
            await call(pool)
        assert caught.value.sent
        assert (await call(pool)).body == b"ok"
        assert service.connections == 2


def floods(start: bytes, piece: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.read()
        await peer.send(start)
        while True:
            await peer.send(piece)

    return script


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (HEAD, b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
        (HEAD + b"X: ", b"a" * 4096),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 200),
        (b"", b"\r\n" * 2000),
        (CHUNKED + b"5;", b"extension" * 500),
        (CHUNKED + b"2\r\nab\r\n0\r\n", b"X-Trailer: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
        (CHUNKED + b"2\r\nab\r\n0\r\nX: ", b"a" * 4096),
    ],
    ids=["headers", "one header", "interim answers", "empty lines", "chunk extension", "trailers", "one trailer"],
)
async def test_what_goes_on_for_ever_without_being_a_body_is_cut_short(
    make_pool: MakePool, start: bytes, piece: bytes
) -> None:
    async with serving(floods(start, piece)) as service:
        with pytest.raises(Invalid) as caught:
            await call(make_pool(service.url, total_timeout=10.0))
        assert caught.value.sent
        assert service.bytes_sent < 8 << 20  # what the sockets and the test's own writer buffer


async def test_a_length_over_the_limit_is_refused_before_any_of_the_body_arrives(make_pool: MakePool) -> None:
    async with serving(answers(HEAD + b"Content-Length: 1001\r\n\r\n")) as service:
        began = time.monotonic()
        with pytest.raises(TooLarge) as caught:
            await call(make_pool(service.url, max_response_bytes=1000))
        assert caught.value.sent
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("start", "piece"),
    [(CHUNKED, b"1000\r\n" + b"a" * 4096 + b"\r\n"), (HEAD + b"\r\n", b"a" * 4096)],
    ids=["chunked", "until close"],
)
async def test_a_body_without_a_length_is_counted_while_it_is_read(
    make_pool: MakePool, start: bytes, piece: bytes
) -> None:
    async with serving(floods(start, piece)) as service:
        with pytest.raises(TooLarge) as caught:
            await call(make_pool(service.url, total_timeout=10.0))
        assert caught.value.sent
        assert service.bytes_sent < 10 << 20


@pytest.mark.parametrize(
    "wire",
    [HEAD + b"Content-Length: 1000\r\n\r\n" + b"a" * 1000, CHUNKED + b"3e8\r\n" + b"a" * 1000 + b"\r\n0\r\n\r\n"],
    ids=["length", "chunked"],
)
async def test_a_body_of_exactly_the_limit_passes(make_pool: MakePool, wire: bytes) -> None:
    async with serving(answers(wire)) as service:
        assert len((await call(make_pool(service.url, max_response_bytes=1000))).body) == 1000


async def silent(peer: Peer) -> None:
    await peer.read()
    await peer.hold()


async def then_hangs(peer: Peer) -> None:
    await peer.read()
    await peer.send(OK)
    await peer.read()
    await peer.hold()


async def drips(peer: Peer) -> None:
    await peer.read()
    await peer.send(HEAD + b"Content-Length: 100000\r\n\r\n")
    while True:
        await peer.send(b"a")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("script", [silent, drips])
@pytest.mark.parametrize("idempotent", [False, True])
async def test_an_answer_that_is_not_complete_at_the_deadline_is_a_timeout(
    make_pool: MakePool, script: Script, idempotent: bool
) -> None:
    async with serving(script) as service:
        began = time.monotonic()
        with pytest.raises(Timeout) as caught:
            await call(make_pool(service.url, total_timeout=0.2), idempotent=idempotent)
        assert caught.value.sent
        assert 0.15 < time.monotonic() - began < 1
        assert len(service.seen) == 1
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)


async def test_the_deadline_of_one_call_does_not_fall_on_the_next_of_the_same_connection(make_pool: MakePool) -> None:
    async def slow(peer: Peer) -> None:
        while True:
            await peer.read()
            await asyncio.sleep(0.12)
            await peer.send(OK)

    async with serving(slow) as service:
        pool = make_pool(service.url, total_timeout=0.3)
        for _ in range(5):
            assert (await call(pool)).body == b"ok"
        assert service.connections == 1


async def test_the_deadline_still_holds_on_a_connection_that_has_served_before(make_pool: MakePool) -> None:
    async with serving(then_hangs) as service:
        pool = make_pool(service.url, total_timeout=0.3)
        await call(pool)
        await asyncio.sleep(0.2)
        began = time.monotonic()
        with pytest.raises(Timeout):
            await call(pool)
        assert 0.25 < time.monotonic() - began < 0.6


async def test_an_earlier_deadline_than_the_one_before_holds_on_the_same_connection(make_pool: MakePool) -> None:
    async with serving(then_hangs) as service:
        pool = make_pool(service.url)
        loop = asyncio.get_running_loop()
        connection = await pool.acquire(loop.time() + 5)
        assert (await connection.start(b"GET / HTTP/1.1\r\n\r\n", loop.time() + 5, bodyless=False)).body == b"ok"
        assert await pool.acquire(loop.time() + 5) is connection
        began = time.monotonic()
        with pytest.raises(Timeout):
            await connection.start(b"GET / HTTP/1.1\r\n\r\n", loop.time() + 0.1, bodyless=False)
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"HTTP/1.1 200",
        HEAD + b"Content-Length: 5\r\n",
        HEAD + b"Content-Length: 5\r\n\r\nab",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_an_answer_cut_short_is_broken(make_pool: MakePool, wire: bytes, reset: bool) -> None:
    async def cut(peer: Peer) -> None:
        await peer.read()
        await peer.send(wire)
        if reset:
            peer.reset()

    async with serving(cut) as service:
        with pytest.raises(Broken) as caught:
            await call(make_pool(service.url), idempotent=True)
        assert caught.value.sent
        assert len(service.seen) == 1


async def test_errors_do_not_name_the_service(make_pool: MakePool) -> None:
    async with serving(then_closes(b"")) as service:
        pool = make_pool(service.url)
        with pytest.raises(Broken) as caught:
            await pool.request(b"GET", b"/secret", b"Authorization: Bearer canary\r\n", idempotent=False)
        for secret in ("127.0.0.1", str(service.port), "secret", "canary"):
            assert secret not in str(caught.value)
