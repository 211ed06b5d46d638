"""`make mutants`: seed one fault after the other into copies of the checkout, and see that the named tests fail for each.

    python -m tests.mutants [WORD …] [--jobs 2]

WORD narrows to the faults whose sentence or file holds one. Ends with 1 when a fault was not caught, or the tests fail without.
"""

from __future__ import annotations

import argparse
import itertools
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import adapters, edge
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
PARTS = ("adapters", "docs", "gateway", "openapi", "sandbox", "sdk", "tests", "config.yaml", "pyproject.toml")
MUTANTS = (*adapters.MUTANTS, *edge.MUTANTS)
MOST = 300  # seconds for the tests of one fault: a fault that hangs them is caught, too
_FAILED = 1  # pytest's own: tests were run, and some failed
_ERRED = -1
_SECONDS = itertools.count(int(time.time()) + 1)


def main() -> int:
    options = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    options.add_argument("words", nargs="*")
    options.add_argument("--jobs", type=int, default=2)
    asked = options.parse_args()
    chosen = [m for m in MUTANTS if not asked.words or any(word in m.said + m.file for word in asked.words)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(asked.jobs) as pool:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(asked.jobs):
            copies.put(_copied(Path(folder) / str(number)))
        sound = list(pool.map(lambda tests: _ended(copies, tests, None), dict.fromkeys(m.caught for m in chosen)))
        if any(sound):
            print("The tests fail without any fault: nothing can be said.", file=sys.stderr)
            return 1
        statuses = list(pool.map(lambda mutant: _ended(copies, mutant.caught, mutant), chosen))
    missed = [mutant for mutant, status in zip(chosen, statuses, strict=True) if status != _FAILED]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} caught in {time.monotonic() - began:.0f} s")
    for mutant in missed:
        print(f"NOT CAUGHT: {mutant.said} ({mutant.file})")
    return bool(missed)


def _copied(to: Path) -> Path:
    to.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, to / part)
        else:
            shutil.copy(ROOT / part, to / part)
    return to


def _ended(copies: queue.Queue[Path], tests: tuple[str, ...], mutant: Mutant | None) -> int:
    """The status that pytest ends with in a copy that has the fault."""
    root, began = copies.get(), time.monotonic()
    before = mutant.apply(root) if mutant else ""
    if mutant:
        _renewed(root / mutant.file)
    env = os.environ | {"PYTHONPATH": str(root)}
    line = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)
    try:
        done = subprocess.run(line, cwd=root, env=env, capture_output=True, check=False, timeout=MOST)
        # What ended in an error before a test could look has proved nothing.
        status = _ERRED if done.returncode == _FAILED and b"\nFAILED " not in done.stdout else done.returncode
    except subprocess.TimeoutExpired:
        status = _FAILED if mutant else _ERRED
    finally:
        if mutant:
            (root / mutant.file).write_text(before)
            _renewed(root / mutant.file)
        copies.put(root)
    verdict = (
        {0: "survives", _FAILED: "caught", _ERRED: "errors"}.get(status, f"pytest ended with {status}")
        if mutant
        else status
    )
    print(f"{time.monotonic() - began:6.1f} s  {verdict}: {mutant.said if mutant else ' '.join(tests)}", flush=True)
    return status


def _renewed(file: Path) -> None:
    """Compiled code is kept by second and length, and both may be those of the fault before: each change gets a second of its own."""
    second = next(_SECONDS)
    os.utime(file, (second, second))


if __name__ == "__main__":
    sys.exit(main())
