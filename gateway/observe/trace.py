"""W3C Trace Context: an incoming `traceparent` is continued, anything else starts a new trace.

Source: https://www.w3.org/TR/trace-context/ (level 1).
"""

import os
import re
from contextvars import ContextVar
from time import perf_counter
from typing import Final

import msgspec

_HEADER: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 0x01


class Said(msgspec.Struct, frozen=True, eq=False):
    """What is said of spans: their name, and attributes by the names of OpenTelemetry's semantic conventions.

    One for all that are alike, made once and kept, for it is told from others by which object it is.
    """

    name: str
    attributes: tuple[tuple[str, str | int], ...] = ()


class Part(msgspec.Struct, frozen=True, gc=False):
    """A span below that of a request. Times are of `perf_counter`; span_id: of a call, which was told it."""

    said: Said
    began: float
    ended: float
    span_id: str = ""


WAITED: Final = 0.0001
"""Seconds; a stage that took less has waited for nothing, and has no span."""


class Marks(msgspec.Struct):
    """What is noted of a request while it is answered, of one that is recorded."""

    parts: list[Part] = msgspec.field(default_factory=list)
    stage: Said | None = None
    since: float = 0.0

    def enter(self, stage: Said | None) -> None:
        """A stage begins, and with it the one before has ended; None: what begins has calls of its own to wait for, or is no stage."""
        now = perf_counter()
        if self.stage is not None and now - self.since >= WAITED:
            self.parts.append(Part(self.stage, self.since, now))
        self.stage, self.since = stage, now


class Trace(msgspec.Struct, frozen=True):
    """Where this request stands in its trace.

    `trace_id` is 32 lower-case hex digits, `span_id` (16) names this hop, `parent_id` (16) names the caller's hop or is
    None when the trace starts here, `flags` is the octet that is passed on. `marks`: what is noted of the request while it is
    answered, of one that is recorded (gateway/observe/tracing.py); None of all others.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    flags: int
    marks: Marks | None = None

    @property
    def header(self) -> bytes:
        """The `traceparent` for calls made on behalf of this request."""
        return self.header_of(self.span_id)

    def header_of(self, span_id: str) -> bytes:
        """The same from a call that has a span of its own."""
        return f"00-{self.trace_id}-{span_id}-{self.flags:02x}".encode("ascii")


current: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)
"""The trace of the request outside `/v1` that is being answered: whatever is logged meanwhile carries its id."""


class _Drawn:
    """Random hex digits, drawn from the system for a hundred requests at once: each draw is a call into the kernel."""

    __slots__ = ("_digits", "_next")

    def __init__(self) -> None:
        self._digits = ""
        self._next = 0

    def take(self, count: int) -> str:
        end = self._next + count
        if end > len(self._digits):
            self._digits, end = os.urandom(4096).hex(), count
        self._next = end
        return self._digits[end - count : end]

    def forget(self) -> None:
        """Draw anew: two processes may not take from one draw."""
        self._digits, self._next = "", 0


_drawn: Final = _Drawn()
os.register_at_fork(after_in_child=_drawn.forget)
digits: Final = _drawn.take
"""`digits(n)`: n random hex digits for names of requests and spans. Nothing secret is made of them."""


class _Recorded:
    """Which traces are recorded: those that others have sampled, and of those that start here, whose ids begin below `bound`.

    bound: hex digits; empty while nothing is recorded.
    """

    __slots__ = ("bound",)

    def __init__(self) -> None:
        self.bound = ""


recorded: Final = _Recorded()


def started() -> Trace:
    """A new trace. It is marked unsampled unless it is recorded: only a recorder may ask others to."""
    drawn = digits(48)
    # Compared as text: hex digits sort as the numbers that they are.
    if drawn[:8] < recorded.bound:
        return Trace(drawn[:32], drawn[32:], None, _SAMPLED, Marks())
    return Trace(drawn[:32], drawn[32:], None, 0)


def continued(header: bytes | None) -> Trace:
    """The trace that a request's `traceparent` asks to join, or a new one when the header is absent or malformed."""
    if header is None:
        return started()
    found = _HEADER.fullmatch(header)
    if found is None:
        return started()
    version, trace_id, parent_id, flags, rest = found.groups()
    if version == b"ff" or (version == b"00" and rest is not None):
        return started()
    if not trace_id.strip(b"0") or not parent_id.strip(b"0"):
        return started()
    # Of a version not known here only the sampled bit has a known meaning (§ 3.2.4).
    kept = int(flags, 16) if version == b"00" else int(flags, 16) & _SAMPLED
    marks: Marks | None = Marks() if kept & _SAMPLED and recorded.bound else None
    return Trace(trace_id.decode(), digits(16), parent_id.decode(), kept, marks)
