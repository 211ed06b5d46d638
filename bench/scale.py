"""What must not depend on size or age: workers, tokens and tenants, declared resources, and a long run."""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import compare, load, needs
from bench.running import UNDER_TEST, fetch, open_files, resident_mb
from bench.subjects import gateway
from bench.work import ALL, PAGE, SINGLE, Workload

ROUNDS, SECONDS = 5, 2.0


def workers(chosen: argparse.Namespace) -> dict[str, Any]:
    """One worker against two, stub and load generator free to use both cores, as they would be elsewhere."""
    with compare.ground() as (base, service), ExitStack() as stack:
        subjects = [gateway.start(base, stack, workers=count, name=f"{count} workers") for count in (1, 2)]
        rows = compare.measured(
            [_only(subject, SINGLE, PAGE) for subject in subjects], ROUNDS, SECONDS, {"stub": service.pid}
        )
    return {"rows": rows, "note": "the second worker shares its core with stub, store and load generator"}


def tokens(chosen: argparse.Namespace) -> dict[str, Any]:
    """One token in the stores against a million of ten thousand tenants; a thousand of them sent in turns as well."""
    with compare.ground() as (base, service), ExitStack() as stack:
        few = gateway.start(base, stack, name="1 token")
        many = gateway.start(base, stack, name="1,000,000 tokens")
        needs.say("inserting a million tokens")
        before = time.perf_counter()
        texts = gateway.admit(many.data_dir, 10_000, 1_000_000)
        took = time.perf_counter() - before
        subjects = [_only(few, SINGLE), _only(many, SINGLE)]
        rows = compare.measured(subjects, ROUNDS, SECONDS, {"stub": service.pid})
        cold = [_one(many.port, text) for text in texts]
        warm = [_one(many.port, text) for text in texts]
        megabytes = round((many.data_dir / "gateway.db").stat().st_size / 1e6)
        return {
            "rows": rows,
            "inserting_seconds": round(took, 1),
            "database_mb": megabytes,
            "first_use_ms": _spread(cold),
            "second_use_ms": _spread(warm),
            "resident_mb": resident_mb(many.pids),
        }


def resources(chosen: argparse.Namespace) -> dict[str, Any]:
    """The cost of finding an operation and of starting, with the declared resources and with sixty."""
    line = ["taskset", "-c", str(UNDER_TEST), sys.executable, "-m", "bench.resources"]
    root = Path(__file__).parents[1]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def soak(chosen: argparse.Namespace) -> dict[str, Any]:
    """Requests of every kind until there were enough, memory and open files noted all along."""
    with compare.ground() as (base, service), ExitStack() as stack:
        subject = gateway.start(base, stack)
        pid, total, notes = subject.pids[0], 0, []
        began = time.monotonic()
        turns = itertools.cycle([SINGLE, SINGLE, SINGLE, PAGE, *ALL[2:]])
        for turn, workload in enumerate(turns):
            width = 16 + 16 * (turn % 4)
            done = load.run(subject, workload, 10, {"stub": service.pid}, connections=width, tolerant=True)
            total += done.requests
            note: dict[str, Any] = {"requests": total, "resident_mb": resident_mb([pid]), "open_files": open_files(pid)}
            note |= {"valkey_mb": resident_mb([subject.helpers["valkey"]]), "workload": workload.name}
            notes.append(note | {"rate": round(done.rate), "p99_ms": done.p99_ms, "failed": done.failed})
            if turn % 10 == 0:
                needs.say(f"{total:,} requests, {note['resident_mb']} MB")
            if total >= chosen.requests:
                break
        time.sleep(2)
        tasks = json.loads(fetch(subject.admin_port, "GET", "/readyz", {})[2] or b"{}")
        return {
            "requests": total,
            "failed": sum(note["failed"] for note in notes),
            "seconds": round(time.monotonic() - began),
            "open_files_at_rest": open_files(pid),
            "ready": tasks,
            "notes": notes,
        }


CHECKS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "workers": workers,
    "tokens": tokens,
    "resources": resources,
    "soak": soak,
}


def _only(subject: gateway.Gateway, *workloads: Workload) -> gateway.Gateway:
    subject.workloads = workloads
    return subject


def _one(port: int, token: str) -> float:
    began = time.perf_counter()
    status, _, body = fetch(port, "GET", SINGLE.path, {"Authorization": f"Bearer {token}", "Version": SINGLE.version})
    if status != 200:
        raise RuntimeError(f"a token of a million was answered {status}: {body!r}")
    return (time.perf_counter() - began) * 1000


def _spread(values: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)}
