"""One slice of load: wrk on the outer core, and the CPU that each process spent on it."""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.running import AROUND, cpu_seconds
from bench.subjects import Subject
from bench.work import Workload

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("load.lua")
"""What wrk does, as the environment tells it."""
_serial = itertools.count()


@dataclass(frozen=True, slots=True)
class Slice:
    """rate in requests a second; p50 and p99 in milliseconds; cpu_us: by process, microseconds of CPU for each request."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: Mapping[str, float]
    failed: int = 0


def run(
    subject: Subject,
    workload: Workload,
    seconds: float,
    around: Mapping[str, int],
    *,
    connections: int = CONNECTIONS,
    tolerant: bool = False,
) -> Slice:
    """Load `subject` for that long. `around`: the pids of what else works for it, by name.

    RuntimeError for any failed request, unless `tolerant`.
    """
    sent = {"Host": f"127.0.0.1:{subject.port}", **subject.headers(workload)}
    environment = {
        **os.environ,
        "BENCH_METHOD": workload.method,
        "BENCH_PATH": workload.path,
        "BENCH_BODY": workload.body.decode(),
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in sent.items()),
        "BENCH_KEYED": f"{os.getpid()}-{next(_serial)}-{time.time_ns()}" if workload.keyed else "",
    }
    line = ["taskset", "-c", str(AROUND), "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    line += ["--timeout", "20s", "-s", str(SCRIPT), f"http://127.0.0.1:{subject.port}"]
    groups = {subject.name: subject.pids, **{name: [pid] for name, pid in {**around, **subject.helpers}.items()}}
    before = {name: cpu_seconds(pids) for name, pids in groups.items()}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    after = {name: cpu_seconds(pids) for name, pids in groups.items()}
    _settle(subject.pids)
    if done.returncode:
        raise RuntimeError(f"wrk failed: {done.stderr or done.stdout}")
    measured = json.loads(done.stdout.strip().rpartition("\n")[2])
    count = measured["requests"]
    if (measured["failed"] and not tolerant) or not count:
        raise RuntimeError(f"{subject.name}, {workload.name}: {measured['failed']} of {count} requests failed")
    cpu = {
        ("self" if name == subject.name else name): round((after[name] - before[name]) / count * 1e6, 1)
        for name in groups
    }
    return Slice(count, count / measured["seconds"], measured["p50_ms"], measured["p99_ms"], cpu, measured["failed"])


def _settle(pids: Sequence[int]) -> None:
    """Until the subject is done with what wrk has walked away from: a slow one would work on into the next one's slice."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        before = cpu_seconds(pids)
        time.sleep(0.1)
        if cpu_seconds(pids) - before < 0.005:
            return
