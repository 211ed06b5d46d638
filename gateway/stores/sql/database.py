"""The database of a process: sessions in worker threads, each call with a deadline that holds whatever the server does."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from gateway.observe.outage import Outage
from gateway.stores.errors import NoSuchRow, StoreUnavailable
from gateway.stores.sql import urls
from gateway.stores.sql.deadlines import LATE, Call, too_late
from gateway.stores.sql.engine import READ_ONLY, open_engine, unavailable

P = ParamSpec("P")
T = TypeVar("T")

_NONE_FREE: Final = "no database connection was free in time"


class Sql:
    """``url``: ``sqlite:///path`` or ``postgresql://…``. ``timeout`` (seconds): after it every call has ended.

    It bounds the wait for a connection, a lock, a statement, and all of them together; a call that the database leaves
    hanging is ended by cutting its connection.
    """

    def __init__(self, url: str, *, pool_size: int = 5, timeout: float = 5.0) -> None:
        self._engine = open_engine(url, pool_size=pool_size, timeout=timeout)
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="sql")
        self._free = asyncio.Semaphore(pool_size)
        self._timeout = timeout
        self._running: dict[Future[Any], tuple[Call, float]] = {}
        self._outage = Outage("store", "sql", urls.where(self._engine.url))

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A session in one transaction, committed at the end and rolled back by any exception.

        A writing one takes SQLite's write lock at its start, so that what it has read is still so when it writes.
        Raises ``StoreUnavailable`` when the database is away, too busy, or takes no writes.
        """
        engine = self._engine.execution_options(**READ_ONLY) if read_only else self._engine
        try:
            with closing(_begun(engine)) as session:
                transaction = session.get_transaction()
                assert transaction is not None, "it has begun"
                with transaction:
                    yield session
        except PoolTimeout as fault:
            raise StoreUnavailable(_NONE_FREE) from fault
        except DataError:
            # PostgreSQL refuses the value itself. A reader has asked for what cannot be there; a writer is our fault.
            if read_only:
                raise NoSuchRow from None
            raise
        except DBAPIError as fault:
            if too_late():
                raise StoreUnavailable(LATE) from fault
            if unavailable(fault):
                raise StoreUnavailable(f"the database failed: {urls.failed(self._engine.url, fault.orig)}") from fault
            raise

    async def run(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``fn(session, …)`` in a worker thread, in a transaction that may write."""
        return await self._observed(False, fn, args, kwargs)

    async def read(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As ``run``, for what only reads: takes no write lock."""
        return await self._observed(True, fn, args, kwargs)

    async def _observed(self, read_only: bool, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        try:
            result = await self._in_thread(read_only, fn, args, kwargs)
        except StoreUnavailable as fault:
            # Late: commands have no metrics, and the library of those takes as long to load as all of theirs.
            from gateway.observe import metrics

            metrics.store_lost("sql")
            self._outage.failed(str(fault), writing=not read_only)
            raise
        self._outage.worked(writing=not read_only)
        return result

    async def _in_thread(self, read_only: bool, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        call = Call()

        def work() -> T:
            with call.here(), self.session(read_only=read_only) as session:
                return fn(session, *args, **kwargs)

        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        try:
            # Here and not in front of the threads, whose queue has no end and no time.
            async with asyncio.timeout_at(deadline):
                await self._free.acquire()
        except TimeoutError:
            raise StoreUnavailable(_NONE_FREE) from None
        started = self._threads.submit(work)
        self._running[started] = call, time.monotonic() + deadline - loop.time()
        working = asyncio.wrap_future(started)
        # Whoever is cancelled does not stop the thread: it is free, and with it the connection, when its work is done.
        cutting = loop.call_at(deadline, call.cut)
        working.add_done_callback(lambda done: self._ended(started, done, cutting))
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.shield(working)
        except TimeoutError:
            if working.done():
                return working.result()
            raise StoreUnavailable(LATE) from None

    def _ended(self, started: Future[Any], done: asyncio.Future[Any], cutting: asyncio.TimerHandle) -> None:
        cutting.cancel()
        del self._running[started]
        self._free.release()
        if not done.cancelled():
            # Read here too, for the case that nobody waits for it any more.
            done.exception()

    def close(self) -> None:
        """Waits for what is running, until its deadline at the latest, and hangs up."""
        for started, (call, deadline) in [*self._running.items()]:
            if wait([started], max(0.0, deadline - time.monotonic())).not_done:
                call.cut()
        # Not for one that is just connecting, which nothing but the driver's own time-out ends.
        self._threads.shutdown(wait=False)
        self._engine.dispose()
        # An engine refers to itself, and would keep every statement that it has compiled.
        self._engine.clear_compiled_cache()


def _begun(engine: Engine) -> Session:
    """A session that has begun. A connection that went stale while it lay in the pool is replaced: nothing was asked on it."""
    for attempt in (1, 2):
        session = Session(engine, expire_on_commit=False)
        try:
            session.connection()
        except BaseException as fault:
            session.close()
            stale = isinstance(fault, DBAPIError) and fault.connection_invalidated
            if attempt == 2 or not stale or too_late():
                raise
        else:
            return session
    raise AssertionError("the second attempt returns or raises")
