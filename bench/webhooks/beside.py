"""`/v1` beside couriers that work: what they do to it, apart from what any work on a neighbouring core does.

On two cores couriers cannot have one that nobody else needs: the other core is also that of wrk, the stub and the store, which
every request waits for, and what is busy there slows the one under test as well. So the same seconds are measured four times in
turns: alone; beside a process that does nothing but burn as much CPU, in the same place; beside the courier of another gateway,
which shares no store with this one; and beside this one's own. The last two differ in stores and locks alone, the second and the
fourth in caches, memory and the kernel's locks besides.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Final

from bench import intervals, load, needs
from bench.running import AROUND, cpu_seconds, pin, threads
from bench.subjects import Subject
from bench.webhooks.deployment import Deployment
from bench.webhooks.ground import ENDPOINTS, Ground
from bench.webhooks.rates import Rounds, told
from bench.work import SINGLE

ALONE, BURNER = "alone", "beside a burner of as much CPU"
STRANGER, OWN = "beside the courier of another gateway", "beside its own courier"
_EVENTS: Final = 120
_SECONDS: Final = 3.0
_CONNECTIONS: Final = 8
_BURN: Final = """
import sys, time
for line in sys.stdin:
    share, seconds = map(float, line.split())
    began, spent = time.monotonic(), time.process_time()
    while (passed := time.monotonic() - began) < seconds:
        if time.process_time() - spent < share * passed:
            for _ in range(2000): pass
        else:
            time.sleep(0.0005)
"""

Busy = Callable[[], AbstractContextManager[None]]


def beside(ground: Ground, rounds: int) -> dict[str, Any]:
    """All four in turns, and their ratios. Couriers, databases, receivers and the burner take what is left of the outer core."""
    with ExitStack() as stack:
        subject = Deployment(ground, stack, "postgresql", answering=True)
        stranger = Deployment(ground, stack, "postgresql, another server")
        for each in (subject, stranger):
            each.subscribe()
            each.delivered(_EVENTS // 10)
        burner = stack.enter_context(_burner())
        _leave_the_rest(ground, subject, stranger, burner.pid)
        slices = _Slices(ground, subject, stranger, burner)
        found: Rounds = defaultdict(list)
        names = [OWN, STRANGER, BURNER, ALONE]
        for turn in range(rounds + 1):
            first = turn % len(names)
            for name in [*names[first:], *names[:first]]:
                done = slices.take(name)
                if turn:
                    found[name].append(done)
            needs.say(f"/v1 beside couriers, round {turn} of {rounds}" if turn else "/v1 beside couriers, warmed up")
    return {**told(found), "ratios": _ratios(found)}


def _ratios(found: Rounds) -> dict[str, dict[str, list[float]]]:
    """Medians over neighbours, each with where the true one lies with 95 %."""
    pairs = {
        "a lost core: burner to alone": (BURNER, ALONE),
        "couriers: own to burner": (OWN, BURNER),
        "shared stores and locks: own to another's": (OWN, STRANGER),
    }
    return {
        what: {
            figure: intervals.ratio(
                [each[figure] for each in found[one]], [each[figure] for each in found[other]]
            ).told()
            for figure in ("p99_ms", "p50_ms", "cpu_us")
        }
        for what, (one, other) in pairs.items()
    }


class _Slices:
    def __init__(
        self, ground: Ground, subject: Deployment, stranger: Deployment, burner: subprocess.Popen[bytes]
    ) -> None:
        assert subject.worker is not None
        self._ground = ground
        self._beside = [*subject.pids, *stranger.pids, ground.receivers.pid, burner.pid]
        self._burner = burner
        self._share = 1.0
        self._workload = Subject("gateway", subject.port, [subject.worker], credentials=subject.token)
        self._busy: dict[str, Busy] = {
            ALONE: nullcontext,
            BURNER: self._burning,
            STRANGER: lambda: _delivering(stranger),
            OWN: lambda: _delivering(subject),
        }

    def take(self, name: str) -> dict[str, float]:
        """Three seconds; `beside_share`: of a core, what whoever is beside has used."""
        receivers = self._ground.receivers
        with self._busy[name]():
            before, spent, began = receivers.count(), self._spent(), time.perf_counter()
            done = load.run(self._workload, SINGLE, _SECONDS, {}, connections=_CONNECTIONS)
            seconds = time.perf_counter() - began
            share, deliveries = (self._spent() - spent) / seconds, receivers.count() - before
        if name == OWN:
            self._share = share
        return {
            "a_second": round(done.rate),
            "p50_ms": done.p50_ms,
            "p99_ms": done.p99_ms,
            "cpu_us": done.cpu_us["self"],
            "deliveries_a_second": round(deliveries / seconds),
            "beside_share": round(share, 3),
        }

    def _spent(self) -> float:
        return cpu_seconds([*self._beside, *self._ground.database_pids()])

    @contextmanager
    def _burning(self) -> Iterator[None]:
        assert self._burner.stdin is not None
        # A little longer than wrk runs, until it is counted.
        self._burner.stdin.write(f"{self._share} {_SECONDS + 1}\n".encode())
        self._burner.stdin.flush()
        yield
        time.sleep(0.4)


@contextmanager
def _delivering(subject: Deployment) -> Iterator[None]:
    receivers = subject.ground.receivers
    before = receivers.count()
    subject.happen(_EVENTS)
    yield
    if receivers.count() - before >= _EVENTS * ENDPOINTS:
        raise RuntimeError("the courier had nothing more to do before the slice ended")
    subject.settled()


@contextmanager
def _burner() -> Iterator[subprocess.Popen[bytes]]:
    line = ["taskset", "-c", str(AROUND), sys.executable, "-c", _BURN]
    process = subprocess.Popen(line, stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _leave_the_rest(ground: Ground, subject: Deployment, stranger: Deployment, burner: int) -> None:
    """wrk, stub and store go first on the outer core (SCHED_IDLE for all else there), as if the others had cores of their own."""
    for pid in (*subject.pids, *stranger.pids, ground.receivers.pid, *ground.database_pids(), burner):
        pin(pid, AROUND)
        for thread in threads(pid):
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
