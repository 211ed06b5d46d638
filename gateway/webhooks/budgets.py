"""The budget of each tenant's events (`limits.ingest`). Those who ask in one turn of the loop are one question to the store."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from gateway.stores.limits import Gate, Limiter
from gateway.stores.policies import Policy

_GATES: Final = 4_096

Asking = asyncio.Future[float]


class Budgets:
    """`policy`: of each tenant."""

    def __init__(self, limiter: Limiter, policy: Policy) -> None:
        self._limiter = limiter
        # Of more units than there ever are, the store takes all that there are: they would be had by more than that.
        self._most = limiter.share(policy)
        self._policy = policy
        self._gate = lru_cache(_GATES)(self._made)
        self._asking: dict[str, list[Asking]] = {}
        self._questions: set[asyncio.Task[None]] = set()

    async def take(self, tenant_id: str) -> float:
        """Takes what one event needs. 0, or the seconds after which to come again: then nothing was taken."""
        answer: Asking = asyncio.get_running_loop().create_future()
        asking = self._asking.setdefault(tenant_id, [])
        asking.append(answer)
        if len(asking) == 1:
            question = asyncio.create_task(self._ask(tenant_id))
            self._questions.add(question)
            question.add_done_callback(self._questions.discard)
        return await answer

    async def _ask(self, tenant_id: str) -> None:
        asking = self._asking.pop(tenant_id)
        try:
            parts = (asking[first : first + self._most] for first in range(0, len(asking), self._most))
            await asyncio.gather(*(self._together(tenant_id, part) for part in parts))
        except Exception as fault:  # noqa: BLE001 - whatever it is, those who ask wait for nothing else
            for answer in asking:
                if not answer.done():
                    answer.set_exception(fault)

    async def _together(self, tenant_id: str, asking: Sequence[Asking]) -> None:
        verdict = await self._limiter.admit(self._gate(tenant_id, len(asking)))
        if verdict.allowed or len(asking) == 1:
            wait = 0.0 if verdict.allowed else verdict.readings[0].retry_after
            for answer in asking:
                if not answer.done():
                    answer.set_result(wait)
        else:
            # There may be enough for some, and each of the others is told a moment.
            await asyncio.gather(*(self._together(tenant_id, [answer]) for answer in asking))

    def _made(self, tenant_id: str, units: int) -> Gate:
        return self._limiter.gate_of_address(tenant_id, self._policy, "ingest").of(units)
