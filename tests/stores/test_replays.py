"""Idempotency keys: one holder, one answer, and honesty about what nobody knows."""

import asyncio
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.stores.redis_connection import RedisConnection
from gateway.stores.replays import (
    Found,
    InProgress,
    OutcomeUnknown,
    Replays,
    Reservation,
    Reserved,
    Reused,
    Settled,
    Stored,
    _place,
)

CREATED = (201, [(b"content-type", b"application/json"), (b"location", b"/v1/contacts/con_\xe9")], b'{"data": "\xff"}')

WORKER = """
import asyncio, sys
from gateway.stores import redis_url
from gateway.stores.replays import Replays
async def main():
    line = await redis_url.connect(sys.argv[1], timeout=5)
    replays = Replays(line, 60, float(sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    found = await asyncio.gather(*(replays.reserve("t", "p", "POST", "/v1/contacts", sys.argv[3], b"f") for _ in range(20)))
    print(*(type(one).__name__ for one in found), flush=True)
    sys.stdin.readline()
asyncio.run(main())
"""


async def reserve(replays: Replays, key: str = "k", fingerprint: bytes = b"f", *, again: bool = False) -> Found:
    return await replays.reserve("t", "p", "POST", "/v1/contacts", key, fingerprint, again=again)


async def reserved(replays: Replays, key: str = "k") -> Reservation:
    found = await reserve(replays, key)
    assert isinstance(found, Reserved)
    return found.handle


@pytest.fixture
def replays(line: RedisConnection) -> Replays:
    return Replays(line, 86_400, 60)


@pytest.fixture
def hasty(line: RedisConnection) -> Replays:
    """Gives a holder only 30 ms."""
    return Replays(line, 86_400, 0.03)


async def test_a_finished_request_is_answered_again_byte_for_byte(replays: Replays) -> None:
    assert await replays.finish(await reserved(replays), *CREATED)
    found = await reserve(replays)
    assert found == Stored(*CREATED)


async def test_while_it_runs_the_same_request_is_in_progress(replays: Replays) -> None:
    await reserved(replays)
    assert await reserve(replays) == InProgress(1.0)


async def test_the_wait_grows_with_the_time_it_runs_but_not_beyond_the_lease(line: RedisConnection) -> None:
    replays = Replays(line, 60, 1.05)
    await reserved(replays)
    await asyncio.sleep(0.3)
    found = await reserve(replays)
    assert isinstance(found, InProgress)
    assert 0 < found.retry_after < 0.8


@pytest.mark.parametrize("finished", [False, True])
async def test_another_request_with_the_key_is_told_that_it_is_used(replays: Replays, finished: bool) -> None:
    handle = await reserved(replays)
    if finished:
        await replays.finish(handle, *CREATED)
    assert await reserve(replays, fingerprint=b"other") == Reused()


async def test_a_released_key_is_free_for_any_request(replays: Replays) -> None:
    assert await replays.release(await reserved(replays))
    assert isinstance(await reserve(replays, fingerprint=b"other"), Reserved)


async def test_an_ambiguous_outcome_stays_unknown(replays: Replays) -> None:
    assert await replays.ambiguous(await reserved(replays))
    assert await reserve(replays) == OutcomeUnknown()
    assert await reserve(replays) == OutcomeUnknown()
    assert await reserve(replays, fingerprint=b"other") == Reused()


async def test_a_deduplicating_service_may_be_asked_again_after_an_unknown_outcome(replays: Replays) -> None:
    first = await reserved(replays)
    await replays.ambiguous(first)
    second = await reserve(replays, again=True)
    assert isinstance(second, Reserved)
    assert isinstance(await reserve(replays, again=True), InProgress)
    assert not await replays.finish(first, 500, [], b"late")
    assert await replays.finish(second.handle, *CREATED)
    assert isinstance(await reserve(replays, again=True), Stored)


async def test_a_holder_that_never_settles_leaves_an_unknown_outcome(hasty: Replays) -> None:
    await reserved(hasty)
    await asyncio.sleep(0.05)
    assert await reserve(hasty) == OutcomeUnknown()


async def test_a_slow_holder_whom_nobody_replaced_may_still_settle(hasty: Replays) -> None:
    handle = await reserved(hasty)
    await asyncio.sleep(0.05)
    assert await reserve(hasty) == OutcomeUnknown()
    assert await hasty.finish(handle, *CREATED)
    assert isinstance(await reserve(hasty), Stored)


async def test_a_replaced_holder_can_neither_finish_nor_release_nor_doubt(hasty: Replays) -> None:
    old = await reserved(hasty)
    await asyncio.sleep(0.05)
    assert isinstance(await reserve(hasty, again=True), Reserved)
    for settle in (hasty.finish(old, *CREATED), hasty.release(old), hasty.ambiguous(old)):
        assert not await settle
    assert isinstance(await reserve(hasty), InProgress)


async def test_a_finished_answer_can_not_be_undone_by_its_own_holder(replays: Replays) -> None:
    handle = await reserved(replays)
    await replays.finish(handle, *CREATED)
    for settle in (replays.finish(handle, 500, [], b""), replays.release(handle), replays.ambiguous(handle)):
        assert not await settle
    assert isinstance(await reserve(replays), Stored)


async def test_tenants_principals_methods_paths_and_keys_are_independent(replays: Replays) -> None:
    places = [
        ("t", "p", "POST", "/a", "k"),
        ("u", "p", "POST", "/a", "k"),
        ("t", "q", "POST", "/a", "k"),
        ("t", "p", "PATCH", "/a", "k"),
        ("t", "p", "POST", "/b", "k"),
        ("t", "p", "POST", "/a", "l"),
        ("t", "p", "POST", "/ak", ""),
        ("t", "pP", "OST", "/a", "k"),
    ]
    assert all([isinstance(await replays.reserve(*place, b"f"), Reserved) for place in places])


@given(st.lists(st.tuples(*[st.text("ab:1", max_size=3)] * 4), min_size=2, max_size=2, unique=True))
def test_no_two_scopes_share_a_place(scopes: list[tuple[str, str, str, str]]) -> None:
    assert _place("t", *scopes[0]) != _place("t", *scopes[1])


async def test_every_key_of_a_tenant_is_in_its_cluster_slot_and_expires(
    line: RedisConnection, replays: Replays
) -> None:
    await replays.finish(await reserved(replays, "a"), *CREATED)
    await replays.ambiguous(await reserved(replays, "b"))
    await reserved(replays, "c")
    keys = await line.command("KEYS", "*")
    assert len(keys) == 3
    assert all(key.startswith(b"gw:{t}:replay:") for key in keys)
    lives = [await line.command("TTL", key) for key in keys]
    assert all(86_390 <= life <= 86_400 for life in lives)


async def test_a_key_is_free_again_after_its_lifetime(line: RedisConnection) -> None:
    replays = Replays(line, 0.03, 60)
    await replays.finish(await reserved(replays), *CREATED)
    await asyncio.sleep(0.05)
    assert isinstance(await reserve(replays), Reserved)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.integers(200, 599),
    headers=st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=4),
    body=st.binary(max_size=200),
)
async def test_any_answer_survives_storage(
    replays: Replays, line: RedisConnection, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    await line.command("FLUSHALL")
    await replays.finish(await reserved(replays), status, headers, body)
    assert await reserve(replays) == Stored(status, headers, body)


async def start_worker(url: str, lease: float, key: str) -> asyncio.subprocess.Process:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, str(lease), key, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"ready\n"
    return worker


async def found_by(worker: asyncio.subprocess.Process) -> list[str]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(b"\n")
    return (await worker.stdout.readline()).decode().split()


async def test_forty_requests_in_two_processes_make_one_reservation(line: RedisConnection, valkey_url: str) -> None:
    workers = [await start_worker(valkey_url, 60, "k") for _ in range(2)]
    found = Counter(name for names in await asyncio.gather(*map(found_by, workers)) for name in names)
    assert found == {"Reserved": 1, "InProgress": 39}
    await asyncio.gather(*(worker.communicate(b"\n") for worker in workers))


async def test_a_key_held_by_a_killed_process_reads_as_unknown_after_its_lease(
    line: RedisConnection, valkey_url: str, hasty: Replays
) -> None:
    worker = await start_worker(valkey_url, 0.03, "k")
    assert "Reserved" in await found_by(worker)
    worker.kill()
    await worker.wait()
    await asyncio.sleep(0.04)
    assert await reserve(hasty) == OutcomeUnknown()


async def test_a_cancelled_reservation_is_given_back(replays: Replays) -> None:
    task = asyncio.ensure_future(reserve(replays))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await asyncio.wait(replays._settling)
    assert isinstance(await reserve(replays), Reserved)


async def test_beyond_the_tenants_budget_status_and_headers_are_kept_without_the_body(line: RedisConnection) -> None:
    replays = Replays(line, 86_400, 60, budget=1_000)
    status, headers, _ = CREATED
    for key, body, settled in (("a", b"x" * 600, Settled.WHOLE), ("b", b"x" * 600, Settled.WITHOUT_BODY)):
        assert await replays.finish(await reserved(replays, key), status, headers, body) is settled
    assert await reserve(replays, "a") == Stored(status, headers, b"x" * 600)
    assert await reserve(replays, "b") == Stored(status, headers, None)
    # One tenant's answers take nothing from another's, and a few bytes always fit.
    foreign = await replays.reserve("u", "p", "POST", "/v1/contacts", "a", b"f")
    assert isinstance(foreign, Reserved)
    assert await replays.finish(foreign.handle, status, headers, b"x" * 900) is Settled.WHOLE
    assert await replays.finish(await reserved(replays, "c"), status, headers, b"{}") is Settled.WHOLE


async def test_bytes_are_given_back_when_their_answers_have_expired(line: RedisConnection) -> None:
    replays = Replays(line, 0.24, 0.1, budget=1_000)
    assert await replays.finish(await reserved(replays, "a"), 201, [], b"x" * 900) is Settled.WHOLE
    assert await replays.finish(await reserved(replays, "b"), 201, [], b"x" * 900) is Settled.WITHOUT_BODY
    await asyncio.sleep(0.3)
    assert await replays.finish(await reserved(replays, "c"), 201, [], b"x" * 900) is Settled.WHOLE
