"""What differs between programs with asyncio and without, and cannot be derived."""

from __future__ import annotations

import inspect
from asyncio import Lock, sleep
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

__all__ = ["Lock", "called", "sendable", "sleep"]


async def called(hook: Callable[[Any], Any], value: Any) -> None:
    """Call a hook that may be a coroutine function."""
    result = hook(value)
    if inspect.isawaitable(result):
        await result


def sendable(content: bytes | Iterator[bytes] | None) -> bytes | AsyncIterator[bytes] | None:
    """A body as the connection takes it."""
    return content if content is None or isinstance(content, bytes) else _pieces(content)


async def _pieces(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece
