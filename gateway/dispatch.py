"""`/v1` as plain ASGI: a dict by the first segment, then the few routes of that resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import urandom
from time import perf_counter
from urllib.parse import unquote_to_bytes

from starlette.types import Receive, Scope, Send

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway.exchange import Exchange, Handler
from gateway.observe import trace
from gateway.pipeline import build
from gateway.problems import MethodNotAllowed, NotFound, Problem
from gateway.services import Services
from gateway.stages.explain import explain

_LONGEST = 3

Tails = Mapping[str, Mapping[str, tuple[Handler, tuple[int, ...]]]]


class Dispatch:
    """All public operations, found by path and method without looking at the others."""

    def __init__(self, operations: Iterable[Operation], services: Services) -> None:
        self._services = services
        self._table: dict[str, dict[str, dict[str, tuple[Handler, tuple[int, ...]]]]] = {}
        self._refusals: dict[tuple[str, ...], Handler] = {}
        for operation in operations:
            slots = tuple(i for i, step in enumerate(operation.tail.split("/")) if step == "*")
            # The bare collection exists for every resource, if only to say where to search.
            tails = self._table.setdefault(operation.first, {"": {}})
            tails.setdefault(operation.tail, {})[operation.method] = (build(operation, services), slots)

    def names(self) -> set[str]:
        """The first segments that exist."""
        return set(self._table)

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
        exchange.client = self._services.address(scope, headers)
        exchange.trace = trace.continued(headers.get(b"traceparent"))
        exchange.request_id = "req_" + urandom(12).hex()
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        exchange.path = raw.decode("latin-1")
        answer = await self._find(exchange, raw)(exchange)
        await respond(send, answer, exchange.answer_headers)

    def _find(self, exchange: Exchange, raw: bytes) -> Handler:
        """The handler of a path and method; fills `segments` with the parameters."""
        steps = exchange.path.split("/")[2:]
        tails = self._table.get(steps[0]) if steps else None
        tail = steps[1:]
        if tails is None or len(tail) > _LONGEST or "" in tail:
            return self._refused("unknown")
        literal = "/".join(tail)
        methods = tails.get(literal)
        if methods is None and tail:
            literal = "/".join(["*", *tail[1:2], *("*" for _ in tail[2:])])
            methods = tails.get(literal)
        if methods is None:
            return self._refused("unknown")
        found = methods.get(exchange.method)
        if found is None:
            return self._refused("method", exchange.method if exchange.method.isalpha() else "", steps[0], literal)
        handler, slots = found
        try:
            exchange.segments = tuple([_decoded(tail[slot]) for slot in slots])
        except UnicodeDecodeError:
            return self._refused("unknown")
        return handler

    def _refused(self, reason: str, *about: str) -> Handler:
        """A handler for what is no operation, made once for each kind of refusal."""
        key = (reason, *about)
        handler = self._refusals.get(key)
        if handler is None:
            handler = _refusal(self._problem(reason, *about), self._services)
            if len(self._refusals) < 1000:
                self._refusals[key] = handler
        return handler

    def _problem(self, reason: str, *about: str) -> Problem:
        if reason == "unknown":
            return NotFound("route_unknown", "There is nothing at this path.")
        _, first, tail = about
        allow = ", ".join(sorted(self._table[first][tail]))
        search = f" Search with POST /v1/{first}/search." if not tail and "search" in self._table[first] else ""
        return MethodNotAllowed(
            "method_not_allowed",
            (f"This path answers {allow} only." if allow else "This path answers no method.") + search,
            headers=((b"allow", allow.encode("ascii")),),
        )


def _refusal(problem: Problem, services: Services) -> Handler:
    operation = Operation(name="none", first="{unknown}", tail="", method="", summary="", scopes=())

    async def refuse(exchange: Exchange) -> Answer:
        raise type(problem)(problem.code, problem.detail, members=problem.members, headers=problem.headers)

    return explain(operation, services, refuse)


def _decoded(segment: str) -> str:
    return segment if "%" not in segment and segment.isascii() else unquote_to_bytes(segment).decode("utf-8")


async def respond(send: Send, answer: Answer, headers: list[tuple[bytes, bytes]]) -> None:
    """Send the answer; 204 has neither body nor type."""
    body = answer.body
    head = [*headers, *answer.headers]
    if answer.status != 204:
        head.append((b"content-type", answer.content_type))
        head.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": body})
