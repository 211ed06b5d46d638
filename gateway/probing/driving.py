"""An operation's plan, driven against the live service, and what the way it ended says about the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from adapters.core.calls import Answer, Call, Input, Plan, Reply
from adapters.core.faults import Conflict, Fault, Invalid, RecordNotFound, ServiceInvalid, ServiceThrottled, Unsettled
from adapters.core.operation import Face, Request
from gateway.probing.findings import Verdict
from gateway.probing.service import Named, Service
from gateway.upstream import Response, UpstreamError

Judgement = tuple[Verdict, str]


@dataclass(frozen=True, slots=True)
class Driven:
    """How a plan ended: with `answer` or with `fault`; `said` are its calls with the answers to them."""

    said: tuple[tuple[Call, Response], ...]
    answer: Answer | None = None
    fault: Exception | None = None

    @property
    def raw(self) -> Any:
        """The last answer as the service wrote it; None when that was not JSON."""
        try:
            return orjson.loads(self.said[-1][1].body) if self.said else None
        except orjson.JSONDecodeError:
            return None

    @property
    def public(self) -> Any:
        """The answer as a client would get it."""
        return orjson.loads(self.answer.body) if self.answer is not None and self.answer.body else {}


def entered(face: Face, *ids: Any, document: Any = None, query: Mapping[str, str] | None = None) -> Input:
    """A request taken in as from a client, but with internal ids in its path; raises Fault."""
    return face.accept(Request(ids, query or {}, document, _open, _seal_for))


async def drive(service: Service, plan: Plan) -> Driven:
    """Make the plan's calls and hand it their answers, to the end."""
    said: list[tuple[Call, Response]] = []
    try:
        call = next(plan)
        while True:
            answer = await service.ask(call)
            said.append((call, answer))
            call = plan.send(Reply(answer.status, answer.body))
    except StopIteration as finished:
        return Driven(tuple(said), answer=finished.value)
    except (Fault, UpstreamError) as fault:
        return Driven(tuple(said), fault=fault)


async def judged(service: Service, driven: Driven, named: Named | None = None) -> Judgement:
    """What the end of a plan says about the service. `named`: the record it was about."""
    match driven.fault:
        case None:
            return Verdict.ANSWERS, ""
        case UpstreamError() as error:
            return Verdict.UNCLEAR, f"gave no answer: {error}"
        case ServiceInvalid() as error:
            return Verdict.DIFFERS, _plain(str(error))
        case ServiceThrottled():
            return Verdict.UNCLEAR, "its rate limit stayed reached"
        case Unsettled():
            return Verdict.UNCLEAR, "the list is too long to find the record in"
        case Invalid() | Conflict():
            return Verdict.ANSWERS, "refused what was sent, as it should"
    call, answer = driven.said[-1]
    lacking = await service.lacks(call, answer, named)
    if lacking:
        about = named is not None and named.text.encode() in call.path and answer.status == 404
        return Verdict.MISSING, f"{answer.status}, like a path that leads nowhere" if about else f"{answer.status}"
    if lacking is None:
        return Verdict.UNCLEAR, "404 may mean no such record or no such call; there is no record to ask with"
    return _spoken(driven.fault, answer, named)


def _spoken(fault: Exception | None, answer: Response, named: Named | None) -> Judgement:
    """The verdict when the call is there and was not answered with success."""
    if isinstance(fault, RecordNotFound):
        if named is not None and named.exists:
            return Verdict.DIFFERS, "does not find a record that it lists"
        return Verdict.ANSWERS, "asked about a record that is not there"
    if answer.status in (401, 403):
        return Verdict.UNCLEAR, f"refuses these credentials with {answer.status}"
    if answer.status >= 500:
        return Verdict.UNCLEAR, f"fails with {answer.status}"
    return Verdict.DIFFERS, f"refuses the call with {answer.status}"


def first_call(plan: Callable[[Input], Plan], request: Input, record_id: str) -> str:
    """The call that a plan would begin with, for people."""
    return shown(next(plan(request)), record_id)


def shown(call: Call, record_id: str | None) -> str:
    """`PATCH /api/things/{id}`."""
    path = call.path.partition(b"?")[0].decode()
    return f"{call.method.decode()} {path.replace(record_id, '{id}') if record_id else path}"


def _plain(text: str) -> str:
    return " ".join(text.split())[:160]


# Cursors stay in this process: they need no seal.
def _open(cursor: str, _: bytes) -> list[Any]:
    position: list[Any] = msgspec.json.decode(cursor)
    return position


def _seal_for(_: bytes) -> Callable[[list[Any]], str]:
    return lambda position: msgspec.json.encode(position).decode()
