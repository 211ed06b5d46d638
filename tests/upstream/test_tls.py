import asyncio
from pathlib import Path

import pytest

from gateway.upstream import Broken, Pool, Response, Target, Unreachable
from tests.certificates import DAY, NOW, Authority, make_authority
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, answers, serving, then_closes


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path)


async def call(pool: Pool) -> Response:
    return await pool.request(b"GET", b"/x", b"", idempotent=False)


async def test_a_trusted_certificate_for_the_right_name_carries_calls_and_the_name_is_announced(
    make_pool: MakePool, authority: Authority
) -> None:
    context = authority.server("localhost")
    announced: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: announced.append(name)
    async with serving(answers(OK), tls=context) as service:
        pool = make_pool(service.url, ca_file=authority.file)
        for _ in range(3):
            assert (await call(pool)).body == b"ok"
        assert service.connections == 1
        assert announced == ["localhost"]


async def test_a_certificate_for_an_address_is_accepted_for_that_address(
    make_pool: MakePool, authority: Authority
) -> None:
    async with serving(answers(OK), tls=authority.server("127.0.0.1")) as service:
        pool = make_pool(f"https://127.0.0.1:{service.port}", ca_file=authority.file)
        assert (await call(pool)).body == b"ok"


async def test_large_bodies_pass_both_ways(make_pool: MakePool, authority: Authority) -> None:
    body = bytes(range(256)) * 4000
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with serving(answers(wire), tls=authority.server("localhost")) as service:
        pool = make_pool(service.url, ca_file=authority.file)
        assert (await pool.request(b"PUT", b"/x", b"", body, idempotent=True)).body == body
        assert service.seen[0].body == body


@pytest.mark.parametrize("fault", ["wrong name", "unknown authority", "expired"])
async def test_a_certificate_that_proves_nothing_is_unreachable_and_nothing_is_sent(
    make_pool: MakePool, authority: Authority, fault: str
) -> None:
    context = authority.server(
        "example.com" if fault == "wrong name" else "localhost", until=NOW - DAY if fault == "expired" else NOW + DAY
    )
    async with serving(answers(OK), tls=context) as service:
        pool = make_pool(service.url, ca_file=None if fault == "unknown authority" else authority.file)
        with pytest.raises(Unreachable) as caught:
            await call(pool)
        assert not caught.value.sent
        assert service.seen == []


async def test_a_service_that_speaks_no_tls_is_unreachable(make_pool: MakePool, authority: Authority) -> None:
    async def plain(peer: Peer) -> None:
        await peer.send(OK)

    async with serving(plain) as service:
        with pytest.raises(Unreachable):
            await call(make_pool(f"https://127.0.0.1:{service.port}", ca_file=authority.file))


async def test_a_handshake_that_never_ends_is_unreachable_within_the_connect_timeout(
    make_pool: MakePool, authority: Authority
) -> None:
    async def mute(peer: Peer) -> None:
        await peer.hold()

    async with serving(mute) as service:
        pool = make_pool(f"https://127.0.0.1:{service.port}", ca_file=authority.file, connect_timeout=0.1)
        with pytest.raises(Unreachable):
            await call(pool)
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)


async def test_over_tls_the_end_of_the_connection_does_not_make_an_answer_complete(
    make_pool: MakePool, authority: Authority
) -> None:
    async with serving(then_closes(b"HTTP/1.1 200 OK\r\n\r\nhalf"), tls=authority.server("localhost")) as service:
        with pytest.raises(Broken):
            await call(make_pool(service.url, ca_file=authority.file))


async def test_a_connection_closed_while_idle_is_not_used_again(make_pool: MakePool, authority: Authority) -> None:
    async with serving(then_closes(OK), answers(OK), tls=authority.server("localhost")) as service:
        pool = make_pool(service.url, ca_file=authority.file)
        await call(pool)
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
        assert (await call(pool)).body == b"ok"
        assert [seen.connection for seen in service.seen] == [0, 1]


def test_a_trust_file_that_cannot_be_read_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ValueError, match="ca_file"):
            Pool(Target("https://a", 1, 1, 1, 1, ca_file=str(tmp_path / name)))
