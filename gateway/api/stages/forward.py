"""Drives the operation's plan: its calls to the services, their replies back, until it answers."""

from __future__ import annotations

from contextlib import AsyncExitStack

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.body.files import chained, translated
from gateway.api.dependencies import Services
from gateway.api.exchange import Exchange, Handler
from gateway.downstream.streaming import Streamed


def forward(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """The innermost stage. An operation of the gateway's own has a local answer instead of a plan."""
    own = services.own.get(operation.name)
    if own is not None:
        return own
    if operation.streamed:
        return _streaming(services)
    send = services.internal.send

    async def forwarded(exchange: Exchange) -> Answer:
        face, permit = exchange.face, exchange.permit
        assert face is not None
        assert permit is not None
        plan = face.plan(exchange.input)
        try:
            call = next(plan)
            while True:
                call = plan.send(await send(permit, call, exchange))
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer

    return forwarded


def _streaming(services: Services) -> Handler:
    """For a plan with one call, whose answer is passed on while it comes. What fails before its first row is a problem."""
    internal, turns = services.internal, services.turns

    async def forwarded(exchange: Exchange) -> Answer:
        face, permit = exchange.face, exchange.permit
        assert face is not None
        assert face.translate is not None
        assert permit is not None
        plan = face.plan(exchange.input)
        async with AsyncExitStack() as stack:
            reply, body = await stack.enter_async_context(internal.stream(permit, next(plan), exchange))
            try:
                plan.send(reply)
            except StopIteration as finished:
                head: Answer = finished.value
            pieces = translated(body, face.translate(), turns)
            first = await anext(pieces)
            return Streamed(head, chained(first, pieces), stack.pop_all().aclose)

    return forwarded
