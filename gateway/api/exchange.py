"""The values that travel with a request. Slots are filled in the order of the stages (see pipeline.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from starlette.types import Receive

from adapters.core.calls import Answer, Input
from adapters.core.operation import Face
from gateway.auth.caller import Caller
from gateway.brands import Brand
from gateway.observe.trace import Trace


class Permit(msgspec.Struct, frozen=True):
    """Proof that `authorize` let the caller through; internal calls demand it. `role` is the one the user has now."""

    role: str
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class File:
    """A file that was received, checked, and translated for the service.

    content: its bytes, once; length: how many; digest: the SHA-256 of what the client sent, in hex.
    """

    content: Callable[[], AsyncIterator[bytes]]
    length: int
    digest: str


class Exchange(msgspec.Struct):
    """One request under way.

    body: the whole of it when it came together with the head, else None, and `receive` has it; lines: the header lines
    of the answer so far. A msgspec struct, though no JSON is made of it: one is made for every request, in a third of
    the time that a class of Python's takes.
    """

    # filled by dispatch
    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes | None
    receive: Receive
    brand: Brand
    client: str
    trace: Trace
    request_id: str
    started: float
    segments: tuple[str, ...] = ()
    # by authenticate, limit, negotiate, authorize, accept
    caller: Caller | None = None
    version: str = ""
    face: Face | None = None
    permit: Permit | None = None
    document: Any = None
    input: Input = cast("Input", None)
    file: File | None = None
    # by forward
    calls: int = 0
    wrote: bool = False
    internal_seconds: float = 0.0
    idempotency_key: bytes = b""
    lines: bytes = b""


Handler = Callable[[Exchange], Awaitable[Answer]]
