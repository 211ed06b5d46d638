"""When a connection ends: its state, the time that the state may take, and how it is closed so that the client learns what it should."""

from __future__ import annotations

import asyncio
from math import inf

from gateway.downstream.flow import Flow
from gateway.downstream.states import FOLLOWS, Limits, State


class Lifecycle(asyncio.Protocol):
    """The states of one connection, each with its deadline. `seconds`: those that each state may last."""

    limits: Limits = Limits()
    seconds: tuple[float, ...] = limits.by_state()

    transport: asyncio.Transport
    flow: Flow

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.state = State.NEW
        self._deadline = inf  # of the state
        self._stall = inf  # of an answer that waits to be read
        self._until = inf  # of lingering, however long the client goes on
        self._timer: asyncio.TimerHandle | None = None
        self._armed = inf
        self._room = 0  # bytes that may still be read and dropped
        self._unsent = 0

    def made(self, transport: asyncio.Transport) -> None:
        """Begin."""
        self.transport = transport
        self.flow = Flow(transport)
        self._expect(self.seconds[State.NEW])

    def enter(self, state: State) -> None:
        """Go on to that state, which takes the deadline of the one before away. RuntimeError when it cannot follow."""
        if state not in FOLLOWS[self.state]:
            raise RuntimeError(f"a connection that is {self.state.name} cannot become {state.name}")
        self.state = state
        if state is State.REST:
            self._room = self.limits.rest_size
        self._expect(self.seconds[state])

    def linger(self) -> None:
        """Say no more. What the client still sends is read and dropped for a while, so that it can read what was said."""
        if self.transport.is_closing():
            return
        self.enter(State.LINGERING)
        self._room = self.limits.rest_size
        self._until = self.loop.time() + self.limits.rest
        if self.transport.can_write_eof():  # TLS has no half of a connection
            self.transport.write_eof()
        self.flow.resume_reading()

    def lingers_on(self, count: int) -> None:
        """So many bytes came that nobody reads."""
        self._deadline = min(self.loop.time() + self.limits.linger, self._until)
        self.drop(count)

    def drop(self, count: int) -> None:
        """Bytes of a body that nobody reads."""
        self._room -= count
        if self._room < 0:
            self.close()

    def close(self) -> None:
        """Let what is written leave, and be gone."""
        if self.state < State.CLOSING:
            self.enter(State.CLOSING)
            self._unsent = self.transport.get_write_buffer_size()
            self.transport.close()

    def lost(self) -> None:
        """The connection is no more."""
        self.enter(State.CLOSED)
        self.resume_writing()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        """More waits to be read by the client than should. Closing would wait for it, so there is a limit to that."""
        self.flow.pause_writing()
        self._unsent = self.transport.get_write_buffer_size()
        self._stall = self.loop.time() + self.limits.stall
        self._watch(self._stall)

    def resume_writing(self) -> None:
        """Little waits again."""
        self._stall = inf
        self.flow.resume_writing()

    def _expect(self, seconds: float) -> None:
        if seconds == inf:
            self._deadline = inf
            return
        self._deadline = self.loop.time() + seconds
        self._watch(self._deadline)

    def _watch(self, due: float) -> None:
        # One timer outlives many states: it looks at their deadlines when it fires. One for each costs 2 µs more.
        if due < self._armed:
            if self._timer is not None:
                self._timer.cancel()
            self._armed = due
            self._timer = self.loop.call_at(due, self._on_time)

    def _on_time(self) -> None:
        self._timer, self._armed = None, inf
        now = self.loop.time()
        if self._stall <= now:
            if not self._reads_on():
                self.flow.stalled = True
                self.transport.abort()
                return
            self._stall = now + self.limits.stall
        if self._deadline <= now:
            if self.state is not State.CLOSING:
                self.close()
            elif self._reads_on():
                self._deadline = now + self.limits.flush
            else:
                self.transport.abort()
                return
        due = min(self._deadline, self._stall)
        if due < inf:
            self._watch(due)

    def _reads_on(self) -> bool:
        """Whether the client has read enough of what was written since this was asked last."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        return before - self._unsent >= self.limits.least or (self._unsent == 0 < before)
