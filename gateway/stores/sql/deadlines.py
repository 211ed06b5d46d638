"""Deadlines for whatever speaks to the database in a thread of its own, which nothing but its connection can wake.

A server that hangs answers nothing, and its own time-outs hang with it. So at the deadline the connection itself is cut:
the thread fails at once, and the pool drops the connection, of which nobody knows what was done on it.
"""

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import Engine, event

from gateway.stores.errors import StoreUnavailable

LATE: Final = "the database did not answer in time"

_here = threading.local()


class Call:
    """One use of the database by one thread, and the connection that it has at the moment."""

    __slots__ = ("_connection", "_lock", "late")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self.late = False

    @contextmanager
    def here(self) -> Iterator[None]:
        """The connections that this thread takes meanwhile are the call's."""
        _here.call = self
        try:
            yield
        finally:
            _here.call = None

    def cut(self) -> None:
        """End the call, from whichever thread: what it waits for fails, and it asks nothing more."""
        with self._lock:
            self.late = True
            connection = self._connection
            if isinstance(connection, sqlite3.Connection):
                connection.interrupt()
            elif connection is not None:
                with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)

    def take(self, connection: Any) -> None:
        """The pool gives this connection out."""
        with self._lock:
            self._connection = None if self.late else connection

    def begin(self) -> None:
        """Something is to be asked. Raises StoreUnavailable when it is too late for it.

        Not as soon as that is known: who refuses a connection that the pool gives out has it thrown away, and this one may have taken long to open.
        """
        if self.late:
            raise StoreUnavailable(LATE)

    def give_back(self) -> None:
        """From here on the connection may be another call's."""
        with self._lock:
            self._connection = None


def too_late() -> bool:
    """Whether the call of this thread has been cut."""
    call: Call | None = getattr(_here, "call", None)
    return call is not None and call.late


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever this thread asks the database meanwhile fails after `seconds`: for those who have no event loop."""
    call = Call()
    timer = threading.Timer(seconds, call.cut)
    timer.daemon = True
    timer.start()
    try:
        with call.here():
            yield
    finally:
        timer.cancel()


def keep(engine: Engine) -> None:
    """Let calls know which of the engine's connections they have."""

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, _record: object, _proxy: object) -> None:
        call: Call | None = getattr(_here, "call", None)
        if call is not None:
            call.take(connection)

    # Before those that speak to the database.
    @event.listens_for(engine, "begin", insert=True)
    def _begun(_connection: object) -> None:
        call: Call | None = getattr(_here, "call", None)
        if call is not None:
            call.begin()

    @event.listens_for(engine, "checkin")
    def _given_back(_connection: object, _record: object) -> None:
        call: Call | None = getattr(_here, "call", None)
        if call is not None:
            call.give_back()
