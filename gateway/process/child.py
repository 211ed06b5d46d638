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
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

ALIVE = b"!"
FULL = b"f"
"""What a worker says once a second: that its loop turns, and that it had to refuse connections since it said so last."""


def hold(parent: int, ending: int = signal.SIGKILL) -> None:
    """End this process with `ending` when `parent` (its pid) dies; end it now when that has happened already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, ending)
    if os.getppid() != parent:
        os.kill(os.getpid(), ending)


def adopt() -> None:
    """Become the parent of what descends from this process and has lost its own."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def rename(title: str) -> None:
    """Let `ps` and /proc show this process as `title`, in the place of the command line that it inherited, as far as that is long."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NAME, title.rpartition(".")[2].encode()[:15])
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    # proc(5), fields 48 and 49: where the arguments begin and end in this process's own memory.
    begin, end = int(stat[45]), int(stat[46])
    if 0 < begin < end:
        ctypes.memmove(begin, title.encode()[: end - begin - 1].ljust(end - begin, b"\0"), end - begin)


def keep_only(descriptors: Collection[int]) -> None:
    """Close all others, whoever in this process may think that they are open: for the first steps behind a fork."""
    for each in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - a path object adds nothing to /proc
        if each not in descriptors:
            with suppress(OSError):  # the one that the list was read from
                os.close(each)


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
