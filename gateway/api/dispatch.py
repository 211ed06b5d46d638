"""The API: a request becomes an exchange, finds its operation, and leaves as an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from urllib.parse import unquote

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway import problems
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Handler
from gateway.api.pipeline import build
from gateway.api.routes import Routes
from gateway.api.unknown_host import misdirected
from gateway.api.unserved import unserved
from gateway.brands import Brand, Brands
from gateway.downstream.compression import LEAST, VARIES, wanted
from gateway.downstream.cors import Cors
from gateway.downstream.direct import Turn
from gateway.downstream.header_lines import CLOSING, UNIFORM, lines
from gateway.downstream.streaming import Streamed, stream
from gateway.observe import logs, trace
from gateway.observe.access import Entry
from gateway.observe.trace import Trace
from gateway.problems import Problem


class Dispatch:
    """All public operations behind one callable.

    cors: None where no web page of another origin may call; doors: what answers at paths beside `/v1`.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        dependencies: Dependencies,
        brands: Brands,
        cors: Cors | None,
        doors: Mapping[str, Handler],
    ) -> None:
        self._dependencies = dependencies
        self._brands = brands
        self._cors = cors
        self._direct = not dependencies.settings.server.trusted_proxies
        self._routes: Routes[Handler] = Routes()
        for operation in operations:
            self._routes.add(operation, build(operation, dependencies))
        for path, handler in doors.items():
            self._routes.open(path, handler)

    async def __call__(self, turn: Turn) -> None:
        """Answer one request to the API."""
        started = perf_counter()
        traced = trace.continued(turn.headers.get(b"traceparent"))
        try:
            brand = self._brands.of(turn.headers.get(b"host", b""))
            if brand is None:
                refused = misdirected(self._brands, turn.path, self._entry(turn, traced, started))
                await _told(turn, refused, lines(refused.headers))
                return
            added = b""
            if self._cors is not None:
                if (asked := self._cors.preflight(turn.method, turn.headers)) is not None:
                    await _told(turn, Answer(204), _uniform() + lines(asked))
                    return
                added = lines(self._cors.readable(turn.headers))
            exchange = self._exchange(turn, brand, traced, started)
            try:
                handler, exchange.segments = self._routes.find(exchange.method, exchange.path)
            except Problem as problem:
                handler = unserved(problem, self._dependencies)
            answer = await handler(exchange)
            head = exchange.lines + added
            if answer.headers:
                head += lines(answer.headers)
            if isinstance(answer, Streamed):
                await stream(turn, answer, head)
            elif len(answer.body) < LEAST:
                await turn.answer(answer.status, head, answer.body, answer.content_type)
            else:
                await _long(turn, answer, head + VARIES)
        except asyncio.CancelledError:
            await self._failed(turn, traced, problems.stopping())
            raise
        except Exception as error:  # noqa: BLE001 - what goes wrong outside of the stages is answered all the same
            logs.event("crash", "error", trace_id=traced.trace_id, path=turn.path, error=error)
            await self._failed(turn, traced, problems.unforeseen())

    def _exchange(self, turn: Turn, brand: Brand, traced: Trace, started: float) -> Exchange:
        headers = turn.headers
        return Exchange(
            turn.method,
            turn.path,
            turn.query,
            headers,
            turn.whole,
            turn.receive,
            brand,
            turn.peer if self._direct else self._dependencies.address(turn.peer, headers),
            traced,
            "req_" + trace.digits(24),
            started,
        )

    def _entry(self, turn: Turn, traced: Trace, started: float) -> Entry:
        address = self._dependencies.address(turn.peer, turn.headers)
        return Entry(traced, turn.method, unquote(turn.path), address, started)

    async def _failed(self, turn: Turn, traced: Trace, problem: Problem) -> None:
        """Say so to a client that has heard nothing yet, and end the connection."""
        if turn.response_started or turn.flow.write_paused:
            return
        base = self._brands.first.problem_base
        answer = problems.render(problem, base=base, instance=turn.path, trace_id=traced.trace_id)
        told = _uniform() + lines(answer.headers)
        await _told(turn, answer, told if CLOSING in told else told + CLOSING)


async def _long(turn: Turn, answer: Answer, head: bytes) -> None:
    """An answer that is worth compressing, for those who want that."""
    accepts, body = turn.headers.get(b"accept-encoding"), answer.body
    if accepts is not None and (coding := wanted(accepts)) is not None:
        head, body = head + coding.line, await coding.compressed(body)
    await turn.answer(answer.status, head, body, answer.content_type)


async def _told(turn: Turn, answer: Answer, head: bytes) -> None:
    """Answer what never became an exchange."""
    await turn.answer(answer.status, head, answer.body, answer.content_type)


def _uniform() -> bytes:
    return UNIFORM % (b"req_" + trace.digits(24).encode("ascii"))
