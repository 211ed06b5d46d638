"""Processes that make records under keys are killed at any moment: what was told stays, nothing is made twice.

`make test` kills two hundred, `make chaos` as many as it is given (CHAOS_KILLS).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.stores.redis_connection import RedisConnection
from gateway.stores.replays import InProgress, OutcomeUnknown, Replays, Stored

KILLS = int(os.environ.get("CHAOS_KILLS", "200"))
LEASE = 0.05  # seconds
LIFETIME = 600 + KILLS  # seconds: what was told is asked about when all have been killed
pytestmark = pytest.mark.timeout(120 + KILLS)

# Forks one process after the other, of which each makes records until it is killed: what it made and what it was able to tell are
# in two files, each line of which is written whole or not at all.
DRIVER = """
import asyncio, os, random, signal, sys, time
from gateway.stores import redis_url
from gateway.stores.replays import Replays, Reserved

url, lease, lifetime, kills, made, told = sys.argv[1], float(sys.argv[2]), *map(int, sys.argv[3:5]), *sys.argv[5:]

def write(file, text):
    where = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(where, text.encode() + b"\\n")
    os.close(where)

async def create(process):
    line = await redis_url.connect(url, timeout=5)
    replays = Replays(line, lifetime, lease)
    os.write(1, b".")
    number = 0
    while True:
        key = f"{process}-{number}"
        write(told, f"asked {key}")
        for _ in range(2):
            found = await replays.reserve("t", "p", "POST", "/v1/contacts", key, b"f")
            if isinstance(found, Reserved):
                write(made, key)
                await replays.finish(found.handle, 201, [], key.encode())
                write(told, f"told {key}")
        number += 1

for process in range(kills):
    hearing, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(telling, 1)
        asyncio.run(create(process))
    os.close(telling)
    os.read(hearing, 1)
    os.close(hearing)
    time.sleep(random.uniform(0, 0.006))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


async def test_processes_killed_at_any_moment_lose_nothing_they_told_and_double_nothing(
    line: RedisConnection, valkey_url: str, tmp_path: Path
) -> None:
    made, told = tmp_path / "made", tmp_path / "told"
    arguments = [valkey_url, str(LEASE), str(LIFETIME), str(KILLS), str(made), str(told)]
    driver = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DRIVER, *arguments, stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )
    assert await driver.wait() == 0
    await asyncio.sleep(2 * LEASE)
    words = [each.split() for each in told.read_text().splitlines()]
    asked = {key for word, key in words if word == "asked"}
    answered = {key for word, key in words if word == "told"}
    records = Counter(made.read_text().split())
    assert len({key.partition("-")[0] for key in asked}) > KILLS // 2 and len(answered) > KILLS // 10
    assert set(records.values()) == {1} and answered <= records.keys()
    replays = Replays(line, LIFETIME, LEASE)
    unknown = 0
    for key in asked:
        found = await replays.reserve("t", "p", "POST", "/v1/contacts", key, b"f")
        assert not isinstance(found, InProgress)
        unknown += isinstance(found, OutcomeUnknown)
        if key in answered:
            assert isinstance(found, Stored) and found.body == key.encode()
        elif key in records:
            assert isinstance(found, Stored | OutcomeUnknown), found
    print(f"\nprocesses killed: kills={KILLS}, made={len(records)}, told={len(answered)}, unknown={unknown}")
