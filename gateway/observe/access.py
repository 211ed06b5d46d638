"""One trace, one line and a place in the metrics for each request outside `/v1`: pages, the authorization server, unknown
paths. `/v1` has its own way, in gateway/api/stages/explain.py, which every request there pays for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.observe import access_lines, metrics, trace, tracing
from gateway.observe.trace import Trace

UNKNOWN: Final = "/{unknown}"

# A longer line could not be written in one piece (gateway/observe/logs.py).

Address = Callable[[Scope], str]


@dataclass(slots=True)
class Entry:
    """What is known of a request while it is being answered.

    `path` is decoded, and without the query, which holds codes and states; `started` is of `perf_counter`; `tenant` is
    the business id of whoever is signed in; `code` is a problem's, or the `error` of OAuth.
    """

    trace: Trace
    method: str
    path: str
    client: str
    started: float
    request_id: str | None = None
    tenant: str | None = None
    code: str | None = None

    def end(self, route: str, status: int, *, quiet: bool = False) -> None:
        """Count the request under `route`, the template of a route, and write its line unless it is `quiet`."""
        seconds = perf_counter() - self.started
        metrics.request(route, self.method, status, "", seconds)
        if self.trace.marks is not None:
            tracing.end(self.trace, route, self.method, status, self.started)
        if quiet:
            return
        access_lines.page(
            self.trace.trace_id,
            self.request_id,
            self.method,
            route,
            self.path,
            status,
            self.tenant,
            self.client,
            seconds,
            self.code,
        )


entry: Final[ContextVar[Entry]] = ContextVar("entry")
"""The entry of the request outside `/v1` that is being answered, for whoever learns something that its line should say."""


def begun(scope: Scope, address: Address) -> Entry:
    """The entry of an ASGI request that has just come. `address` gives the client's address."""
    started = perf_counter()
    parent = b", ".join([value for name, value in scope["headers"] if name == b"traceparent"])
    return Entry(trace.continued(parent), scope["method"], scope["path"], address(scope), started)


class Observed:
    """An ASGI application of which each request is traced, told in one line and counted, however it ends.

    routes: those of `app`, whose templates are the labels; quiet: beginnings of paths that are asked for so often that
    only what is refused there writes a line.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], address: Address, quiet: tuple[str, ...]) -> None:
        self._app = app
        self._address = address
        self._quiet = quiet
        self._literal: set[str] = set()
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for route in routes:
            if isinstance(route, Mount):
                self._patterns.append((route.path_regex, f"{route.path}/{{path}}"))
            elif isinstance(route, Route) and route.param_convertors:
                self._patterns.append((route.path_regex, route.path))
            elif isinstance(route, Route):
                self._literal.add(route.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        noted = begun(scope, self._address)
        entry.set(noted)
        # Not taken back: the task is this request's, and what the server logs of a failure belongs to it too.
        trace.current.set(noted.trace)
        status, unanswered = 0, 500  # what the server answers when the application does not

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            # Within this the server may begin with the connection's next request, which has a trace of its own.
            ours = trace.current.set(None)
            try:
                await send(message)
            finally:
                trace.current.reset(ours)

        try:
            await self._app(scope, receive, sending)
        except BaseException as error:
            stopped = isinstance(error, asyncio.CancelledError)
            noted.code = noted.code or ("shutting_down" if stopped else "internal_error")
            if stopped:
                unanswered = 503
                metrics.cut_off("shutting_down")
            raise
        finally:
            status = status or unanswered
            noted.end(self._route(noted.path), status, quiet=status < 400 and noted.path.startswith(self._quiet))

    def _route(self, path: str) -> str:
        """The template of the route that the path belongs to, whatever the method; UNKNOWN for none."""
        if path in self._literal:
            return path
        return next((template for pattern, template in self._patterns if pattern.match(path)), UNKNOWN)
