"""What a start costs: CPU of all its processes from `gateway serve` until the first request is answered, and the time by the clock.

    python -m bench.starts [--against TREE] [--rounds 5] [--empty]

Embedded stores and sandbox, one worker, one courier, on a data directory that is there (`--empty`: on a new one each time). With
`--against` another checkout starts in turns with this one, on the same interpreter and packages. Reported: medians, and of the
CPU whose it is.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench import running

HERE = Path(__file__).parents[1]
VERSION = "2026-09-01"
_TICKS = os.sysconf("SC_CLK_TCK")
_TOKEN = re.compile(rb"^ *-H 'Authorization: Bearer (\S+)'")
_PORT = re.compile(rb"listening on \S+:(\d+),")
Costs = Mapping[str, float]
"""Seconds: `clock`, `cpu`, and the CPU of each process by its name."""


def start(tree: Path, home: Path) -> Costs:
    """Start the gateway of the checkout at `tree` on `home`, ask it once, and stop it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    environment |= {"PYTHONPATH": str(tree), "GATEWAY_PORT": "0", "GATEWAY_ADMIN_PORT": "0"}
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "gateway", "serve", "--data-dir", str(home)],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        try:
            port = token = b""
            while not token:
                line = process.stderr.readline()
                if not line:
                    raise RuntimeError(f"the gateway of {tree} did not start")
                port = found[1] if (found := _PORT.search(line)) else port
                token = found[1] if (found := _TOKEN.match(line)) else token
            status, _, _ = running.fetch(
                int(port), "GET", "/v1/me", {"Version": VERSION, "Authorization": f"Bearer {token.decode()}"}
            )
            clock = time.monotonic() - began
            if status != 200:
                raise RuntimeError(f"GET /v1/me was answered {status}")
            each = {running.command(pid): _cpu(pid) for pid in (process.pid, *running.children(process.pid))}
        finally:
            process.terminate()
    named: dict[str, float] = {}
    for command, spent in each.items():
        name = _named(command)
        named[name] = named.get(name, 0.0) + spent
    return {"clock": clock, "cpu": sum(named.values()), **named}


def _cpu(pid: int) -> float:
    """Seconds of CPU of a process and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _named(command: str) -> str:
    for name in ("preloader", "worker", "courier", "publisher", "sandbox", "valkey"):
        if name in command.partition(" serve --data-dir")[0]:
            return name
    return "supervisor"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.starts")
    parser.add_argument("--against", type=Path, metavar="TREE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--empty", action="store_true", help="on a new data directory each time")
    given = parser.parse_args()
    trees = {"here": HERE} | ({"against": given.against.resolve()} if given.against else {})
    found: dict[str, list[Costs]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as below:
        homes = {name: Path(below) / name for name in trees}
        for at in range(given.rounds + 1):
            for name, tree in trees.items():
                home = homes[name].with_suffix(f".{at}") if given.empty else homes[name]
                home.mkdir(exist_ok=True)
                costs = start(tree, home)
                if at:  # the first makes data and compiled files
                    found[name].append(costs)
    print(f"medians of {given.rounds}, seconds; load {os.getloadavg()[0]:.1f}")
    for name, runs in found.items():
        parts = sorted({part for run in runs for part in run} - {"clock", "cpu"})
        shown = ", ".join(f"{part} {median(run.get(part, 0.0) for run in runs):.2f}" for part in parts)
        spread = f"{min(run['cpu'] for run in runs):.2f} to {max(run['cpu'] for run in runs):.2f}"
        cpu, clock = (median(run[part] for run in runs) for part in ("cpu", "clock"))
        print(f"{name:8} cpu {cpu:.2f} ({spread}); clock {clock:.2f}; {shown}")


if __name__ == "__main__":
    main()
