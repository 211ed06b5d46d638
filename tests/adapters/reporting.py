"""Reports driven with replies instead of a network."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

from adapters import REPORTS
from adapters.core.calls import Answer, Reply
from adapters.core.operation import Face, Request
from adapters.core.words.report import Report

NOW = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)
NAMED = {report.name: dataclasses.replace(report, clock=lambda: NOW) for report in REPORTS}
QUARTER = {"from": "2026-04-01", "to": "2026-06-30"}


def face(report: Report, alphabets: dict[str, str] | None = None) -> Face:
    found = report.operation(["2026-09-01"], alphabets or {}).faces["2026-09-01"]
    assert found is not None
    return found


def request(query: dict[str, str]) -> Request:
    """A request as the edge would have taken it apart."""
    return Request((), query, None, lambda *_: [], lambda _: lambda _: "")


def paths(name: str, **query: str) -> list[str]:
    """The calls of a request, without what they have in common."""
    of = face(NAMED[name])
    assert of.ahead is not None
    return [call.path.decode().partition("?")[2] for call in of.ahead(of.accept(request(query)))]


def answered(name: str, replies: list[Any], **query: str) -> dict[str, Any]:
    """The document that the plan makes of these replies, which are all it asks for."""
    of = face(NAMED[name])
    given = of.accept(request(query))
    plan, left = of.plan(given), iter(replies)
    assert of.ahead is not None
    foreseen = iter(of.ahead(given))
    try:
        assert next(plan) == next(foreseen)
        while True:
            reply = next(left)
            raw = reply if isinstance(reply, bytes) else json.dumps({"data": reply}).encode()
            assert plan.send(Reply(200, raw)) == next(foreseen)
    except StopIteration as finished:
        answer: Answer = finished.value
    assert answer.status == 200
    assert list(left) == []
    found: dict[str, Any] = json.loads(answer.body)["data"]
    return found
