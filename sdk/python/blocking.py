"""The client with asyncio → the one without. One template, so that both do the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_WORDS: Final = {
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    "asynccontextmanager": "contextmanager",
    "aiter_bytes": "iter_bytes",
    "aread": "read",
    "aclose": "close",
    "__aiter__": "__iter__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aio": "blocking",
}
_RULES: Final[list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]]] = [
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\basync (def|for|with)\b"), r"\1"),
    (re.compile(r"`async with`"), "`with`"),
    (re.compile(r"\bAwaitable\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"), r"\1"),
    (re.compile(rf"\b({'|'.join(_WORDS)})\b"), lambda found: _WORDS[found[1]]),
    (re.compile(r"\bAsync(?=[A-Z])"), ""),
    (re.compile(r"for programs with asyncio"), "for programs without asyncio"),
    (re.compile(r"^(from collections\.abc import .*?)\bAwaitable, ", re.MULTILINE), r"\1"),
    (re.compile(r"^(from collections\.abc import .*\bIterator)\b(.*), Iterator\b", re.MULTILINE), r"\1\2"),
]

PLATFORM: Final = '''\
"""What differs between programs with asyncio and without, and cannot be derived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from time import sleep
from typing import Any

__all__ = ["Lock", "called", "sendable", "sleep"]


def called(hook: Callable[[Any], Any], value: Any) -> None:
    """Call a hook."""
    hook(value)


def sendable(content: bytes | Iterator[bytes] | None) -> bytes | Iterator[bytes] | None:
    """A body as the connection takes it."""
    return content
'''


def blocking(text: str) -> str:
    """The same module for programs without asyncio."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
