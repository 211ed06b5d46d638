"""Transactions at one PostgreSQL, statement by statement, in every order that their locks leave them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from gateway.stores.sql import Session, Sql

Work = Callable[[Session], Any]
_GLANCE = 0.002  # seconds that a statement is given before it is asked whether it waits for a lock
_LONGEST = 30.0
_here = threading.local()


class _Stepped:
    """One transaction in a thread of its own: it rests before each statement that `stops` finds, and before its commit."""

    def __init__(self, sql: Sql, work: Work, stops: re.Pattern[str]) -> None:
        self._sql, self._work, self._stops = sql, work, stops
        self._go, self._rests = threading.Semaphore(0), threading.Event()
        self.ended = False
        self.backend = 0
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._rests.wait(_LONGEST), "it came to no statement"

    def step(self) -> None:
        """Goes on, to its next rest, its end, or a lock."""
        self._rests.clear()
        self._go.release()

    def arrived(self, monitor: psycopg.Connection[Any], holders: Sequence[int] = ()) -> bool:
        """Whether it rests or has ended; False when it waits for a lock that one of these backends holds.

        A vacuum of the database's own holds one, too, at times, and gives it back by itself.
        """
        until = time.monotonic() + _LONGEST
        while not self._rests.wait(_GLANCE):
            row = monitor.execute("SELECT pg_blocking_pids(%s)", (self.backend,)).fetchone()
            if row is not None and not set(holders).isdisjoint(row[0]):
                return False
            assert time.monotonic() < until, "it neither rests nor waits"
        return True

    def before(self, statement: str) -> None:
        if self._stops.search(statement):
            self._rests.set()
            self._go.acquire()

    def _run(self) -> None:
        _here.transaction = self
        try:
            with self._sql.session() as session:
                self.backend = session.connection().connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
                self._work(session)
        except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
            self.failure = failure
        finally:
            _here.transaction = None
            self.ended = True
            self._rests.set()


@contextmanager
def interleaved() -> Iterator[None]:
    """While this lasts transactions can be stepped."""

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if (transaction := getattr(_here, "transaction", None)) is not None:
            transaction.before(text)

    def commit(_connection: object) -> None:
        if (transaction := getattr(_here, "transaction", None)) is not None:
            transaction.before("COMMIT")

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)


class Orders:
    """Every sequence of choices, one after the other: `for _ in orders` runs with the next one."""

    def __init__(self) -> None:
        self._path: list[list[int]] = []
        self._depth = 0
        self.taken: list[int] = []

    def __iter__(self) -> Iterator[int]:
        number = 0
        while True:
            self._depth, self.taken = 0, []
            yield number
            number += 1
            while self._path and self._path[-1][0] + 1 == self._path[-1][1]:
                self._path.pop()
            if not self._path:
                return
            self._path[-1][0] += 1

    def choose(self, options: Sequence[int]) -> int:
        """One of them; where there is one alone, nothing is chosen."""
        at = 0
        if len(options) > 1:
            if self._depth == len(self._path):
                self._path.append([0, len(options)])
            at, many = self._path[self._depth]
            assert many == len(options), "another run had other choices here: it is not the order alone that differs"
            self._depth += 1
        self.taken.append(options[at])
        return options[at]


def run(sql: Sql, monitor: psycopg.Connection[Any], orders: Orders, stops: re.Pattern[str], *works: Work) -> None:
    """The works, each in a transaction, in the order that comes next."""
    begun = [_Stepped(sql, work, stops) for work in works]
    for each in begun:
        each.start()
    locked: set[int] = set()
    while going := [at for at, each in enumerate(begun) if not each.ended]:
        free = [at for at in going if at not in locked]
        assert free, f"each waits for another: {orders.taken}"
        chosen = orders.choose(free)
        begun[chosen].step()
        if not begun[chosen].arrived(monitor, [begun[at].backend for at in going if at != chosen]):
            locked.add(chosen)
        elif begun[chosen].ended:
            # What it held is free: who waited for it comes to its next statement.
            for at in [*locked]:
                begun[at].arrived(monitor)
            locked.clear()
    for each in begun:
        if each.failure is not None:
            raise each.failure
