"""A request under `/v1` that no operation answers: refused like any other, and told to the sandbox whose token it bears."""

from __future__ import annotations

from contextlib import suppress

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Handler
from gateway.api.stages.explain import explain
from gateway.auth.caller import Caller
from gateway.auth.challenges import bearer
from gateway.keys import token_format
from gateway.problems import Problem
from gateway.stores.errors import StoreUnavailable

_UNKNOWN = Operation(name="unknown", first="{unknown}", tail="", method="", summary="", scopes=())


def unserved(problem: Problem, dependencies: Dependencies) -> Handler:
    """The handler that refuses with the problem: it is explained, logged and counted."""

    async def refuse(exchange: Exchange) -> Answer:
        await dependencies.count_stranger(exchange)
        if dependencies.testing is not None and (caller := await _tester(exchange, dependencies)) is not None:
            exchange.lines = caller.lines
            return await dependencies.testing.refused(_UNKNOWN, dependencies, exchange, caller, problem)
        raise problem

    return explain(_UNKNOWN, dependencies, refuse)


async def _tester(exchange: Exchange, dependencies: Dependencies) -> Caller | None:
    """Whose test token the request bears; nobody's where that cannot be told just now."""
    token, prefix = bearer(exchange.headers.get(b"authorization", b"")), dependencies.settings.tokens.prefix
    if not token_format.for_testing(token, prefix) or not token_format.well_formed(token, prefix):
        return None
    with suppress(StoreUnavailable):
        caller = dependencies.callers.known(token) or await dependencies.callers.find(token)
        return caller if caller is not None and caller.mode == "test" else None
    return None
