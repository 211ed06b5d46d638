"""`/v1` as plain ASGI: a request becomes an exchange, finds its operation, and leaves as an answer."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from starlette.types import Receive, Scope, Send

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway.exchange import Exchange, Handler
from gateway.observe import trace
from gateway.pipeline import build
from gateway.problems import Problem
from gateway.routes import Routes
from gateway.services import Services
from gateway.stages.explain import explain
from gateway.streaming import Streamed, stream


class Dispatch:
    """All public operations behind one ASGI callable."""

    def __init__(self, operations: Iterable[Operation], services: Services) -> None:
        self._services = services
        self._routes: Routes[Handler] = Routes()
        for operation in operations:
            self._routes.add(operation, build(operation, services))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request whose path begins with /v1."""
        exchange = Exchange()
        exchange.started = perf_counter()
        exchange.method = scope["method"]
        exchange.receive = receive
        exchange.query = scope["query_string"]
        exchange.brand = scope["brand"]
        # The parser has refused requests that repeat a header which may stand once (gateway/protocol.py).
        headers: dict[bytes, bytes] = dict(scope["headers"])
        exchange.headers = headers
        exchange.client = self._services.address(scope)
        exchange.trace = trace.continued(headers.get(b"traceparent"))
        exchange.request_id = "req_" + trace.digits(24)
        exchange.path = scope["raw_path"].decode("latin-1")
        try:
            handler, exchange.segments = self._routes.find(exchange.method, exchange.path)
        except Problem as problem:
            handler = self._refusal(problem)
        answer = await handler(exchange)
        if isinstance(answer, Streamed):
            await stream(send, receive, answer, exchange.answer_headers)
        else:
            await respond(send, answer, exchange.answer_headers)

    def _refusal(self, problem: Problem) -> Handler:
        """A handler for what is no operation: it is explained, logged and counted like any other."""

        async def refuse(exchange: Exchange) -> Answer:
            await self._services.count_stranger(exchange)
            raise problem

        return explain(_UNKNOWN, self._services, refuse)


_UNKNOWN = Operation(name="unknown", first="{unknown}", tail="", method="", summary="", scopes=())


async def respond(send: Send, answer: Answer, headers: list[tuple[bytes, bytes]]) -> None:
    """Send the answer; 204 has neither body nor type."""
    body = answer.body
    head = [*headers, *answer.headers]
    if answer.status != 204:
        head.append((b"content-type", answer.content_type))
        head.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": body})
