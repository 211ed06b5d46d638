"""Plans that are run again with care when an answer of their service cannot be read at once (careful.py)."""

from __future__ import annotations

from collections.abc import Callable

from adapters.core.answer.careful import Careful
from adapters.core.answer.cut import cut
from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input, Plan, Planner, Reply
from adapters.core.faults import ServiceInvalid
from adapters.core.shapes import Shape


def forgiving(path: str, shape: Shape, outward: Outward, make: Callable[[Outward], Planner]) -> Planner:
    """The plan that `make` gives for a translator. What was asked once is not asked again: the second run gets its replies.

    path: of the resource whose records are read, for the names of what was answered as null.
    """
    quick = make(outward)

    def plan(request: Input) -> Plan:
        run = quick(request)
        said: list[Reply] = []
        try:
            call = next(run)
            while True:
                reply = yield call
                said.append(reply)
                call = run.send(reply)
        except StopIteration as finished:
            told: Answer = finished.value
            return told if request.fields is None else cut(told, request.fields)
        except ServiceInvalid:
            careful = Careful(outward, shape)
        answer = yield from _again(make(careful)(request), said)
        answer.degraded = tuple(f"{path}.{field}" for field in careful.degraded)
        return answer if request.fields is None else cut(answer, request.fields)

    return plan


def _again(run: Plan, said: list[Reply]) -> Plan:
    known = iter(said)
    try:
        call = next(run)
        while True:
            reply = next(known, None)
            if reply is None:
                reply = yield call
            call = run.send(reply)
    except StopIteration as finished:
        return finished.value  # type: ignore[no-any-return]
