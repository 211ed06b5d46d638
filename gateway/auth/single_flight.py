"""One question for all who ask the same at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Questions under way, by what they ask for."""

    def __init__(self) -> None:
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def ask(self, key: K, question: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """The answer to `question`, or to one with the same key that is under way already."""
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(question())
            self._asking[key] = asking
            asking.add_done_callback(lambda done: self._settled(key, done))
        # Shielded: one who hangs up must not cancel the answer that others wait for.
        return await asyncio.shield(asking)

    def _settled(self, key: K, done: "asyncio.Task[V]") -> None:
        del self._asking[key]
        if not done.cancelled():
            # Read here too, for the case that everybody who waited has hung up.
            done.exception()
