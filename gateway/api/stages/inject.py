"""A call in test mode is answered by what test mode has for it: the stages behind, around parts that may fail. A live one that asks
for a fault is refused, never served without it.
"""

from __future__ import annotations

from collections.abc import Awaitable

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Identified
from gateway.api.injection.header import HEADER, refused
from gateway.api.stacked import Innermost
from gateway.auth.caller import Caller


def inject(operation: Operation, dependencies: Dependencies, behind: Innermost[Identified]) -> Identified:
    """Hands the call on to the stages `behind`: as they are, or as test mode makes them. Raises 400."""
    proceed, testing = behind(operation, dependencies), dependencies.testing
    tested = None if testing is None else testing.around(operation, dependencies, behind)

    def injected(exchange: Exchange, caller: Caller) -> Awaitable[Answer]:
        if tested is not None and caller.mode == "test":
            return tested(exchange, caller)
        if HEADER in exchange.headers:
            raise refused()
        return proceed(exchange, caller)

    return injected
