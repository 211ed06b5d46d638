"""Drives the operation's plan: its calls to the services, their replies back, until it answers."""

from __future__ import annotations

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway.exchange import Exchange, Handler
from gateway.services import Services


def forward(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """The innermost stage. An operation of the gateway's own has a local answer instead of a plan."""
    own = services.own.get(operation.name)
    if own is not None:
        return own
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
