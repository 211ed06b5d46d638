"""The values that travel with a request, and what each stage may count on (see pipeline.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.types import Receive

from adapters.core.calls import Answer, Input
from adapters.core.operation import Face
from gateway.auth.caller import Caller
from gateway.auth.permits import Permit
from gateway.brands import Brand
from gateway.observe.trace import Trace
from gateway.stores.sql.usage import Mark


class Exchange(msgspec.Struct):
    """One request under way.

    body: the whole of it when it came together with the head, else None, and `receive` has it; lines: the header lines
    of the answer so far, and rate_lines those of the limits, of which the last decision is told; via: what its log line says of the door it came through, as members of a JSON object. A msgspec struct, though no JSON is made of it: one is made for every request, in a third of
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
    via: str = ""
    # by inject: the fault that was asked for
    fault: str = ""
    # by authenticate and limit, negotiate: for the log and the metrics
    caller: Caller | None = None
    version: str = ""
    # by accept: the body as JSON, or the digest of a file; until when the client waits, by `perf_counter`, if it says so
    document: Any = None
    deadline: float | None = None
    # by limit, charge: for how many internal calls the tenant's budget was taken
    rate_lines: bytes = b""
    paid: int = 1
    # by replay, forward
    idempotency_key: bytes = b""
    # by whoever finds something that the usage of its principal should tell of
    marks: tuple[Mark, ...] = ()
    calls: int = 0
    wrote: bool = False
    internal_seconds: float = 0.0
    lines: bytes = b""


class Permitted(msgspec.Struct, frozen=True, gc=False):
    """A request that may be carried out: what was proved of it on the way. Only `authorize` makes one."""

    exchange: Exchange
    caller: Caller
    permit: Permit
    face: Face


# What the stages are, by what they are handed: each knows what those before it have proved.
Handler = Callable[[Exchange], Awaitable[Answer]]
Identified = Callable[[Exchange, Caller], Awaitable[Answer]]
Contracted = Callable[[Exchange, Caller, Face], Awaitable[Answer]]
Authorized = Callable[[Permitted], Awaitable[Answer]]
Accepted = Callable[[Permitted, Input], Awaitable[Answer]]
