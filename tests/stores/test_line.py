"""The connection to the store: answers find their askers, failures come fast, and it comes back by itself."""

import asyncio
import os
import signal
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.process.embedded import valkey
from gateway.stores import redis_url
from gateway.stores.address import Address
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import RedisConnection, Script

ECHO = Script("return ARGV[1]")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(path: Path, handler: Handler) -> AsyncIterator[str]:
    """A far side that behaves as ``handler`` does, once it has answered the greeting."""

    async def greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"+PONG\r\n")
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_unix_server(greeted, path)
    try:
        yield f"unix://{path}"
    finally:
        server.close()


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not fact():  # noqa: ASYNC110 - nothing announces a change of state
            await asyncio.sleep(0.005)


async def test_nine_thousand_commands_at_once_each_get_their_own_answer(line: RedisConnection) -> None:
    wanted = [str(number).encode() for number in range(9_000)]
    assert await asyncio.gather(*(line.command("ECHO", text) for text in wanted)) == wanted


async def test_a_script_unknown_to_the_store_is_loaded_and_run(line: RedisConnection) -> None:
    await line.command("SCRIPT", "FLUSH")
    assert await asyncio.gather(*(line.run(ECHO, (), (n,)) for n in range(50))) == [b"%d" % n for n in range(50)]


async def test_binary_arguments_pass_unchanged(line: RedisConnection) -> None:
    raw = bytes(range(256)) * 5000
    assert await line.run(ECHO, (), (raw,)) == raw


async def test_a_refusal_is_raised_and_the_line_stays_usable(line: RedisConnection) -> None:
    with pytest.raises(StoreUnavailable, match="refused"):
        await line.command("NOSUCH")
    with pytest.raises(StoreUnavailable, match="refused"):
        await line.run(Script("return redis.call('INCR', KEYS[1], 1, 2)"), ("k",), ())
    assert await line.command("PING") == b"PONG"


async def test_a_cancelled_command_does_not_shift_the_answers_of_others(line: RedisConnection) -> None:
    commands = [asyncio.ensure_future(line.command("ECHO", n)) for n in range(20)]
    await asyncio.sleep(0)
    for command in commands[::2]:
        command.cancel()
    assert await asyncio.gather(*commands[1::2]) == [b"%d" % n for n in range(1, 20, 2)]


async def test_a_store_that_is_away_fails_commands_at_once_and_is_found_when_it_comes(tmp_path: Path) -> None:
    line = await redis_url.connect(f"unix://{tmp_path}/v.sock")
    begun = time.perf_counter()
    with pytest.raises(StoreUnavailable, match="cannot connect"):
        await line.command("PING")
    assert time.perf_counter() - begun < 0.05

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            writer.write(b":7\r\n")

    async with listening(tmp_path / "v.sock", answer):
        await until(lambda: line.connected)
        assert await line.command("ANY") == 7
        await line.aclose()


async def test_a_stuck_store_fails_every_waiting_command_within_the_timeout(tmp_path: Path) -> None:
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url, timeout=0.1)
        pid = int((tmp_path / "valkey" / "valkey.pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        try:
            begun = time.perf_counter()
            results = await asyncio.gather(*(line.command("PING") for _ in range(100)), return_exceptions=True)
            assert 0.1 <= time.perf_counter() - begun < 0.3
            assert all(isinstance(result, StoreUnavailable) for result in results)
            begun = time.perf_counter()
            with pytest.raises(StoreUnavailable):
                await line.command("PING")
            assert time.perf_counter() - begun < 0.05
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: line.connected)
        assert await line.command("PING") == b"PONG"
        await line.aclose()


async def test_a_killed_store_is_found_again_after_its_restart_with_its_data(tmp_path: Path) -> None:
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url)
        await line.command("SET", "kept", "yes")
        assert await line.command("WAITAOF", 1, 0, 20_000) == [1, 0]
        os.kill(int((tmp_path / "valkey" / "valkey.pid").read_text()), signal.SIGKILL)
        await until(lambda: not line.connected)
    async with valkey.running(tmp_path):
        await until(lambda: line.connected)
        assert await line.command("GET", "kept") == b"yes"
        await line.aclose()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_process_that_was_held_up_itself_does_not_blame_the_store(
    valkey_url: str, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def held_up() -> None:
        line = await redis_url.connect(valkey_url, timeout=0.05)
        answers = [asyncio.ensure_future(line.command("ECHO", number)) for number in range(1000)]
        await asyncio.sleep(0.001)
        time.sleep(0.1)  # noqa: ASYNC251 - the point of the test
        assert await asyncio.gather(*answers) == [b"%d" % number for number in range(1000)]
        await line.aclose()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(held_up())


@pytest.mark.parametrize("garbage", [b"garbage\r\n", b"+OK\r\n+OK\r\n", b"*-7\r\n", b"\x00" * 100])
async def test_a_far_side_that_speaks_nonsense_is_dropped(tmp_path: Path, garbage: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(garbage)
        await reader.read(100)

    async with listening(tmp_path / "v.sock", babble) as url:
        line = await redis_url.connect(url)
        first, link = asyncio.ensure_future(line.command("PING")), line._link
        await until(lambda: line._link is not link)
        await asyncio.gather(first, return_exceptions=True)
        await line.aclose()


async def test_a_store_that_became_read_only_is_left(tmp_path: Path) -> None:
    refusing = False

    async def replica(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            writer.write(b"-READONLY You can't write against a read only replica.\r\n" if refusing else b"+OK\r\n")

    async with listening(tmp_path / "v.sock", replica) as url:
        line = await redis_url.connect(url)
        link = line._link
        refusing = True
        with pytest.raises(StoreUnavailable, match="READONLY"):
            await line.command("SET", "a", "b")
        await until(lambda: line._link is not link)
        await line.aclose()


async def test_a_store_that_hangs_up_after_the_greeting_is_retried_without_end(tmp_path: Path) -> None:
    visits = 0

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1

    async with listening(tmp_path / "v.sock", leave) as url:
        line = await redis_url.connect(url)
        await until(lambda: visits > 3)
        await line.aclose()


async def test_more_commands_than_may_wait_are_refused_at_once(valkey_url: str) -> None:
    line = await redis_url.connect(valkey_url, max_pending=3)
    results = await asyncio.gather(*(line.command("PING") for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [bytes, bytes, bytes, StoreUnavailable, StoreUnavailable]
    await line.aclose()


async def test_a_closed_line_refuses_and_leaves_no_task_behind(valkey_url: str, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    for url in (valkey_url, f"unix://{tmp_path}/none.sock"):
        line = await redis_url.connect(url)
        await line.aclose()
        with pytest.raises(StoreUnavailable, match="closed"):
            await line.command("PING")
    assert asyncio.all_tasks() == before


async def test_password_database_and_tls_are_taken_from_the_url(
    tmp_path: Path, line: RedisConnection, valkey_url: str
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "store")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "store.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(1000):
                target.write(data)
            target.close()

        inner_reader, inner_writer = await asyncio.open_unix_connection(valkey_url.removeprefix("unix://"))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    await line.command("ACL", "SETUSER", "guest", "on", ">p@ss/w:rd", "~*", "+@all")
    server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}/3?ca_file={pem}"
    async with server:
        secure = await redis_url.connect(f"rediss://guest:p%40ss%2Fw%3Ard@{place}", timeout=2)
        assert await secure.command("ACL", "WHOAMI") == b"guest"
        assert b"db=3" in await secure.command("CLIENT", "INFO")
        await secure.aclose()
        wrong = await redis_url.connect(f"rediss://guest:wrong@{place}", timeout=2)
        with pytest.raises(StoreUnavailable, match="WRONGPASS"):
            await wrong.command("PING")
        await wrong.aclose()
        untrusting = await redis_url.connect(f"rediss://{place.partition('?')[0]}", timeout=2)
        with pytest.raises(StoreUnavailable, match="certificate"):
            await untrusting.command("PING")
        await untrusting.aclose()
    await line.command("ACL", "DELUSER", "guest")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://localhost",
        "redis://",
        "unix://relative.sock",
        "redis://h/x",
        "redis://h/-1",
        "redis://h?timeout=1",
        "redis://h?ca_file=x",
        "redis://h:port",
        "redis://a..b",
        f"redis://{'a' * 64}.example",
    ],
)
def test_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Address.parse(url)


def test_an_address_does_not_show_its_password() -> None:
    assert "secret" not in repr(Address.parse("redis://user:secret@host"))
