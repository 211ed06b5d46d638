import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gateway.process import child

PARENT = """
import subprocess, sys, time
from gateway.process import child
held = subprocess.Popen(child.tethered(["sleep", "60"]))
print(held.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_child_dies_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=child.environment()) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        until = time.monotonic() + 5
        while Path(f"/proc/{orphan}/comm").read_text().strip() != "sleep":
            assert time.monotonic() < until
            time.sleep(0.005)
        os.kill(parent.pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while alive(orphan):
        assert time.monotonic() < until, "the child outlived its parent"
        time.sleep(0.005)


def test_a_child_whose_parent_died_before_it_could_ask_ends_itself() -> None:
    orphan = [sys.executable, "-c", "from gateway.process import child; child.hold(1 << 22); print('lives')"]
    done = subprocess.run(orphan, env=child.environment(), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL and done.stdout == b""


def test_the_command_becomes_the_process_with_its_arguments() -> None:
    done = subprocess.run(child.tethered(["echo", "a b", "--c"]), capture_output=True, check=True)
    assert done.stdout == b"a b --c\n"
