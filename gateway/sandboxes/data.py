"""The data of a sandbox and its clock: `/v1/test/reset`, `/snapshots`, `/clock`. Both live in the sandbox program."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input
from adapters.core.declare.kinds import Text
from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Body, Operation
from adapters.core.payloads import Fields, Many, Nothing, One
from adapters.core.request.acceptors import path_only
from gateway.api.exchange import Accepted
from gateway.problems import NotFound
from gateway.sandboxes import data_shapes as shapes
from gateway.sandboxes.control import Control
from gateway.sandboxes.declared import FIRST, body, declare
from gateway.sandboxes.handling import Asked, from_inside
from gateway.sandboxes.keeping import Sandboxes
from gateway.sandboxes.timekeeping import Timekeeping

_SNAPSHOT: Final = re.compile("snap_[0-9a-f]{16}")
_OUTWARD: Final = {shape.name: Outward(shape) for shape in (shapes.DATA, shapes.SNAPSHOT, shapes.CLOCK)}


def operations(dates: Sequence[str]) -> list[Operation]:
    """All of them, in the contracts of these dates."""
    by_id: dict[str, Any] = {
        "params": (None,), "param_names": ("id",), "words": (Text(64, 1, example="snap_0a1b2c3d4e5f6071"),),
    }  # fmt: skip
    data, clock = One(shapes.DATA, degrades=False), One(shapes.CLOCK, degrades=False)
    return [
        declare(
            dates, "reset", "POST", "reset", "Reset the sandbox",
            "Puts the data back that the sandbox began with, or other data. The same data has the same ids every time, so "
            "that tests may name them. The clock shows the real time again, and idempotency keys are forgotten; tokens, "
            "subscriptions and snapshots stay.",
            body(shapes.RESET), Fields("SandboxReset", shapes.RESET, needed=False), data, body=Body.OPTIONAL,
        ),
        declare(
            dates, "create_snapshot", "POST", "snapshots", "Keep a snapshot",
            "Keeps the records and the clock as they are. There may be 20 at a time.",
            body(shapes.SNAPSHOT_BODY), Fields("SnapshotCreate", shapes.SNAPSHOT_BODY, needed=False),
            One(shapes.SNAPSHOT, degrades=False), body=Body.OPTIONAL, success=201, replayable=True,
        ),
        declare(
            dates, "list_snapshots", "GET", "snapshots", "List the snapshots", "All of them, oldest first.",
            gives=Many(shapes.SNAPSHOT),
        ),
        declare(
            dates, "restore_snapshot", "POST", "snapshots/*/restore", "Restore a snapshot",
            "Puts records and clock back as they were; what was written since is gone, and idempotency keys are forgotten. "
            "The snapshot stays, and can be restored again.",
            path_only, Nothing(), data, body=Body.OPTIONAL, **by_id,
        ),
        declare(
            dates, "delete_snapshot", "DELETE", "snapshots/*", "Delete a snapshot",
            "Forgets a snapshot. The sandbox keeps its records, whichever they are.", success=204, **by_id,
        ),
        declare(dates, "get_clock", "GET", "clock", "Read the clock", "What time the sandbox has.", gives=clock),
        declare(
            dates, "set_clock", "PUT", "clock", "Set the clock",
            "Moves the sandbox's clock on: to a moment, or by a duration. New records are dated by it, what falls due falls "
            "due by it, cursors and idempotency keys get old by it, and contracts are retired by it: it shows what a client "
            "meets after a contract's sunset. Rate limits and the lives of tokens keep to the real time. It cannot be set back: "
            "reset the sandbox, or restore a snapshot.",
            body(shapes.CLOCK_BODY), Fields("ClockSet", shapes.CLOCK_BODY), clock, body=Body.JSON,
        ),
    ]  # fmt: skip


class Data:
    """The handlers."""

    def __init__(self, kept: Sandboxes, timekeeping: Timekeeping) -> None:
        self._control: Control = kept.control
        self._timekeeping = timekeeping

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        found = {
            "reset": self.reset,
            "create_snapshot": self.keep,
            "list_snapshots": self.snapshots,
            "restore_snapshot": self.restore,
            "delete_snapshot": self.drop,
            "get_clock": self.clock,
            "set_clock": self.set_clock,
        }
        return {f"{FIRST}.{name}": from_inside(handler) for name, handler in found.items()}

    async def reset(self, asked: Asked, given: Input) -> Answer:
        told = await self._control.data(asked.tenant_id, "POST", "/reset", _sent(given))
        await self._timekeeping.moved(asked.tenant_id, told["ahead_ms"], anew=True)
        return _one(shapes.DATA.name, told)

    async def keep(self, asked: Asked, given: Input) -> Answer:
        told = await self._control.data(asked.tenant_id, "POST", "/snapshots", _sent(given), success=201)
        return _one(shapes.SNAPSHOT.name, told, 201)

    async def snapshots(self, asked: Asked, _: Input) -> Answer:
        told = await self._control.data(asked.tenant_id, "GET", "/snapshots")
        outward = _OUTWARD[shapes.SNAPSHOT.name]
        return Answer(200, outward.many([_read(outward, each) for each in told["snapshots"]], None, None))

    async def restore(self, asked: Asked, given: Input) -> Answer:
        path = f"{_path(given)}/restore"
        told = await self._control.data(asked.tenant_id, "POST", path)
        await self._timekeeping.moved(asked.tenant_id, told["ahead_ms"], anew=True)
        return _one(shapes.DATA.name, told)

    async def drop(self, asked: Asked, given: Input) -> Answer:
        await self._control.data(asked.tenant_id, "DELETE", _path(given), success=204)
        return Answer(204)

    async def clock(self, asked: Asked, _: Input) -> Answer:
        return _one(shapes.CLOCK.name, await self._control.data(asked.tenant_id, "GET", "/clock"))

    async def set_clock(self, asked: Asked, given: Input) -> Answer:
        sent = _sent(given)
        if len(sent) != 1:
            raise Invalid([FieldError("", "required", "Send now or advance, and only one of them.")])
        told = await self._control.data(asked.tenant_id, "PUT", "/clock", sent)
        await self._timekeeping.moved(asked.tenant_id, told["ahead_ms"])
        return _one(shapes.CLOCK.name, told)


def _sent(given: Input) -> dict[str, Any]:
    """What a body says; what is null says nothing."""
    return {name: value for name, value in given.body.items() if value is not None}


def _path(given: Input) -> str:
    snapshot_id = given.ids[0]
    if not _SNAPSHOT.fullmatch(snapshot_id):
        raise NotFound("record_not_found", "There is no such record, or it is not visible to you.")
    return f"/snapshots/{snapshot_id}"


def _read(outward: Outward, row: Mapping[str, Any]) -> Any:
    return outward.read(orjson.dumps({"data": row}))


def _one(name: str, row: Mapping[str, Any], status: int = 200) -> Answer:
    outward = _OUTWARD[name]
    return Answer(status, outward.one(_read(outward, row)))
