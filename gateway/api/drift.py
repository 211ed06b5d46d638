"""The drift sentinel: a share of what services answer is held against what is declared, beside the way that answers go.

A service that changes is noticed while its clients still get what they did. Whatever is found here is counted and logged, by
the path of the field and never by its value, and no client gets anything else for it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from adapters.core.answer.drift import drifts
from adapters.core.answer.from_service import STRANGE
from adapters.core.calls import Call, Reply
from adapters.core.operation import Operation
from adapters.core.payloads import Many, One
from adapters.core.shapes import Shape
from gateway.api.exchange import Permitted
from gateway.observe import logs, service_metrics

Send = Callable[[Permitted, Call], Awaitable[Reply]]


class Sentinel:
    """One worker's. `share`: of the internal answers, from 0 to 1."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._left = self._interval() if share else 0
        self._told: set[tuple[str, str]] = set()

    def watching(self, operation: Operation, send: Send) -> Send:
        """`send`, of whose answers a share is looked at; `send` itself where there is nothing to hold them against."""
        face = next((face for face in operation.faces.values() if face is not None), None)
        gives = face.gives if face is not None else None
        reads = operation.method == "GET" or operation.name.endswith(".search")
        if not self._share or not reads or not isinstance(gives, One | Many) or gives.shape is None:
            return send
        shape, many = gives.shape, isinstance(gives, Many)

        def sampled(permitted: Permitted, call: Call) -> Awaitable[Reply]:
            self._left -= 1
            return send(permitted, call) if self._left > 0 else watched(permitted, call)

        async def watched(permitted: Permitted, call: Call) -> Reply:
            self._left = self._interval()
            reply = await send(permitted, call)
            if 200 <= reply.status < 300:
                # When the answer has left: nobody waits for this.
                asyncio.get_running_loop().call_later(
                    0, self._look, operation, shape, reply.body, many, permitted.exchange.trace.trace_id
                )
            return reply

        return sampled

    def _interval(self) -> int:
        # Not every nth: what comes in a rhythm would be seen always or never.
        return 1 + int(random.expovariate(self._share / (1 - self._share))) if self._share < 1 else 1

    def _look(self, operation: Operation, shape: Shape, body: bytes, many: bool, trace_id: str) -> None:
        service_metrics.drift_checked(operation.service)
        try:
            found = drifts(shape, body, many=many)
        except STRANGE:
            return  # what cannot be read at all has failed for its client, and is told there
        except Exception as error:  # noqa: BLE001 - a fault of the sentinel is nobody's but its own
            logs.event("drift not looked for", "error", route=operation.route, trace_id=trace_id, error=error)
            return
        for path, kind in found:
            field = f"{operation.first}.{path}"
            service_metrics.drifted(field, kind)
            if (field, kind) not in self._told:
                self._told.add((field, kind))
                told = {"service": operation.service, "route": operation.route, "trace_id": trace_id}
                logs.event("drift", "warning", field=field, kind=kind, **told)
