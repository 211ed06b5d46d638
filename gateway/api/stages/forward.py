"""Drives the operation's plan: its calls to the services, their replies back, until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from contextlib import AsyncExitStack

from adapters.core.calls import Answer, Input
from adapters.core.operation import Operation
from gateway.api.body.files import chained, translated
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Accepted, Permitted
from gateway.api.standing import Standing
from gateway.api.stream_shares import StreamShares, paced
from gateway.auth.single_flight import SingleFlight
from gateway.downstream.streaming import Streamed
from gateway.observe import metrics
from gateway.upstream.errors import Timeout


def forward(operation: Operation, dependencies: Dependencies) -> Accepted:
    """The innermost stage. An operation of the gateway's own has a local answer instead of a plan."""
    own = dependencies.own.get(operation.name)
    if own is not None:
        return own
    if operation.streamed:
        return _streaming(operation, dependencies)
    if operation.faces and all(face is None or face.ahead for face in operation.faces.values()):
        return _together(operation, dependencies)
    send = dependencies.sentinel.watching(operation, dependencies.internal.send)

    async def forwarded(permitted: Permitted, given: Input) -> Answer:
        plan = permitted.face.plan(given)
        try:
            call = next(plan)
            while True:
                call = plan.send(await send(permitted, call))
        except StopIteration as finished:
            answer: Answer = finished.value
            for field in answer.degraded:
                metrics.value_degraded(field)
            return answer

    return forwarded


def _together(operation: Operation, dependencies: Dependencies) -> Accepted:
    """For a plan whose calls are all known before the first. Who asks for the very same meanwhile is answered with it."""
    internal = dependencies.internal
    flights: SingleFlight[Hashable, Answer] = SingleFlight()

    async def worked_out(permitted: Permitted, given: Input) -> Answer:
        face = permitted.face
        assert face.ahead is not None
        plan = face.plan(given)
        replies = await internal.together(permitted, face.ahead(given))
        try:
            next(plan)
            for reply in replies:
                plan.send(reply)
        except StopIteration as finished:
            answer: Answer = finished.value
            for field in answer.degraded:
                metrics.value_degraded(field)
            return answer
        raise RuntimeError(f"{operation.name} makes more calls than it says")

    async def forwarded(permitted: Permitted, given: Input) -> Answer:
        exchange, caller, permit = permitted.exchange, permitted.caller, permitted.permit
        # Services may cut what they tell by user and by role, so nobody is answered with what another one may see.
        who = (caller.tenant_id, caller.user_id, permit.role, permit.scopes)
        asked = (*who, exchange.version, exchange.query, given.ids, given.fields)
        return await flights.ask(asked, lambda: worked_out(permitted, given))

    return forwarded


def _streaming(operation: Operation, dependencies: Dependencies) -> Accepted:
    """For a plan with one call, whose answer is passed on while it comes. What fails before its first row is a problem."""
    internal, files_thread = dependencies.internal, dependencies.files_thread
    patience = dependencies.settings.server.body_timeout
    services = dependencies.settings.services
    timeout, connections = next(
        ((each.timeouts.total, each.max_connections) for name, each in services.items() if name == operation.service),
        (0.0, 0),  # an operation of a service that is not configured is never carried out
    )
    shares, standing = StreamShares(connections), Standing(operation, dependencies)

    async def forwarded(permitted: Permitted, given: Input) -> Answer:
        plan = permitted.face.plan(given)
        async with AsyncExitStack() as stack:
            stack.enter_context(shares.one(permitted.caller.tenant_id))
            reply, body = await stack.enter_async_context(internal.stream(permitted, next(plan)))
            try:
                plan.send(reply)
            except StopIteration as finished:
                head: Answer = finished.value
            pieces = translated(body, permitted.face.translation(given), files_thread)
            try:
                async with asyncio.timeout(timeout):
                    first = await anext(pieces)
            except TimeoutError:
                raise Timeout("no row in time", sent=True) from None
            rows = standing.followed(permitted, chained(first, pieces))
            return Streamed(head, paced(rows, patience), stack.pop_all().aclose)

    return forwarded
