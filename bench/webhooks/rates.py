"""What one courier on one core delivers and receives."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections import defaultdict
from contextlib import ExitStack
from typing import Any, Final

from sqlalchemy import delete, update

from bench import load, needs, stub
from bench.running import AROUND, UNDER_TEST, cpu_seconds
from bench.webhooks.deployment import Deployment, medians
from bench.webhooks.ground import DATABASES, Ground
from gateway.stores.sql.webhook_models import LaneRow, QueueRow

EVENTS: Final = 200  # of a round, for each of 50 endpoints
PEER: Final = "procrastinate and httpx"
_PEER = needs.HERE / "peers" / "procrastinate" / "dispatcher.py"
_PEER_EVENTS: Final = 20  # it takes ten times as long for each
_SECONDS: Final = 5
_CONNECTIONS: Final = 32
_BODY: Final = 2_000
_FAR: Final = 2**60  # a moment that no lane is blocked beyond

Rounds = dict[str, list[dict[str, float]]]


def kept(ground: Ground, rounds: int) -> dict[str, Any]:
    """Thin deliveries over kept connections: the three databases and the peer in turns."""
    with ExitStack() as stack:
        subjects = {kind: Deployment(ground, stack, kind) for kind in DATABASES}
        needs.python_peers()
        there = ground.database("postgresql", laid_out=False)
        for each in subjects.values():
            each.subscribe()
            each.delivered(EVENTS // 10)
        found: Rounds = defaultdict(list)
        for turn in range(rounds):
            for kind, each in subjects.items():
                found[f"courier, {kind}"].append(each.delivered(EVENTS).told())
            found[f"{PEER}, postgresql"].append(_peer(ground, there))
            needs.say(f"kept connections, round {turn + 1} of {rounds}")
    return told(found)


def _peer(ground: Ground, url: str) -> dict[str, float]:
    line = ["taskset", "-c", str(UNDER_TEST), str(needs.PYTHON), str(_PEER), url]
    done = subprocess.run(
        [*line, str(ground.receivers.port), str(_PEER_EVENTS)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    count, seconds = said["count"], said["seconds"]
    return {
        "count": count,
        "seconds": round(seconds, 3),
        "a_second": round(count / seconds),
        "cpu_us": round(said["cpu"] / count * 1e6, 1),
    }


def fresh(ground: Ground, rounds: int) -> dict[str, Any]:
    """Each delivery over a new connection with TLS 1.3, whole handshake: receivers close after each answer."""
    found: Rounds = defaultdict(list)
    with ExitStack() as stack:
        subject = Deployment(ground, stack, "postgresql")
        subject.subscribe("/close", secure=True)
        subject.delivered(EVENTS // 20)
        for turn in range(rounds):
            found["courier, postgresql"].append(subject.delivered(EVENTS // 4).told())
            needs.say(f"fresh TLS connections, round {turn + 1} of {rounds}")
    return told(found)


def ingest(ground: Ground, rounds: int) -> dict[str, Any]:
    """Events of 2 KB for one endpoint, which is blocked: what is measured is until the 2xx, with event, delivery and row committed."""
    found: Rounds = defaultdict(list)
    with ExitStack() as stack:
        subjects = {kind: Deployment(ground, stack, kind) for kind in DATABASES}
        places = {}
        for kind, each in subjects.items():
            each.subscribe(count=1)
            places[kind] = each.capability()
        for turn in range(rounds + 1):
            for kind, each in subjects.items():
                slice_ = _posted(each, places[kind], _SECONDS)
                if turn:
                    found[f"courier, {kind}"].append(slice_)
            needs.say(f"ingest, round {turn} of {rounds}" if turn else "ingest, warmed up")
    return told(found)


def _posted(subject: Deployment, place: str, seconds: int) -> dict[str, float]:
    # One that has 10,000 rows reads from the log, and then there would be no row for an event.
    with subject.sql.session() as session:
        session.execute(delete(QueueRow))
        session.execute(update(LaneRow).values(cursor=None, blocked_until=_FAR))
    asked = {"METHOD": "POST", "PATH": place, "BODY": _event().decode(), "HEADERS": "Content-Type: application/json"}
    asked |= {"KEYED": "", "NUMBERED": secrets.token_hex(5)}
    environment = os.environ | {f"BENCH_{name}": value for name, value in asked.items()}
    line = ["taskset", "-c", str(AROUND), "wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency"]
    url = f"http://127.0.0.1:{subject.ingest_port}"
    before = cpu_seconds(subject.pids)
    done = subprocess.run(
        [*line, "-s", str(load.SCRIPT), url], env=environment, capture_output=True, text=True, check=True
    )
    spent = cpu_seconds(subject.pids) - before
    said: dict[str, float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    if said["failed"] or not said["requests"]:
        raise RuntimeError(f"{said['failed']} of {said['requests']} events were refused")
    said["a_second"] = round(said["requests"] / said["seconds"])
    return said | {"cpu_us": round(spent / said["requests"] * 1e6, 1)}


def _event() -> bytes:
    """As the service posts it; `NUMBER` stands for twenty hex digits of the record's id."""
    told = {
        "event": "deal.won",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "tenantId": stub.TENANT,
        "data": {"id": "0000NUMBER", "title": "A deal", "value": 1200, "currency": "EUR", "stageId": "665f2b8c1d"},
    }
    # Members that nobody declared are dropped at the door; they are read all the same.
    told["data"] |= {"notes": "x" * (_BODY - len(json.dumps(told)) - 28)}  # type: ignore[operator]
    return json.dumps(told).encode()


def told(found: Rounds) -> dict[str, Any]:
    """Medians by subject, with the rounds."""
    return {name: medians(each) | {"rounds": each} for name, each in found.items()}
