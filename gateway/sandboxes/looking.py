"""`/v1/test/requests`: the last calls of a sandbox, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input
from adapters.core.operation import Operation, Request
from adapters.core.payloads import Many
from adapters.core.request.acceptors import anchored
from adapters.core.request.search_request import query_window
from gateway.api.exchange import Accepted
from gateway.sandboxes import fault_shapes as shapes
from gateway.sandboxes.declared import FIRST, declare
from gateway.sandboxes.handling import Asked, from_inside
from gateway.stores.call_log import CallLog

_OUTWARD: Final = Outward(shapes.CALL)


def operations(dates: Sequence[str]) -> list[Operation]:
    """Listing them."""
    return [
        declare(
            dates, "list_requests", "GET", "requests", "List the last calls",
            "The last 200 calls with tokens of the sandbox, newest first, for a day: what was sent and answered, the contract "
            "that answered, and the calls to services that were made for it. Secrets are concealed. Calls that nothing answers "
            "(`unknown`), and those with a token that has ended, are among them; calls of test mode itself are not.",
            _accept, None, Many(shapes.CALL), query=("limit", "cursor"),
        ),
    ]  # fmt: skip


class Looking:
    """The handler."""

    def __init__(self, log: CallLog) -> None:
        self._log = log

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        return {f"{FIRST}.list_requests": from_inside(self.list)}

    async def list(self, asked: Asked, given: Input) -> Answer:
        window = given.window
        assert window is not None
        assert window.seal is not None
        before = window.position[0] if window.position is not None else None
        found = await self._log.newest(asked.tenant_id, window.limit + 1, before)
        page = found[: window.limit]
        following = window.seal([page[-1].number]) if len(found) > window.limit else None
        rows = [_OUTWARD.read(orjson.dumps({"data": {**each.call, "number": each.number}})) for each in page]
        return Answer(200, _OUTWARD.many(rows, following, None))


def _accept(request: Request) -> Input:
    window, cursor = query_window(request.query, "number")
    return Input(window=anchored(window, cursor, f"{FIRST} requests", request))
