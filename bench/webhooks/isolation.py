"""What endpoints that hang or are down cost the others (case 10): windows alone and windows beside them, in turns."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import ExitStack
from statistics import median, quantiles
from typing import Any, Final

from sqlalchemy import delete, select, update

from bench import needs, stub
from bench.webhooks.deployment import Deployment
from bench.webhooks.ground import Ground
from gateway.stores.sql import Session, webhook_clock
from gateway.stores.sql.webhook_models import LaneRow, QueueRow

HEALTHY: Final = 44
DOWN: Final = 5
_WINDOW: Final = 5.0  # seconds
_EVERY: Final = 0.1  # seconds between two events for the healthy ones: 440 deliveries a second
_SICK: Final = 40  # events of a window for those that are ill
_HEALTHY_PATH: Final = "/well"

Lags = list[float]


def isolated(ground: Ground, rounds: int) -> dict[str, Any]:
    """Lag from the post of an event to its arrival at each of the healthy endpoints, in milliseconds."""
    found: dict[str, list[Lags]] = {"alone": [], "beside": []}
    with ExitStack() as stack:
        subject = Deployment(ground, stack, "postgresql")
        place = subject.capability()
        subject.subscribe(_HEALTHY_PATH, count=HEALTHY)
        sick = subject.subscribe("/hang", count=1, first=HEALTHY, events=("deal.lost",))
        sick += subject.subscribe("/down", count=DOWN, first=HEALTHY + 1, events=("deal.lost",))
        _window(subject, place)
        for turn in range(rounds):
            for ill in (False, True) if turn % 2 else (True, False):
                if ill:
                    _fallen_ill(subject, sick)
                found["beside" if ill else "alone"].append(_window(subject, place))
                if ill:
                    _recovered(subject, sick)
            needs.say(f"healthy endpoints beside sick ones, round {turn + 1} of {rounds}")
    result: dict[str, Any] = {name: _told(each) for name, each in found.items()}
    result["p99_ratio"] = round(result["beside"]["p99_ms"] / result["alone"]["p99_ms"], 3)
    # Neighbours in time are compared, since the machine's own speed may change between two pairs.
    pairs = zip(result["alone"]["p99s_ms"], result["beside"]["p99s_ms"], strict=True)
    result["p99_ratio_of_pairs"] = round(median(beside / alone for alone, beside in pairs), 3)
    return result


def _fallen_ill(subject: Deployment, sick: list[str]) -> None:
    """They have something to take, and are called: what blocked their lanes in the window before is forgotten."""
    subject.happen(_SICK, "deal.lost")
    with subject.sql.session() as session:
        lanes = update(LaneRow).where(LaneRow.endpoint_id.in_(sick))
        known = {"blocked_until": 0, "blocks": 0, "streak": 0, "failures": 0, "failing_since": None}
        session.execute(lanes.values(next_due=webhook_clock.now(session), **known))
    before = time.monotonic()
    while not {"/hang", "/down"} <= {path for _, path, _ in subject.ground.receivers.seen()}:
        if time.monotonic() > before + 30:
            raise RuntimeError("those that are ill are not called")
        time.sleep(0.1)


def _recovered(subject: Deployment, sick: list[str]) -> None:
    """Returns when nothing of theirs waits or is under way any more."""
    with subject.sql.session() as session:
        session.execute(delete(QueueRow).where(QueueRow.endpoint_id.in_(sick)))
    until = time.monotonic() + 30
    while subject.read(_held, sick):
        if time.monotonic() > until:
            raise RuntimeError("those that were ill are still called")
        subject.ground.receivers.release()
        time.sleep(0.1)


def _held(session: Session, sick: list[str]) -> bool:
    leased = select(LaneRow.endpoint_id).where(LaneRow.endpoint_id.in_(sick), LaneRow.leased_by.is_not(None))
    return session.scalar(leased.limit(1)) is not None


def _window(subject: Deployment, place: str) -> Lags:
    receivers = subject.ground.receivers
    receivers.seen()
    posted: dict[str, float] = {}
    line = http.client.HTTPConnection("127.0.0.1", subject.ingest_port)
    start = time.monotonic()
    number = 0
    while (now := time.monotonic()) < start + _WINDOW:
        posted[_post(line, place)] = now * 1000
        number += 1
        time.sleep(max(0.0, start + number * _EVERY - time.monotonic()))
    arrived: list[tuple[str, float]] = []
    until = time.monotonic() + 60
    while len(arrived) < len(posted) * HEALTHY:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(arrived)} of {len(posted) * HEALTHY} deliveries have come")
        arrived += [(key, at) for key, path, at in receivers.seen() if path == _HEALTHY_PATH and key in posted]
        time.sleep(0.1)
    return [at - posted[key] for key, at in arrived]


def _post(line: http.client.HTTPConnection, place: str) -> str:
    """One event; its id, as receivers see it."""
    made = {
        "event": "deal.won",
        "timestamp": f"{time.time_ns()}",
        "tenantId": stub.TENANT,
        "data": {"id": f"{time.time_ns():024x}"},
    }
    line.request("POST", place, json.dumps(made), {"Content-Type": "application/json"})
    answer = line.getresponse()
    body = json.loads(answer.read())
    if answer.status != 200:
        raise RuntimeError(f"an event was answered {answer.status}: {body}")
    return str(body["id"]).lower()


def _told(windows: list[Lags]) -> dict[str, Any]:
    lags = [each for window in windows for each in window]
    return {
        "count": len(lags),
        "p50_ms": round(median(lags), 2),
        "p99_ms": round(quantiles(lags, n=100)[98], 2),
        "p99s_ms": [round(quantiles(window, n=100)[98], 2) for window in windows],
    }
