"""Turns everything that is raised into a problem document; ends each request with its headers, log line and metrics."""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway import problems
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Handler
from gateway.downstream.header_lines import UNIFORM
from gateway.downstream.streaming import ClientLeft, ClientSlow, ShuttingDown, Streamed
from gateway.observe import access_lines, logs, metrics, tracing
from gateway.problems import Problem

# Pieces of a log line.
# What ends an answer that has begun, and is no failure.
_ENDED = {ClientLeft: "client_left", ClientSlow: "client_slow", ShuttingDown: "shutting_down"}
# What an internal service is the reason of.
_OF_SERVICES = frozenset(
    {
        "overloaded",
        "upstream_failed",
        "upstream_invalid",
        "upstream_suspended",
        "upstream_timeout",
        "upstream_unreachable",
    }
)


def explain(operation: Operation, dependencies: Dependencies, proceed: Handler) -> Handler:
    """The outermost stage: it raises nothing but the end of the server."""
    route, usage = operation.route, dependencies.usage
    routed = access_lines.routed(route)

    async def explained(exchange: Exchange) -> Answer:
        code = ""
        try:
            answer = await proceed(exchange)
        except asyncio.CancelledError:  # the server is stopping, and dispatch says so
            metrics.cut_off("shutting_down")
            record(exchange, 503, "shutting_down")
            raise
        except Exception as error:  # noqa: BLE001 - the one place where any failure becomes an answer
            problem = _problem(error, exchange, operation)
            code = problem.code
            answer = dependencies.render(problem, exchange)
        exchange.lines += exchange.rate_lines + UNIFORM % exchange.request_id.encode("ascii")
        if isinstance(answer, Streamed):
            answer.finished = partial(streamed, exchange, answer.status)
        else:
            record(exchange, answer.status, code)
        return answer

    def streamed(exchange: Exchange, status: int, sent: int, failure: Exception | None) -> None:
        """The end of an answer that was sent while it was made: whole, or cut off with a code that says why."""
        code = ""
        if failure is not None:
            code = _ENDED.get(type(failure)) or _problem(failure, exchange, operation).code
            metrics.cut_off(code)
        record(exchange, status, code, access_lines.sent(sent))

    def record(exchange: Exchange, status: int, code: str, more: str = "") -> None:
        seconds = perf_counter() - exchange.started
        caller = exchange.caller
        if exchange.fault:  # what was asked for tells nothing of how the deployment does
            metrics.fault_injected(exchange.fault)
        else:
            metrics.request(route, exchange.method, status, exchange.version, seconds)
            if not more:  # what is streamed takes as long as its reader
                metrics.overhead(max(0.0, seconds - exchange.internal_seconds))
        if caller is not None:
            usage.note(caller, exchange.version, status, exchange.client)
            if exchange.marks:
                usage.mark(caller, exchange.version, exchange.marks)
        if exchange.trace.marks is not None:
            tracing.end(exchange.trace, route, exchange.method, status, exchange.started)
        access_lines.call(
            exchange.trace.trace_id,
            exchange.request_id,
            exchange.method,
            routed,
            status,
            exchange.version,
            caller.logged if caller is not None else access_lines.NOBODY,
            exchange.client,
            exchange.internal_seconds,
            seconds,
            code,
            exchange.via + (f',"fault":"{exchange.fault}"{more}' if exchange.fault else more),
        )

    return explained


def _problem(error: Exception, exchange: Exchange, operation: Operation) -> Problem:
    """What the error is to the client; what the operator should know of it is logged."""
    problem = problems.of(error)
    if problem is None:
        logs.event("crash", "error", trace_id=exchange.trace.trace_id, route=operation.route, error=error)
        return problems.unforeseen()
    if problem.status >= 500 and not exchange.fault:
        # Of a problem that stands for a failure within, the failure is what an operator must know.
        reason = str((error.__cause__ or problem.detail) if error is problem else error)[:300]
        told: dict[str, object] = {"trace_id": exchange.trace.trace_id, "route": operation.route, "code": problem.code}
        if problem.code == "identity_unavailable":
            told["service"] = "auth"
        elif problem.code in _OF_SERVICES:
            told["service"] = operation.service
        logs.event("failure", "warning", **told, reason=reason)
    return problem
