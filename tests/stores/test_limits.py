"""Admission as the pipeline uses it: real clocks, several workers, and a store that goes away."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.process.embedded import valkey
from gateway.stores import redis_url
from gateway.stores.limits import Gate, Limiter
from gateway.stores.local_limits import LocalLimits
from gateway.stores.policies import Policy
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.token_generations import Liveness, live_key

TOKEN = Policy("token", 600, 60.0, 100, per="token")
TENANT = Policy("tenant", 900, 60.0, per="tenant")
SEARCH = Policy("search", 300, 60.0, per="token")
ADDRESS = Policy("address", 3, 60.0, per="address")

WORKER = """
import asyncio, sys
from gateway.stores.limits import Limiter
from gateway.stores import redis_url
from gateway.stores.policies import Policy
async def main():
    line = await redis_url.connect(sys.argv[1], timeout=5)
    limiter = Limiter(line, 1)
    gate = limiter.gate("t", sys.argv[2], [Policy("token", 1000, 60, 400, per="token"), Policy("tenant", 500, 60, per="tenant")])
    await line.command("PING")
    print("ready", flush=True)
    sys.stdin.readline()
    verdicts = await asyncio.gather(*(limiter.admit(gate) for _ in range(450)))
    assert not any(verdict.local for verdict in verdicts)
    print(sum(verdict.allowed for verdict in verdicts))
asyncio.run(main())
"""


def hash_tag(key: bytes) -> bytes:
    """What Redis Cluster hashes: between the first brace and the first closing one after it, if that is not empty."""
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    return key[start + 1 : end] if start >= 0 and end > start + 1 else key


def keys_of(gate: Gate) -> list[bytes]:
    return [key for key, _ in gate.subjects]


async def test_a_first_request_reads_whole_policies_minus_one_by_the_stores_clock(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    verdict = await limiter.admit(limiter.gate("t", "a", [TOKEN, TENANT, SEARCH]))
    assert verdict.allowed
    assert not verdict.local
    assert verdict.generation is None
    assert [reading.remaining for reading in verdict.readings] == [99, 899, 299]
    assert [reading.policy for reading in verdict.readings] == [TOKEN, TENANT, SEARCH]
    assert abs(verdict.now - time.time()) < 5


async def test_tokens_of_a_tenant_share_its_budget_and_nothing_else(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    for token in ("a", "a", "b"):
        verdict = await limiter.admit(limiter.gate("t", token, [TOKEN, TENANT]))
    assert [reading.remaining for reading in verdict.readings] == [99, 897]
    verdict = await limiter.admit(limiter.gate("other", "a", [TOKEN, TENANT]))
    assert [reading.remaining for reading in verdict.readings] == [99, 899]


@pytest.mark.parametrize("tenant", ["clx1", "a}b", "{", "a{b}c", "é"])
async def test_all_keys_of_a_request_share_one_cluster_slot(line: RedisConnection, tenant: str) -> None:
    gate = Limiter(line, 1).gate(tenant, "tok", [TOKEN, TENANT, SEARCH])
    tags = {hash_tag(key) for key in (*keys_of(gate), live_key(tenant, "tok").encode())}
    assert len(tags) == 1
    assert len(set(keys_of(gate))) == 3


async def test_every_key_expires_by_itself(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    await limiter.admit(limiter.gate("t", "a", [TOKEN, TENANT, SEARCH]))
    await Liveness(line).confirm("t", "a", 1)
    keys = await line.command("KEYS", "*")
    assert len(keys) == 4
    lives = [await line.command("TTL", key) for key in keys]
    assert all(0 < life <= 3600 for life in lives)


async def test_a_window_and_a_bucket_of_one_name_do_not_read_each_others_state(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    for burst in (None, 5, None, 5):
        verdict = await limiter.admit(limiter.gate("t", "a", [Policy("token", 10, 60.0, burst, per="token")]))
    assert verdict.readings[0].remaining == 3


async def test_a_lowered_quota_bites_at_once_on_what_was_already_counted(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    for _ in range(8):
        await limiter.admit(limiter.gate("t", "a", [Policy("tenant", 10, 60.0, per="tenant")]))
    verdict = await limiter.admit(limiter.gate("t", "a", [Policy("tenant", 5, 60.0, per="tenant")]))
    assert not verdict.allowed
    assert verdict.readings[0].remaining == 0


async def test_a_request_without_policies_still_reads_the_generation(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    await Liveness(line).announce("t", "a", 7)
    verdict = await limiter.admit(limiter.gate("t", "a", []))
    assert (verdict.allowed, verdict.generation, verdict.readings) == (True, 7, ())


async def test_two_processes_never_admit_more_than_the_quota_between_them(
    line: RedisConnection, valkey_url: str
) -> None:
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, valkey_url, "a", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    begun = time.monotonic()
    outputs = await asyncio.gather(*(worker.communicate(b"\n") for worker in workers))
    refilled = int((time.monotonic() - begun) * 1000 / 60) + 1
    assert 400 <= sum(int(output) for output, _ in outputs) <= min(500, 400 + refilled)


async def test_ipv6_clients_are_counted_by_their_network_and_mapped_ones_as_ipv4(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:9::3"):
        assert (await limiter.admit_address(address, ADDRESS)).allowed
    assert not (await limiter.admit_address("2001:db8::4", ADDRESS)).allowed
    assert (await limiter.admit_address("2001:db8:0:1::1", ADDRESS)).allowed
    assert (await limiter.admit_address("192.0.2.1", ADDRESS)).readings[0].remaining == 2
    assert (await limiter.admit_address("::ffff:192.0.2.1", ADDRESS)).readings[0].remaining == 1
    assert (await limiter.admit_address("not an address", ADDRESS)).readings[0].remaining == 2


async def test_a_lost_store_leaves_each_worker_its_share_flagged_and_comes_back(tmp_path: Path) -> None:
    small = Policy("token", 10, 60.0, per="token")
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url, timeout=0.1)
        limiter = Limiter(line, 2)
        gate = limiter.gate("t", "a", [small, TOKEN])
        assert not (await limiter.admit(gate)).local
        pid = int((tmp_path / "valkey" / "valkey.pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        verdicts = [await limiter.admit(gate) for _ in range(7)]
        os.kill(pid, signal.SIGCONT)
        assert all(verdict.local and verdict.generation is None for verdict in verdicts)
        assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False] * 2
        assert verdicts[-1].readings[0].retry_after > 0
        assert abs(verdicts[-1].now - time.time()) < 5
        async with asyncio.timeout(5):
            while (await limiter.admit(gate)).local:  # noqa: ASYNC110 - nothing announces its return
                await asyncio.sleep(0.01)
        await line.aclose()


def test_a_share_is_never_less_than_one_request() -> None:
    limits = LocalLimits(1000)
    for policy in (TOKEN, SEARCH):
        assert limits.admit([(b"k" + policy.name.encode(), policy)]).allowed


def test_a_shares_bucket_refills_at_the_share_of_the_rate() -> None:
    now = [1000.0]
    limits = LocalLimits(2, lambda: now[0])
    subject = [(b"k", Policy("token", 60, 60.0, 10, per="token"))]
    assert sum(limits.admit(subject).allowed for _ in range(10)) == 5
    now[0] += 4.001
    assert sum(limits.admit(subject).allowed for _ in range(10)) == 2


def test_the_memory_of_the_local_limits_is_bounded() -> None:
    limits = LocalLimits(1)
    for number in range(20_100):
        limits.admit([(b"%d" % number, SEARCH)])
    assert len(limits._meters) == 20_000


@pytest.mark.parametrize(("quota", "window", "burst"), [(0, 60.0, None), (1, 0.0, None), (1, 60.0, 0), (-1, 1.0, 1)])
def test_a_policy_that_could_never_admit_is_refused(quota: int, window: float, burst: int | None) -> None:
    with pytest.raises(ValueError, match="rate limit x"):
        Policy("x", quota, window, burst, per="token")


async def test_a_generation_is_confirmed_once_and_raised_by_an_announcement(line: RedisConnection) -> None:
    limiter, liveness = Limiter(line, 1), Liveness(line)
    gate = limiter.gate("t", "a", [TOKEN])
    assert await liveness.confirm("t", "a", 1) == 1
    assert (await limiter.admit(gate)).generation == 1
    await liveness.announce("t", "a", 2)
    assert (await limiter.admit(gate)).generation == 2


async def test_a_late_confirmation_does_not_undo_a_revocation(line: RedisConnection) -> None:
    liveness = Liveness(line)
    await liveness.announce("t", "a", 2)
    assert await liveness.confirm("t", "a", 1) == 2
    await liveness.announce("t", "a", 1)
    assert await liveness.confirm("t", "a", 1) == 2


async def test_confirming_again_does_not_postpone_the_next_look_into_sql(line: RedisConnection) -> None:
    liveness = Liveness(line)
    await liveness.confirm("t", "a", 1)
    await line.command("EXPIRE", live_key("t", "a"), 100)
    await liveness.confirm("t", "a", 1)
    assert await line.command("TTL", live_key("t", "a")) <= 100


async def test_a_generation_of_one_tenant_says_nothing_about_another(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    await Liveness(line).announce("t", "a", 5)
    assert (await limiter.admit(limiter.gate("u", "a", []))).generation is None
