import asyncio

import pytest

from gateway.upstream import Pool, Response
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, answers, serving, then_closes


async def get(pool: Pool, path: bytes = b"/x", *, method: bytes = b"GET") -> Response:
    return await pool.request(method, path, b"Accept: application/json\r\n", idempotent=True)


async def test_a_request_reaches_the_service_under_the_base_urls_prefix_with_host_and_headers(
    make_pool: MakePool,
) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url + "/api/")
        answer = await pool.request(b"GET", b"/contacts?q=%20a", b"X-User-Id: u1\r\n", idempotent=True)
        assert (answer.status, answer.body) == (200, b"ok")
        (seen,) = service.seen
        assert seen.line == b"GET /api/contacts?q=%20a HTTP/1.1"
        assert seen.header(b"Host") == [b"127.0.0.1:%d" % service.port]
        assert seen.header(b"X-User-Id") == [b"u1"]
        assert seen.header(b"Content-Length") == seen.header(b"Cookie") == seen.header(b"Accept-Encoding") == []


async def test_a_body_is_sent_with_its_length_and_an_empty_post_says_so(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        await pool.request(b"POST", b"/x", b"", b'{"a":1}', idempotent=False)
        await pool.request(b"POST", b"/x", b"", idempotent=False)
        await pool.request(b"DELETE", b"/x", b"", idempotent=False)
        assert [seen.body for seen in service.seen] == [b'{"a":1}', b"", b""]
        assert [seen.header(b"Content-Length") for seen in service.seen] == [[b"7"], [b"0"], []]


async def test_a_megabyte_goes_both_ways(make_pool: MakePool) -> None:
    megabyte = bytes(range(256)) * 4096
    async with serving(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + megabyte)) as service:
        answer = await make_pool(service.url).request(b"PUT", b"/x", b"", megabyte, idempotent=True)
        assert answer.body == service.seen[0].body == megabyte


async def test_header_names_come_lower_cased_in_order_and_values_trimmed(make_pool: MakePool) -> None:
    wire = (
        b"HTTP/1.1 200 OK\r\nX-B:  1 \r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Empty:\r\nContent-Length: 0 \r\n\r\n"
    )
    async with serving(answers(wire)) as service:
        answer = await get(make_pool(service.url))
        assert answer.headers == (
            (b"x-b", b"1"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"x-empty", b""),
            (b"content-length", b"0"),
        )
        assert answer.header(b"set-cookie") == b"a=1"
        assert answer.header(b"location") is None


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'3;name="value"\r\nabc\r\nA\r\ndefghijklm\r\n0\r\nX-Trailer: t\r\nContent-Type: text/html\r\n\r\n'
)


async def test_chunks_are_joined_and_extensions_and_trailers_dropped(make_pool: MakePool) -> None:
    async with serving(answers(CHUNKED)) as service:
        pool = make_pool(service.url)
        for _ in range(2):
            answer = await get(pool)
            assert answer.body == b"abcdefghijklm"
            assert answer.headers == ((b"transfer-encoding", b"chunked"),)
        assert service.connections == 1


@pytest.mark.parametrize("wire", [OK, CHUNKED], ids=["length", "chunked"])
async def test_an_answer_that_comes_byte_by_byte_is_the_same_answer(make_pool: MakePool, wire: bytes) -> None:
    async def drip(peer: Peer) -> None:
        await peer.read()
        for at in range(len(wire)):
            await peer.send(wire[at : at + 1])
            await asyncio.sleep(0)
        await peer.hold()

    async with serving(answers(wire), drip) as service:
        pool = make_pool(service.url, max_connections=2)
        whole, dripped = await asyncio.gather(get(pool), get(pool))
        assert (whole.status, whole.headers, whole.body) == (dripped.status, dripped.headers, dripped.body)


async def test_interim_answers_are_skipped_and_their_headers_forgotten(make_pool: MakePool) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serving(answers(interim + OK)) as service:
        pool = make_pool(service.url)
        for _ in range(2):
            answer = await get(pool)
            assert (answer.status, answer.headers, answer.body) == (200, ((b"content-length", b"2"),), b"ok")
        assert service.connections == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 99999999", b"Transfer-Encoding: chunked", b"X: no length"])
async def test_the_answer_to_head_has_no_body_whatever_it_announces(make_pool: MakePool, framing: bytes) -> None:
    async with serving(answers(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n"), answers(OK)) as service:
        pool = make_pool(service.url)
        answer = await get(pool, method=b"HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert (await get(pool)).body == b"ok"


@pytest.mark.parametrize(
    "head", [b"204 No Content", b"304 Not Modified", b"304 Not Modified\r\nContent-Length: 99999999"]
)
async def test_an_answer_that_cannot_have_a_body_ends_with_its_head(make_pool: MakePool, head: bytes) -> None:
    async with serving(answers(b"HTTP/1.1 " + head + b"\r\n\r\n", OK)) as service:
        pool = make_pool(service.url)
        answer = await get(pool)
        assert (answer.status, answer.body) == (int(head[:3]), b"")
        assert (await get(pool)).body == b"ok"
        assert service.connections == 1


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_without_a_length_the_end_of_the_connection_ends_the_body(make_pool: MakePool, version: bytes) -> None:
    async with serving(then_closes(b"HTTP/" + version + b" 200 OK\r\n\r\nall of it")) as service:
        assert (await get(make_pool(service.url))).body == b"all of it"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_answers_and_are_not_followed(make_pool: MakePool, status: int) -> None:
    async with serving(answers(OK)) as inside:
        moved = b"HTTP/1.1 %d Moved\r\nLocation: %s/secret\r\nContent-Length: 0\r\n\r\n" % (status, inside.url.encode())
        async with serving(answers(moved)) as service:
            assert (await get(make_pool(service.url))).status == status
        assert inside.connections == 0


async def test_cookies_are_not_kept(make_pool: MakePool) -> None:
    wire = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with serving(answers(wire)) as service:
        pool = make_pool(service.url)
        await get(pool)
        await get(pool)
        assert [seen.header(b"Cookie") for seen in service.seen] == [[], []]


async def test_proxy_variables_of_the_environment_are_ignored(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serving(answers(OK)) as service:
        assert (await get(make_pool(service.url))).status == 200
