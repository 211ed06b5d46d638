"""The database: one engine a process, sessions in worker threads, the same behaviour on SQLite and PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import urls

P = ParamSpec("P")
T = TypeVar("T")

_NONE_FREE: Final = "no database connection was free in time"

READ_ONLY: Final[dict[str, Any]] = {"gateway_read_only": True, "postgresql_readonly": True}


class Sql:
    """``url``: ``sqlite:///path`` or ``postgresql://…``. ``timeout`` (seconds) bounds waiting for a connection, a lock and a statement."""

    def __init__(self, url: str, *, pool_size: int = 5, timeout: float = 5.0) -> None:
        self._engine = open_engine(url, pool_size=pool_size, timeout=timeout)
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="sql")
        self._free = asyncio.Semaphore(pool_size)
        self._timeout = timeout

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A session in one transaction, committed at the end and rolled back by any exception.

        A writing one takes SQLite's write lock at its start, so that what it has read is still so when it writes.
        Raises ``StoreUnavailable`` when the database is away or too busy.
        """
        engine = self._engine.execution_options(**READ_ONLY) if read_only else self._engine
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except PoolTimeout as fault:
            raise StoreUnavailable(_NONE_FREE) from fault
        except DBAPIError as fault:
            # SQLite says of a damaged file that it is a DatabaseError, and no kind of one.
            if isinstance(fault, OperationalError | InterfaceError) or type(fault) is DatabaseError:
                raise StoreUnavailable(f"the database failed: {urls.failed(self._engine.url, fault.orig)}") from fault
            if fault.connection_invalidated:
                raise StoreUnavailable("the database connection was lost") from fault
            raise

    async def run(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``fn(session, …)`` in a worker thread, in a transaction that may write."""
        return await self._in_thread(False, fn, args, kwargs)

    async def read(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As ``run``, for what only reads: takes no write lock."""
        return await self._in_thread(True, fn, args, kwargs)

    async def _in_thread(self, read_only: bool, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        def work() -> T:
            with self.session(read_only=read_only) as session:
                return fn(session, *args, **kwargs)

        if self._free.locked():
            # Here and not in front of the threads, whose queue has no end and no time.
            try:
                async with asyncio.timeout(self._timeout):
                    await self._free.acquire()
            except TimeoutError:
                raise StoreUnavailable(_NONE_FREE) from None
        else:
            await self._free.acquire()
        working = asyncio.get_running_loop().run_in_executor(self._threads, work)
        working.add_done_callback(lambda _: self._free.release())
        # Whoever is cancelled does not stop the thread: it is free, and with it the connection, when its work is done.
        return await asyncio.shield(working)

    def close(self) -> None:
        """Waits for what is running and hangs up."""
        self._threads.shutdown()
        self._engine.dispose()


def open_engine(url: str, *, pool_size: int, timeout: float) -> Engine:
    """An engine for ``url`` with this project's settings; ``ValueError`` for a database that is neither of the two."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        return _sqlite(place, pool_size, timeout)
    if place.get_backend_name() == "postgresql":
        return _postgresql(place, pool_size, timeout)
    raise ValueError(f"the database must be sqlite:/// or postgresql://, not {place.get_backend_name()}")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; ``None`` for another database."""
    place = make_url(url)
    return Path(place.database or "") if place.get_backend_name() == "sqlite" else None


def _sqlite(place: URL, pool_size: int, timeout: float) -> Engine:
    if not place.database or place.database == ":memory:":
        raise ValueError("SQLite needs a file: several processes share the data")
    engine = create_engine(
        place,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        # The driver's own transactions begin too late to see a consistent state: BEGIN is sent below.
        connect_args={"isolation_level": None, "timeout": timeout},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # FULL: a revocation that was confirmed must not be undone by a power cut.
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("gateway_read_only", False)
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _postgresql(place: URL, pool_size: int, timeout: float) -> Engine:
    milliseconds = int(timeout * 1000)
    return create_engine(
        place.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, round(timeout)),
            "options": f"-c timezone=UTC -c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            f" -c idle_in_transaction_session_timeout={milliseconds * 4}",
        },
    )
