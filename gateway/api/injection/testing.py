"""Calls of test tokens: each meets the fault that it asks for, or that stands for it, and is noted down, refused ones as well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Identified
from gateway.api.injection.declared import Injection, Scene
from gateway.api.injection.header import HEADER, Asked, read
from gateway.api.injection.remembering import Remembering, watched
from gateway.auth.caller import Caller
from gateway.observe import metrics
from gateway.problems import Problem
from gateway.stores.errors import StoreUnavailable
from gateway.stores.standing_faults import StandingFaults

_OF_TEST_MODE: Final = "test"


@dataclass(frozen=True, slots=True)
class Testing:
    """known: every fault there is, by name; standing: those that calls meet unasked; remembering: what notes calls down."""

    known: Mapping[str, Injection]
    standing: StandingFaults
    remembering: Remembering

    def around(
        self, operation: Operation, dependencies: Dependencies, behind: Callable[[Operation, Dependencies], Identified]
    ) -> Identified:
        """The stages `behind`, made for each call around parts of which one may fail. Raises 400 for a fault that is none."""
        # What sets faults and looks at calls is not one of them.
        own = operation.first == _OF_TEST_MODE

        def tested(exchange: Exchange, caller: Caller) -> Awaitable[Answer]:
            answering = faulty(exchange, caller)
            return answering if own else self.remembering.call(operation, dependencies, exchange, caller, answering)

        async def faulty(exchange: Exchange, caller: Caller) -> Answer:
            asked = await self._met(operation, exchange, caller, unasked=not own)
            scene = Scene(operation, dependencies, exchange, caller)
            if asked is not None:
                scene = asked.applied(scene)
                exchange.fault = asked.injection.name
            # Above the fault, so that what becomes of a call is noted as it is told.
            parts = replace(scene.dependencies, internal=scene.dependencies.internal.through(watched))
            answer = await behind(scene.operation, parts)(exchange, scene.caller)
            return answer if asked is None else asked.injection.after(answer)

        return tested

    async def refused(
        self, operation: Operation, dependencies: Dependencies, exchange: Exchange, caller: Caller, problem: Problem
    ) -> Answer:
        """Raises the problem, after it was noted down for the sandbox that the refused token was of, or whose call found nothing."""

        async def raising() -> Answer:
            raise problem

        if operation.first == _OF_TEST_MODE:
            raise problem
        return await self.remembering.call(operation, dependencies, exchange, caller, raising())

    async def _met(self, operation: Operation, exchange: Exchange, caller: Caller, *, unasked: bool) -> Asked | None:
        given = exchange.headers.get(HEADER)
        if given is not None:
            return read(given.decode("latin-1"), self.known)
        if not unasked:
            return None
        try:
            standing = await self.standing.take(caller.tenant_id, exchange.method, exchange.path, operation.route)
        except StoreUnavailable:
            metrics.fail_mode("standing_faults_ignored")
            return None
        return None if standing is None else read(standing, self.known)
