"""`/v1`: a request becomes an exchange, finds its operation, and leaves as an answer."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway.brands import Brands
from gateway.cors import Cors
from gateway.exchange import Exchange, Handler
from gateway.lines import lines
from gateway.misdirected import misdirected
from gateway.observe import trace
from gateway.pipeline import build
from gateway.problems import Problem
from gateway.routes import Routes
from gateway.services import Services
from gateway.stages.explain import explain
from gateway.streaming import Streamed, stream
from gateway.turn import Turn


class Dispatch:
    """All public operations behind one callable. `cors`: None where no web page of another origin may call."""

    def __init__(self, operations: Iterable[Operation], services: Services, brands: Brands, cors: Cors | None) -> None:
        self._services = services
        self._brands = brands
        self._cors = cors
        self._direct = not services.settings.server.trusted_proxies
        self._routes: Routes[Handler] = Routes()
        for operation in operations:
            self._routes.add(operation, build(operation, services))

    async def __call__(self, turn: Turn) -> None:
        """Answer one request whose path begins with /v1."""
        started = perf_counter()
        headers = turn.headers
        brand = self._brands.of(headers[b"host"])
        if brand is None:
            answer = misdirected(self._brands, turn.method, turn.path)
            await turn.answer(answer.status, lines(answer.headers), answer.body, answer.content_type)
            return
        added = b""
        if self._cors is not None:
            if (asked := self._cors.preflight(turn.method, headers)) is not None:
                await turn.answer(204, lines(asked), b"", b"")
                return
            added = lines(self._cors.readable(headers))
        exchange = Exchange(
            turn.method,
            turn.path,
            turn.query,
            headers,
            turn.whole,
            turn.receive,
            brand,
            turn.peer if self._direct else self._services.address(turn.peer, headers),
            trace.continued(headers.get(b"traceparent")),
            "req_" + trace.digits(24),
            started,
        )
        try:
            handler, exchange.segments = self._routes.find(exchange.method, exchange.path)
        except Problem as problem:
            handler = self._refusal(problem)
        answer = await handler(exchange)
        head = exchange.lines + added
        if answer.headers:
            head += lines(answer.headers)
        if isinstance(answer, Streamed):
            await stream(turn, answer, head)
        else:
            await turn.answer(answer.status, head, answer.body, answer.content_type)

    def _refusal(self, problem: Problem) -> Handler:
        """A handler for what is no operation: it is explained, logged and counted like any other."""

        async def refuse(exchange: Exchange) -> Answer:
            await self._services.count_stranger(exchange)
            raise problem

        return explain(_UNKNOWN, self._services, refuse)


_UNKNOWN = Operation(name="unknown", first="{unknown}", tail="", method="", summary="", scopes=())
