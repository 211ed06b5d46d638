"""One message while it is answered: who sent it, through which door, and what is asked of `/v1` for it.

The requests of `/v1` go through the stages of gateway/api/pipeline.py, from the token to the answer, so that nothing is
permitted here that is not permitted there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from starlette.types import Message as Received

from adapters.core.calls import Answer
from adapters.core.faults import ServiceInvalid
from adapters.core.operation import Operation
from gateway import problems
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Handler
from gateway.api.injection.header import HEADER
from gateway.api.me import ME
from gateway.api.pipeline import build_for_agents
from gateway.auth.challenges import denied
from gateway.brands import Brand
from gateway.mcp.calls import Twin
from gateway.mcp.wire import Message
from gateway.observe import logs, trace
from gateway.stores.sql.usage import Mark


class Replied(NamedTuple):
    """What a twin was answered with. document: its JSON; exchange: as the stages left it."""

    answer: Answer
    document: dict[str, Any]
    exchange: Exchange


class Permitted(NamedTuple):
    """Somebody who may do what was asked about. principal: whoever it is; effective: the scopes they have now."""

    principal: str
    effective: frozenset[str]


class Challenged(Exception):
    """A refusal that the client has to hear by HTTP, since it is about its token: 401, or 403 for want of a scope."""

    def __init__(self, answer: Answer, code: str) -> None:
        super().__init__()
        self.answer = answer
        self.code = code


class Failed(Exception):
    """A twin that was refused, for a reason that the model is told. within: as in `Twin`."""

    def __init__(self, problem: dict[str, Any], within: str = "") -> None:
        super().__init__()
        self.problem = problem
        self.within = within


class Handlers:
    """The stages around each operation, made when it is first asked for: agents use few of them."""

    def __init__(self, dependencies: Dependencies, contract: str) -> None:
        self._dependencies = dependencies
        self.version = contract.encode("ascii")
        self.scopes = dependencies.catalogue.scopes
        self._made: dict[str, Handler] = {}

    def of(self, operation: Operation) -> Handler:
        """Whoever answers this operation."""
        found = self._made.get(operation.name)
        if found is None:
            found = self._made[operation.name] = build_for_agents(operation, self._dependencies)
        return found


class Asked:
    """exchange: the POST; brand: as of the resource that it asks; instance: the path that problems are of; client, elicits,
    elicited: as of the message.
    """

    def __init__(self, handlers: Handlers, exchange: Exchange, brand: Brand, message: Message) -> None:
        self._handlers = handlers
        self._exchange = exchange
        self.scopes = handlers.scopes
        self.brand = brand
        self.instance = exchange.path
        self.client = message.client
        self.elicits = message.elicits
        self.elicited = message.elicited
        self.tool = "-"
        self._uncounted: tuple[Mark, ...] = ()

    def calls(self, tool: str) -> None:
        """A tool is called: so it is logged, and counted with the first twin, however many there are."""
        self.tool, self._uncounted = tool, (("tool", tool),)

    async def send(self, twin: Twin) -> Replied:
        """The twin, through the stages; Challenged when the token is what is wrong."""
        exchange = self.exchange_of(twin)
        answer = await self._handlers.of(twin.operation)(exchange)
        document = _read(answer.body) if answer.body else {}
        if answer.status == 401 or document.get("code") == "scope_missing":
            raise Challenged(answer, str(document["code"]))
        return Replied(answer, document, exchange)

    async def done(self, twin: Twin) -> Replied:
        """The same; Failed when it is refused."""
        replied = await self.send(twin)
        if replied.answer.status >= 400:
            raise Failed(replied.document, twin.within)
        return replied

    async def data(self, twin: Twin) -> Any:
        """What the twin is answered with."""
        return (await self.done(twin)).document["data"]

    async def me(self) -> dict[str, Any]:
        """Who calls, as `GET /v1/me` says it."""
        found: dict[str, Any] = await self.data(Twin(ME))
        return found

    async def may(self, operation: Operation) -> Permitted:
        """Challenged or Failed when the caller may not do this: asked before anything is promised."""
        replied = await self.done(Twin(ME))
        me, caller, needed = replied.document["data"], replied.exchange.caller, frozenset(operation.scopes)
        assert caller is not None
        effective = frozenset(me["effective_scopes"])
        if needed <= effective:
            return Permitted(caller.principal, effective)
        refused = denied(needed, self.scopes.expanded(me["token"]["scopes"]), self.brand)
        answer = self.render(refused)
        if refused.code == "scope_missing":
            raise Challenged(answer, refused.code)
        raise Failed(orjson.loads(answer.body))

    def render(self, problem: problems.Problem) -> Answer:
        """The problem's document."""
        trace_id = self._exchange.trace.trace_id
        return problems.render(problem, base=self.brand.problem_base, instance=self.instance, trace_id=trace_id)

    def exchange_of(self, twin: Twin) -> Exchange:
        """The request of `/v1` that the twin is, as if its client had sent it. What is said of the caller meets no fault."""
        outer, marks, self._uncounted = self._exchange, self._uncounted, ()
        headers = {b"version": self._handlers.version, b"content-type": b"application/json"}
        if authorization := outer.headers.get(b"authorization"):
            headers[b"authorization"] = authorization
        if (fault := outer.headers.get(HEADER)) and twin.operation is not ME:
            headers[HEADER] = fault
        if twin.key:
            headers[b"idempotency-key"] = twin.key.encode("utf-8")
        return Exchange(
            twin.operation.method,
            twin.path,
            twin.query,
            headers,
            b"" if twin.document is None else orjson.dumps(twin.document),
            _nothing_more,
            self.brand,
            outer.client,
            outer.trace,
            "req_" + trace.digits(24),
            outer.started,
            twin.segments,
            marks=marks,
            via=f',"via":"mcp","tool":"{self.tool}","agent":{logs.quoted(self.client)}',
        )


def _read(body: bytes) -> Any:
    """The answer; ServiceInvalid for one that holds something that nests deeper than can be told on, with what goes around it."""
    try:
        document = orjson.loads(body)
        orjson.dumps([[document]])
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        raise ServiceInvalid("a record nests too deep for a tool") from None
    return document


async def _nothing_more() -> Received:
    return {"type": "http.request", "body": b"", "more_body": False}
