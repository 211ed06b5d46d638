"""`/v1/test/faults`: what calls of a sandbox meet without asking for it, for programs that cannot set a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input
from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Body, Operation, Request
from adapters.core.payloads import Fields, Many
from adapters.core.request.json_body import Document
from gateway.api.exchange import Accepted
from gateway.api.injection.declared import Injection
from gateway.api.injection.header import read
from gateway.problems import BadRequest
from gateway.sandboxes import fault_shapes as shapes
from gateway.sandboxes.declared import FIRST, declare
from gateway.sandboxes.handling import Asked, from_inside
from gateway.stores.standing_faults import StandingFault, StandingFaults

_OWN: Final = f"/v1/{FIRST}/"
_OUTWARD: Final = Outward(shapes.FAULT)
_DOCUMENT: Final = Document(shapes.FAULTS, partial=False)


def operations(dates: Sequence[str]) -> list[Operation]:
    """Setting, reading and taking away."""
    many, sends = Many(shapes.FAULT), Fields("StandingFaults", shapes.FAULTS)
    return [
        declare(
            dates, "set_faults", "PUT", "faults", "Set the standing faults",
            "Calls of the sandbox meet these from now on without asking for them, each as often as it says, counted over all "
            "connections. A call with a `Test-Fault` of its own meets that one instead. The faults are those of the guide.",
            _accept, sends, many, body=Body.JSON,
        ),
        declare(
            dates, "list_faults", "GET", "faults", "List the standing faults",
            "What was set, and how often each will still be met.", gives=many,
        ),
        declare(
            dates, "clear_faults", "DELETE", "faults", "Clear the standing faults",
            "From now on calls meet only what they ask for.", success=204,
        ),
    ]  # fmt: skip


class Faults:
    """The handlers. known: every fault there is, by name."""

    def __init__(self, standing: StandingFaults, known: Mapping[str, Injection]) -> None:
        self._standing = standing
        self._known = known

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        return {
            f"{FIRST}.set_faults": from_inside(self.set),
            f"{FIRST}.list_faults": from_inside(self.list),
            f"{FIRST}.clear_faults": from_inside(self.clear),
        }

    async def set(self, asked: Asked, given: Input) -> Answer:
        faults = [self._fault(nth, each) for nth, each in enumerate(given.body["faults"])]
        await self._standing.put(asked.tenant_id, [_standing(each) for each in faults])
        return _page([(each, each.get("times")) for each in faults])

    async def list(self, asked: Asked, _: Input) -> Answer:
        found = await self._standing.all(asked.tenant_id)
        return _page(
            [
                ({"method": each.method, "path": each.path, "times": each.times, "fault": each.fault}, each.left)
                for each in found
            ]
        )

    async def clear(self, asked: Asked, _: Input) -> Answer:
        await self._standing.put(asked.tenant_id, [])
        return Answer(204)

    def _fault(self, nth: int, row: Mapping[str, Any]) -> dict[str, Any]:
        if row["path"].startswith(_OWN):
            told = "What sets faults never meets one unasked: name another path."
            raise Invalid([FieldError(f"/faults/{nth}/path", "value_unknown", told)])
        try:
            read(row["fault"], self._known)
        except BadRequest as wrong:
            raise Invalid(
                [FieldError(f"/faults/{nth}/fault", "value_unknown", wrong.detail, tuple(self._known))]
            ) from None
        return {**row, "method": row.get("method") or "*"}


def _accept(request: Request) -> Input:
    """The body, which may also be the bare list of faults."""
    document = request.document
    bare = isinstance(document, list)
    try:
        body = _DOCUMENT.read({"faults": document} if bare else document)
    except Invalid as wrong:
        if not bare:
            raise
        raise Invalid([replace(each, pointer=each.pointer.removeprefix("/faults")) for each in wrong.errors]) from None
    return Input(body=body)


def _standing(row: Mapping[str, Any]) -> StandingFault:
    times = row.get("times")
    return StandingFault(row["method"], row["path"], row["fault"], times, times)


def _page(rows: Sequence[tuple[Mapping[str, Any], int | None]]) -> Answer:
    told = [_OUTWARD.read(orjson.dumps({"data": {"times": None, **row, "remaining": left}})) for row, left in rows]
    return Answer(200, _OUTWARD.many(told, None, None))
