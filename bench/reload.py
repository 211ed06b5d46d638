"""What clients notice of a reload: `python -m bench reload [--reloads 100]`, three seconds each.

A gateway of two workers with embedded stores and a courier is asked at a constant rate, a share of what it can answer, with
two hundred tokens, while it reloads again and again. Each reload changes a limit that every answer names: so the answers
themselves tell when workers have swapped. Printed and kept in bench/results: p99 of all requests that were due in the second
around each swap, against that of all that were due far from any.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from uvicorn.loops.uvloop import uvloop_loop_factory

from bench import compare, needs
from bench.open_loop import Answered, Client, Load
from bench.running import CORES, children, pin
from bench.subjects import gateway
from bench.work import SINGLE

SHARE: Final = 0.4
CONNECTIONS: Final = 64
TOKENS: Final = 200
_AROUND: Final = 0.5  # seconds before and behind a swap
_FAR: Final = 1.0  # seconds from the beginning and the end of any reload


@dataclass(frozen=True, slots=True)
class Reload:
    """Moments of the monotonic clock: asked for, answered by the first time, and said to be done."""

    asked: float
    swapped: float
    done: float


def run(chosen: argparse.Namespace, code: Path | None = None) -> dict[str, Any]:
    """All of it; `code`: another checkout to measure."""
    with compare.ground() as (base, service), ExitStack() as stack:
        webhooks = {"couriers": 1, "ingest": {"port": 0}}
        subject = gateway.start(base, stack, workers=2, code=code, more={"webhooks": webhooks})
        # Nothing is kept apart: what a reload takes from those who answer is what is asked for.
        for pid in (service.pid, subject.supervisor, *children(subject.supervisor)):
            pin(pid, *CORES)
        os.sched_setaffinity(0, CORES)
        tokens = gateway.admit(subject.data_dir, 1, TOKENS)
        requests = [_request(subject, token) for token in tokens]
        client = Client(subject.port, requests, CONNECTIONS)
        with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner, _without_collector():
            rate, reloads = runner.run(_measured(client, subject, chosen))
    return {"rate": round(rate), "share": chosen.share, **told(client.load, reloads)}


def told(load: Load, reloads: Sequence[Reload]) -> dict[str, Any]:
    """The figures. Milliseconds, but for `took`, which is seconds from the signal to the word that it is done."""
    around, building, far = [], [], []
    windows = sorted(reloads, key=lambda each: each.asked)
    for answer in load.answers:
        near = [each for each in windows if each.asked - _FAR < answer.due < each.done + _FAR]
        if any(abs(answer.due - each.swapped) < _AROUND for each in near):
            around.append(answer)
        elif any(each.asked < answer.due < each.done for each in near):
            building.append(answer)
        elif not near:
            far.append(answer)
    each_second = [
        _p99([answer for answer in around if abs(answer.due - reload.swapped) < _AROUND]) for reload in windows
    ]
    took = sorted(each.done - each.asked for each in windows)
    return {
        "reloads": len(windows),
        "requests": len(load.answers),
        "failed": sum(answer.status != 200 for answer in load.answers) + load.lost,
        "took_s": {"median": round(statistics.median(took), 2), "most": round(took[-1], 2)},
        "far": _spread(far),
        "around": _spread(around),
        "building": _spread(building),
        "p99_of_single_swaps": {"median": statistics.median(each_second), "most": max(each_second)},
        "p99_ratio": round(_p99(around) / _p99(far), 2),
    }


async def _measured(client: Client, subject: gateway.Gateway, chosen: argparse.Namespace) -> tuple[float, list[Reload]]:
    await client.most(1.0)
    most = await client.most(3.0)
    rate = most * chosen.share
    needs.say(f"{most:.0f} requests a second at most; asking {rate:.0f} times a second")
    ended = asyncio.Event()
    asking = asyncio.create_task(client.run(rate, ended))
    await asyncio.sleep(5)
    reloads = []
    for turn in range(chosen.reloads):
        reloads.append(await _reloaded(client, subject, turn))
        if turn % 10 == 9:
            needs.say(f"{turn + 1} reloads")
        await asyncio.sleep(chosen.pause)
    ended.set()
    await asking
    return rate, reloads


async def _reloaded(client: Client, subject: gateway.Gateway, turn: int) -> Reload:
    home, state = subject.data_dir.parent, subject.data_dir / "reload.json"
    settings = yaml.safe_load((home / "config.yaml").read_text())
    settings["limits"]["token"]["burst"] -= 1
    (home / "config.yaml").write_text(yaml.safe_dump(settings))
    number, seen = json.loads(state.read_text())["number"], len(client.load.answers)
    before, asked = client.load.answers[-1].policy, time.monotonic()
    os.kill(subject.supervisor, signal.SIGHUP)
    while (said := json.loads(state.read_text()))["number"] == number or said["state"] == "reloading":
        if time.monotonic() > asked + 60:
            raise RuntimeError("a reload takes more than a minute")
        await asyncio.sleep(0.005)
    done = time.monotonic()
    if said["state"] != "swapped":
        raise RuntimeError(f"a reload was refused: {said}")
    await asyncio.sleep(0.1)
    answers = client.load.answers[seen:]
    first = next((each for each in answers if each.policy != before and each.status == 200), None)
    if first is None:
        raise RuntimeError("no answer is of the new configuration")
    return Reload(asked, first.due + first.took, done)


def _request(subject: gateway.Gateway, token: str) -> bytes:
    sent = {**subject.headers(SINGLE), "Host": f"127.0.0.1:{subject.port}", "Authorization": f"Bearer {token}"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"GET {SINGLE.path} HTTP/1.1\r\n{lines}\r\n".encode()


def _spread(answers: Sequence[Answered]) -> Mapping[str, float]:
    took = sorted(1000 * each.took for each in answers) or [0.0]
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    found = {name: round(took[min(int(len(took) * share), len(took) - 1)], 2) for name, share in shares.items()}
    return {"requests": len(answers), **found, "most": round(took[-1], 1)}


def _p99(answers: Sequence[Answered]) -> float:
    return _spread(answers)["p99"]


@contextmanager
def _without_collector() -> Iterator[None]:
    # A pause of ours would be taken for one of the gateway.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
