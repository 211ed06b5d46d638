"""The gateway's own parts that fail: limits, tokens, roles, contracts, cursors, keys of requests, bodies, answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.types import Message

from adapters.core.calls import Answer, Input
from adapters.core.faults import StaleCursor
from gateway.api.exchange import Permitted
from gateway.api.injection.declared import Scene, Values, altered
from gateway.auth.caller import Caller
from gateway.auth.users import IdentityUnavailable, User
from gateway.config.policies import Lifecycle
from gateway.downstream.streaming import Streamed
from gateway.stores.errors import StoreUnavailable
from gateway.stores.limits import Gate
from gateway.stores.policies import Verdict
from gateway.stores.replays import Found
from gateway.upstream import Broken

Change = Callable[[Scene, Values], Scene]


def raising(failure: Callable[[], Exception]) -> Change:
    """Whatever carries the operation out fails with this, before anything is done."""

    async def answered(_: Permitted, __: Input) -> Answer:
        raise failure()

    def change(scene: Scene, _: Values) -> Scene:
        own = {**scene.dependencies.own, scene.operation.name: answered}
        return replace(scene, dependencies=replace(scene.dependencies, own=own))

    return change


def limited(scene: Scene, values: Values) -> Scene:
    """The first limit has nothing left for so many seconds."""
    generation, wait = scene.caller.generation, round(values["retry_after"] * 1e6)

    async def admit(gate: Gate) -> Verdict:
        first = next((nth for nth, each in enumerate(gate.policies) if not each.shadow), 0)
        states = [
            state
            for nth, each in enumerate(gate.policies)
            for state in ((0, wait, wait) if nth == first else (each.capacity, 0, 0))
        ]
        return Verdict(gate.policies, states, False, generation, time.time_ns() // 1000, False)

    limiter = altered(scene.dependencies.limiter, admit=admit)
    return replace(scene, dependencies=replace(scene.dependencies, limiter=limiter))


def token(found: Callable[[Caller], Caller]) -> Change:
    """The store tells of a change to the token a moment ago, which SQL is then asked about."""

    def change(scene: Scene, _: Values) -> Scene:
        parts = scene.dependencies

        async def admit(gate: Gate) -> Verdict:
            return msgspec.structs.replace(await parts.limiter.admit(gate), generation=-1, local=False)

        async def renewed(caller: Caller, _: int | None, *, lost: bool) -> Caller | None:
            return found(caller)

        limiter, callers = altered(parts.limiter, admit=admit), altered(parts.callers, renewed=renewed)
        return replace(scene, dependencies=replace(parts, limiter=limiter, callers=callers))

    return change


def expired(caller: Caller) -> Caller:
    """The caller whose token has just expired."""
    return replace(caller, expires_at=0.0)


def revoked(caller: Caller) -> Caller:
    """The caller whose token has just been revoked."""
    return replace(caller, revoked=True)


def unknown(_: Caller) -> Caller:
    """Nobody can tell."""
    raise StoreUnavailable("a fault asked for it")


def nobody_known(scene: Scene, _: Values) -> Scene:
    """The service of users is away, and knows nothing by heart."""

    async def live_user(*_: Any) -> User | None:
        raise IdentityUnavailable("a fault asked for it")

    def of(mode: Any) -> Any:
        return altered(identities.of(mode), live_user=live_user, remembered=lambda *_: None)

    identities = scene.dependencies.identities
    return replace(scene, dependencies=replace(scene.dependencies, identities=altered(identities, of=of)))


def permitting(**nothing: bool) -> Change:
    """The role allows nothing (`effective`), or the token was given nothing (`asked`)."""

    def change(scene: Scene, _: Values) -> Scene:
        none = dict.fromkeys(nothing, lambda *_: frozenset[str]())
        permissions = altered(scene.dependencies.permissions, **none)
        return replace(scene, dependencies=replace(scene.dependencies, permissions=permissions))

    return change


def retired(scene: Scene, _: Values) -> Scene:
    """The sunset of the contract that is asked for was yesterday; of no other."""
    settings, asked = scene.dependencies.settings, scene.exchange.headers.get(b"version", b"").decode("latin-1")
    dates = [contract.date for contract in scene.dependencies.catalogue.contracts]
    found = next((date for date in dates if date <= asked), dates[-1])
    day = next((day for day in settings.versions if day.isoformat() == found), datetime.fromisoformat(found).date())
    cycle = settings.versions.get(day, Lifecycle())
    ended = cycle.model_copy(update={"sunset": datetime.now(UTC).date() - timedelta(days=1)})
    changed = settings.model_copy(update={"versions": {**settings.versions, day: ended}})
    return replace(scene, dependencies=replace(scene.dependencies, settings=changed))


def missing(scene: Scene, _: Values) -> Scene:
    """This deployment does not offer the operation."""
    return replace(scene, operation=replace(scene.operation, enabled=False))


def gone(scene: Scene, _: Values) -> Scene:
    """No contract has the operation."""
    dates = [contract.date for contract in scene.dependencies.catalogue.contracts]
    return replace(scene, operation=replace(scene.operation, faces=dict.fromkeys(dates)))


def stale(scene: Scene, _: Values) -> Scene:
    """No cursor can be opened, and there is none that would be good."""

    def of(*_: Any) -> Any:
        raise StaleCursor

    cursors = altered(scene.dependencies.cursors, of=of)
    return replace(scene, dependencies=replace(scene.dependencies, cursors=cursors))


def remembering(found: Found, *, secret: bool = False) -> Change:
    """This is what is known of the request's Idempotency-Key. secret: and its record cannot be read again."""

    async def reserve(*_: Any, **__: Any) -> Found:
        return found

    def change(scene: Scene, _: Values) -> Scene:
        replays = altered(scene.dependencies.replays, reserve=reserve)
        operation = replace(scene.operation, secret=True) if secret else scene.operation
        return replace(scene, operation=operation, dependencies=replace(scene.dependencies, replays=replays))

    return change


def body(receive: Callable[[], Any]) -> Change:
    """The body comes in this way, and is not waited for."""

    def change(scene: Scene, _: Values) -> Scene:
        settings = scene.dependencies.settings
        server = settings.server.model_copy(update={"body_timeout": 0.0})
        scene.exchange.body, scene.exchange.receive = None, receive
        changed = settings.model_copy(update={"server": server})
        return replace(scene, dependencies=replace(scene.dependencies, settings=changed))

    return change


async def never() -> Message:
    """A body that does not come."""
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # nobody ends it


async def broken_off() -> Message:
    """A body whose connection ended."""
    return {"type": "http.disconnect"}


def cut(answer: Answer) -> Answer:
    """The answer of which half is sent."""

    async def pieces() -> AsyncIterator[bytes]:
        if isinstance(answer, Streamed):
            first = await anext(answer.pieces)
            yield first[: len(first) // 2]
        else:
            yield answer.body[: len(answer.body) // 2]
        raise Broken("the answer was cut, as a fault asked for", sent=True)

    async def close() -> None:
        if isinstance(answer, Streamed):
            await answer.close()

    return Streamed(answer, pieces(), close)
