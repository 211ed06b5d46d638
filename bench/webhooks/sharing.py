"""Two couriers against one, and `/v1` beside couriers that work."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench import load, needs
from bench.running import pin, threads
from bench.subjects import Subject
from bench.webhooks.deployment import Deployment
from bench.webhooks.ground import ENDPOINTS, Ground
from bench.webhooks.rates import Rounds, told
from bench.work import SINGLE

SHARE: Final = 0.25  # of a core that each courier may use
_PERIOD: Final = 20_000  # microseconds
_GROUPS: Final = Path("/sys/fs/cgroup")
_EVENTS: Final = 120
_SECONDS: Final = 3.0


def couriers(ground: Ground, rounds: int) -> dict[str, Any]:
    """One courier and two, each with a quarter of a core: so couriers are what is scarce, and not this machine's two cores."""
    found: Rounds = defaultdict(list)
    with ExitStack() as stack:
        subjects = {f"{count}": Deployment(ground, stack, "postgresql", couriers=count) for count in (1, 2)}
        for subject in subjects.values():
            subject.subscribe()
            subject.delivered(_EVENTS // 10)
            for pid in subject.pids:
                stack.enter_context(_limited(pid, SHARE))
        for turn in range(rounds):
            for name, subject in subjects.items():
                found[name].append(subject.delivered(_EVENTS * len(subject.pids)).told())
            needs.say(f"one courier and two, round {turn + 1} of {rounds}")
    result = told(found)
    return {**result, "ratio": round(result["2"]["a_second"] / result["1"]["a_second"], 3), "share_of_a_core": SHARE}


def beside(ground: Ground, rounds: int) -> dict[str, Any]:
    """`/v1` on one core while a courier delivers on the other, and while it has nothing to do, in turns.

    The other core is also that of wrk, the stub and the store, which a request waits for. They go first there: the courier, the
    database and the receivers take what is left (SCHED_IDLE), as if they had cores of their own.
    """
    found: Rounds = defaultdict(list)
    with ExitStack() as stack:
        subject = Deployment(ground, stack, "postgresql", answering=True)
        assert subject.worker is not None
        subject.subscribe()
        subject.delivered(_EVENTS // 10)
        around = os.sched_getaffinity(ground.receivers.pid)
        for pid in (*subject.pids, ground.receivers.pid, *ground.database_pids()):
            pin(pid, next(iter(around)))
            _idle(pid)
        workload = Subject("gateway", subject.port, [subject.worker], credentials=subject.token)
        for turn in range(rounds + 1):
            for busy in (False, True) if turn % 2 else (True, False):
                done = _sliced(subject, workload, busy=busy)
                if turn:
                    found["beside a busy courier" if busy else "alone"].append(done)
            needs.say(f"/v1 beside couriers, round {turn} of {rounds}")
    result = told(found)
    result["p99_ratio"] = round(result["beside a busy courier"]["p99_ms"] / result["alone"]["p99_ms"], 3)
    return result


def _sliced(subject: Deployment, workload: Subject, *, busy: bool) -> dict[str, float]:
    receivers = subject.ground.receivers
    if busy:
        subject.happen(_EVENTS)
    before, began = receivers.count(), time.perf_counter()
    done = load.run(workload, SINGLE, _SECONDS, {}, connections=8)
    deliveries, seconds = receivers.count() - before, time.perf_counter() - began
    if busy:
        if deliveries >= _EVENTS * ENDPOINTS:
            raise RuntimeError("the courier had nothing more to do before the slice ended")
        subject.settled()
    return {
        "a_second": round(done.rate),
        "p50_ms": done.p50_ms,
        "p99_ms": done.p99_ms,
        "cpu_us": done.cpu_us["self"],
        "deliveries_a_second": round(deliveries / seconds),
    }


def _idle(pid: int) -> None:
    for thread in threads(pid):
        os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


@contextmanager
def _limited(pid: int, share: float) -> Iterator[None]:
    """The process may use such a share of a core, by a group of the kernel's (v1 or v2)."""
    root, settings = _quota(share)
    group = root / f"bench-{pid}"
    group.mkdir()
    try:
        for name, value in settings:
            (group / name).write_text(value)
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        (root / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _quota(share: float) -> tuple[Path, Sequence[tuple[str, str]]]:
    least = round(_PERIOD * share)
    if (_GROUPS / "cpu").is_dir():
        return _GROUPS / "cpu", (("cpu.cfs_period_us", str(_PERIOD)), ("cpu.cfs_quota_us", str(least)))
    if (_GROUPS / "cgroup.controllers").exists():
        (_GROUPS / "cgroup.subtree_control").write_text("+cpu")
        return _GROUPS, (("cpu.max", f"{least} {_PERIOD}"),)
    raise needs.Missing("there are no control groups of the kernel's to limit a courier's CPU with")
