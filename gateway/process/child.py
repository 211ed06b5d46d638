"""Child processes that cannot outlive their parent, not even when it is killed with SIGKILL.

Linux ends a process when its parent dies if the process asked for it (prctl(2), PR_SET_PDEATHSIG). Our own workers ask at
their first step (`hold`). Programs that know nothing of the gateway are started through this file, run as a script
(`tethered`): it asks on their behalf and becomes them, which keeps the request. It imports the standard library only,
because as a script it runs without site-packages, for speed.

The kernel watches the thread that started the child: start children from the main thread.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1

ALIVE = b"!"
FULL = b"f"
"""What a worker says once a second: that its loop turns, and that it had to refuse connections since it said so last."""


def hold(parent: int, ending: int = signal.SIGKILL) -> None:
    """End this process with `ending` when `parent` (its pid) dies; end it now when that has happened already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, ending)
    if os.getppid() != parent:
        os.kill(os.getpid(), ending)


def tethered(command: Sequence[str]) -> list[str]:
    """The command line that runs `command` tied to this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def module(name: str, *arguments: str) -> list[str]:
    """The command line that runs the Python module `name`; a folder of that name where we stand is not mistaken for it."""
    return [sys.executable, "-P", "-m", name, *arguments]


def environment(**extra: str) -> Mapping[str, str]:
    """This process's environment for a Python child, which finds the packages where this one found them."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **extra}


if __name__ == "__main__":
    hold(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the command, without a shell, is the purpose
