"""Services that fail as services do: the guard of each is altered, so that all that is told of a failure is told here too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NoReturn

from adapters.core.calls import Answer, Input
from gateway.api.exchange import Accepted, Permitted
from gateway.api.injection.declared import Scene, Values, altered
from gateway.upstream import Guard, Response, Timeout

Change = Callable[[Guard], Guard]


class _Whole(Response):
    """An answer that is known whole, for those who read it as it comes."""

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield self.body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces()


def asked(scene: Scene, change: Change) -> Scene:
    """The call with every service changed."""
    internal = scene.dependencies.internal.through(change)
    return replace(scene, dependencies=replace(scene.dependencies, internal=internal))


def failing(failure: Callable[[Values], Exception]) -> Callable[[Scene, Values], Scene]:
    """No call is sent, each fails with `failure`."""

    def change(scene: Scene, values: Values) -> Scene:
        async def called(*_: Any, **__: Any) -> Response:
            raise failure(values)

        def streamed(*_: Any) -> NoReturn:
            raise failure(values)

        return asked(scene, lambda guard: altered(guard, request=called, upload=called, stream=streamed))

    return change


def answering(status: int, body: bytes) -> Callable[[Scene, Values], Scene]:
    """No call is sent, each is answered with this."""
    answer = _Whole(status, ((b"content-type", b"application/json"),), body)

    async def called(*_: Any, **__: Any) -> Response:
        return answer

    @asynccontextmanager
    async def streamed(*_: Any) -> AsyncIterator[_Whole]:
        yield answer

    def change(scene: Scene, _: Values) -> Scene:
        return asked(scene, lambda guard: altered(guard, request=called, upload=called, stream=streamed))

    return change


def lost(scene: Scene, _: Values) -> Scene:
    """Every write is carried out, and its answer lost."""

    def change(guard: Guard) -> Guard:
        async def request(*given: Any, writes: bool, **more: Any) -> Response:
            answer = await guard.request(*given, writes=writes, **more)
            if writes:
                raise _gone()
            return answer

        async def upload(*given: Any, **more: Any) -> Response:
            await guard.upload(*given, **more)
            raise _gone()

        return altered(guard, request=request, upload=upload)

    return asked(scene, change)


def slow(scene: Scene, values: Values) -> Scene:
    """Whatever answers takes so long, once: a service, or what answers in its place. A client that waits for less is told."""
    left = [values[""]]

    async def waited(within: float | None) -> None:
        seconds = left.pop() if left else 0.0
        await asyncio.sleep(seconds if within is None else min(seconds, within))
        if within is not None and seconds >= within:
            raise Timeout("the service was slow, as a fault asked for", sent=True)

    def change(guard: Guard) -> Guard:
        async def request(*given: Any, within: float | None = None, **more: Any) -> Response:
            await waited(within)
            return await guard.request(*given, within=within, **more)

        async def upload(*given: Any, **more: Any) -> Response:
            await waited(None)
            return await guard.upload(*given, **more)

        @asynccontextmanager
        async def stream(*given: Any) -> AsyncIterator[Any]:
            await waited(None)
            async with guard.stream(*given) as answer:
                yield answer

        return altered(guard, request=request, upload=upload, stream=stream)

    def late(answers: Accepted) -> Accepted:
        async def answered(permitted: Permitted, given: Input) -> Answer:
            await waited(None)
            return await answers(permitted, given)

        return answered

    scene = asked(scene, change)
    own = {name: late(answers) for name, answers in scene.dependencies.own.items()}
    return replace(scene, dependencies=replace(scene.dependencies, own=own))


def _gone() -> Timeout:
    return Timeout("the answer was lost, as a fault asked for", sent=True)
