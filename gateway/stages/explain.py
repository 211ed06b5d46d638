"""Turns everything that is raised into a problem document; ends each request with its headers, log line and metrics."""

from __future__ import annotations

from functools import partial
from time import perf_counter

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway import problems
from gateway.exchange import Exchange, Handler
from gateway.observe import logs, metrics
from gateway.problems import Problem
from gateway.services import Services
from gateway.streaming import ClientLeft, Streamed
from gateway.usage import Usage

# What every answer below /v1 carries.
UNIFORM = ((b"vary", b"Authorization, Version"), (b"cache-control", b"no-store"))


def explain(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """The outermost stage: it never raises."""
    route, usage = operation.route, services.usage

    async def explained(exchange: Exchange) -> Answer:
        code = ""
        try:
            answer = await proceed(exchange)
        except Exception as error:  # noqa: BLE001 - the one place where any failure becomes an answer
            problem = _problem(error, exchange, route)
            code = problem.code
            answer = services.render(problem, exchange)
        exchange.answer_headers += UNIFORM
        exchange.answer_headers.append((b"x-request-id", exchange.request_id.encode("ascii")))
        if exchange.version:
            exchange.answer_headers.append((b"version", exchange.version.encode("ascii")))
        if isinstance(answer, Streamed):
            answer.finished = partial(_streamed, exchange, usage, answer.status, route)
        else:
            _record(exchange, usage, answer.status, route, code)
        return answer

    return explained


def _problem(error: Exception, exchange: Exchange, route: str) -> Problem:
    """What the error is to the client; what the operator should know of it is logged."""
    problem = problems.of(error)
    if problem is None:
        logs.event("crash", "error", trace_id=exchange.trace.trace_id, route=route, error=error)
        return problems.ServerError("internal_error", "The request could not be completed.")
    if problem.status >= 500:
        reason = str(error)[:300]
        logs.event("failure", "warning", trace_id=exchange.trace.trace_id, code=problem.code, reason=reason)
    return problem


def _streamed(exchange: Exchange, usage: Usage, status: int, route: str, sent: int, failure: Exception | None) -> None:
    """The end of an answer that was sent while it was made: whole, or cut off with a code that says why."""
    code = ""
    if isinstance(failure, ClientLeft):
        code = "client_left"
    elif failure is not None:
        code = _problem(failure, exchange, route).code
    _record(exchange, usage, status, route, code, sent)


def _record(exchange: Exchange, usage: Usage, status: int, route: str, code: str, sent: int | None = None) -> None:
    seconds = perf_counter() - exchange.started
    metrics.request(route, exchange.method, status, exchange.version, seconds)
    caller = exchange.caller
    if caller is not None:
        usage.note(caller, exchange.version, status, exchange.client)
    line = {
        "trace_id": exchange.trace.trace_id,
        "request_id": exchange.request_id,
        "method": exchange.method,
        "route": route,
        "status": status,
        "contract": exchange.version,
        "tenant": caller.tenant_id if caller else None,
        "token": f"tok_{caller.token_id}" if caller else None,
        "client": exchange.client,
        "internal_ms": round(exchange.internal_seconds * 1000, 2),
        "total_ms": round(seconds * 1000, 2),
    }
    if code:
        line["code"] = code
    if sent is not None:
        line["bytes"] = sent
    logs.access(line)
