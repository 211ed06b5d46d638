"""The embedded Valkey: private, quick to start, and recovered from whatever the last run left."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.process.embedded import keeper, valkey
from gateway.stores import redis_url

STARTER = """
import asyncio, sys
from pathlib import Path
from gateway.process.embedded import keeper, valkey
async def main():
    async with valkey.running(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def pid_of(data_dir: Path) -> int:
    return int((data_dir / "valkey" / "valkey.pid").read_text())


async def test_it_answers_on_a_socket_that_only_this_user_can_reach(tmp_path: Path) -> None:
    async with valkey.running(tmp_path) as url:
        assert valkey.url(tmp_path) == url
        assert (tmp_path / "valkey").stat().st_mode & 0o777 == 0o700
        assert Path(url.removeprefix("unix://")).stat().st_mode & 0o777 == 0o700
        line = await redis_url.connect(url)
        assert await line.command("CONFIG", "GET", "port") == [b"port", b"0"]
        await line.aclose()


async def test_it_stops_without_leaving_a_process_a_socket_or_a_pid_file(tmp_path: Path) -> None:
    async with valkey.running(tmp_path):
        pid = pid_of(tmp_path)
    assert not alive(pid)
    assert valkey.url(tmp_path) is None
    assert {entry.name for entry in (tmp_path / "valkey").iterdir()} == {"appendonlydir", "valkey.log"}


async def test_it_keeps_its_data_over_a_clean_stop(tmp_path: Path) -> None:
    for wanted in (b"1", b"2"):
        async with valkey.running(tmp_path) as url:
            line = await redis_url.connect(url)
            assert await line.command("INCR", "starts") == int(wanted)
            await line.aclose()


async def test_a_data_directory_with_a_long_path_is_served_from_a_private_directory(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30)
    async with valkey.running(data_dir) as url:
        socket = Path(url.removeprefix("unix://"))
        assert len(str(socket)) < 100
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        assert valkey.url(data_dir) == url
    socket.parent.chmod(0o755)
    try:
        with pytest.raises(valkey.ValkeyFailed, match="not a private directory"):
            async with valkey.running(data_dir):
                pass
    finally:
        socket.parent.rmdir()


async def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    starter = start([sys.executable, "-c", STARTER, str(tmp_path)])
    assert starter.stdout is not None
    assert starter.stdout.readline().startswith(b"unix://")
    pid = pid_of(tmp_path)
    starter.kill()
    starter.communicate()
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:  # noqa: ASYNC110 - the process is not a child of this one
        await asyncio.sleep(0.01)
    assert not alive(pid)
    async with valkey.running(tmp_path) as url:
        assert valkey.url(tmp_path) == url


@pytest.mark.parametrize("stuck", [False, True])
async def test_an_orphan_of_a_former_run_is_replaced_and_its_data_kept(tmp_path: Path, stuck: bool) -> None:
    home = tmp_path / "valkey"
    home.mkdir(mode=0o700)
    orphan = valkey._start(home, valkey._socket_path(tmp_path, create=True))
    await valkey._answering(orphan, home, valkey._socket_path(tmp_path, create=True))
    line = await redis_url.connect(f"unix://{home}/valkey.sock")
    await line.command("SET", "kept", "yes")
    await line.aclose()
    if stuck:
        os.kill(orphan.pid, signal.SIGSTOP)
    reaper = asyncio.get_running_loop().run_in_executor(None, orphan.wait)
    async with valkey.running(tmp_path) as url:
        await reaper
        assert pid_of(tmp_path) != orphan.pid
        line = await redis_url.connect(url)
        assert await line.command("GET", "kept") == b"yes"
        await line.aclose()


async def test_a_stale_pid_that_is_now_someone_elses_is_left_alone(tmp_path: Path) -> None:
    other = start(["sleep", "30"])
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "valkey.pid").write_text(str(other.pid))
    (tmp_path / "valkey" / "valkey.sock").touch()
    async with valkey.running(tmp_path):
        assert other.poll() is None
    other.kill()
    other.communicate()


async def test_an_append_only_file_cut_in_the_middle_is_recovered(tmp_path: Path) -> None:
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url)
        for number in range(10):
            await line.command("SET", f"key{number}", "x" * 100)
        await line.aclose()
        os.kill(pid_of(tmp_path), signal.SIGKILL)
    log = max((tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(log.read_bytes()[:-50])
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url)
        assert len(await line.command("KEYS", "key*")) == 9
        await line.aclose()


async def test_a_directory_that_cannot_be_used_gives_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "appendonlydir").write_text("in the way")
    with pytest.raises(valkey.ValkeyFailed, match=r"stopped with code \d+: .*append"):
        async with valkey.running(tmp_path):
            pass


async def test_it_is_tried_until_the_machine_can_start_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(keeper, "_LOOK", 0.02)
    home, kept = tmp_path / "valkey", tmp_path / "kept"
    async with keeper.embedded_valkey(tmp_path), asyncio.timeout(20):
        os.kill(pid_of(tmp_path), signal.SIGKILL)
        home.rename(kept)
        home.write_text("a file in the way")
        while sum(line["event"] == "embedded valkey did not start" for line in logged()) < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        home.unlink()
        kept.rename(home)
        while valkey.url(tmp_path) is None:  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.01)
