"""Turns everything that is raised into a problem document; ends each request with its headers, log line and metrics."""

from __future__ import annotations

from time import perf_counter

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway import problems
from gateway.exchange import Exchange, Handler
from gateway.observe import logs, metrics
from gateway.services import Services

_FIXED = ((b"vary", b"Authorization, Version"), (b"cache-control", b"no-store"))


def explain(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """The outermost stage: it never raises."""
    route = operation.route

    async def explained(exchange: Exchange) -> Answer:
        code = ""
        try:
            answer = await proceed(exchange)
        except Exception as error:  # noqa: BLE001 - the one place where any failure becomes an answer
            problem = problems.of(error)
            if problem is None:
                logs.event("crash", "error", trace_id=exchange.trace.trace_id, route=route, error=error)
                problem = problems.ServerError("internal_error", "The request could not be completed.")
            elif problem.status >= 500:
                reason = str(error)[:300]
                logs.event("failure", "warning", trace_id=exchange.trace.trace_id, code=problem.code, reason=reason)
            code = problem.code
            answer = services.render(problem, exchange)
        _finish(exchange, answer, route, code)
        return answer

    return explained


def _finish(exchange: Exchange, answer: Answer, route: str, code: str) -> None:
    exchange.answer_headers += _FIXED
    exchange.answer_headers.append((b"x-request-id", exchange.request_id.encode("ascii")))
    if exchange.version:
        exchange.answer_headers.append((b"version", exchange.version.encode("ascii")))
    seconds = perf_counter() - exchange.started
    metrics.request(route, exchange.method, answer.status, exchange.version, seconds)
    caller = exchange.caller
    line = {
        "trace_id": exchange.trace.trace_id,
        "request_id": exchange.request_id,
        "method": exchange.method,
        "route": route,
        "status": answer.status,
        "contract": exchange.version,
        "tenant": caller.tenant_id if caller else None,
        "token": caller.token_id if caller else None,
        "client": exchange.client,
        "internal_ms": round(exchange.internal_seconds * 1000, 2),
        "total_ms": round(seconds * 1000, 2),
    }
    if code:
        line["code"] = code
    logs.access(line)
