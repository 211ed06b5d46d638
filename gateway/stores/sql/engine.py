"""Engines for the two databases with this project's settings: the same behaviour on SQLite and PostgreSQL.

Nothing here asks a PostgreSQL for more than a pooler in transaction mode gives: no option of the session at its start, and no
statement prepared beyond its transaction. Each transaction says itself how long it may take.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, NotSupportedError, OperationalError

from gateway.stores.sql import deadlines, hosts, urls

READ_ONLY: Final[Mapping[str, Any]] = {"gateway_read_only": True}

# A server's own limits end a statement with the reason; they come before the deadline, which ends the connection.
_OF_DEADLINE: Final = 0.8
_POSTGRESQL: Final = "postgresql+psycopg"
_REFUSES_WRITES: Final = "25006"
# No fault of a statement: a privilege or a table is missing, or a pooler has mixed up prepared statements.
_OF_OPERATORS: Final = frozenset({"42501", "42P01", "26000", "42P05"})


def open_engine(url: str, *, pool_size: int, timeout: float) -> Engine:
    """An engine for ``url`` with this project's settings; ``ValueError`` for a database that is neither of the two."""
    place = urls.parsed(url)
    if place.get_backend_name() == "sqlite":
        engine = _sqlite(place, pool_size, timeout)
    elif place.get_backend_name() == "postgresql":
        engine = _postgresql(place, pool_size, timeout)
    else:
        raise ValueError(f"the database must be sqlite:/// or postgresql://, not {place.get_backend_name()}")
    deadlines.keep(engine)
    return engine


def load_driver(url: str) -> None:
    """Load what `open_engine` would, so that processes which are forked afterwards need not."""
    place = urls.parsed(url)
    with_driver = place.set(drivername=_POSTGRESQL) if place.get_backend_name() == "postgresql" else place
    with_driver.get_dialect().import_dbapi()


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; ``None`` for another database."""
    place = urls.parsed(url)
    return Path(place.database or "") if place.get_backend_name() == "sqlite" else None


def unavailable(fault: DBAPIError) -> bool:
    """Whether it is the database that failed, and not what was asked of it."""
    # SQLite says of a damaged file that it is a DatabaseError, and no kind of one.
    if isinstance(fault, OperationalError | InterfaceError | InternalError | NotSupportedError):
        return True
    state = getattr(fault.orig, "sqlstate", None)
    return type(fault) is DatabaseError or fault.connection_invalidated or state in _OF_OPERATORS


def _sqlite(place: URL, pool_size: int, timeout: float) -> Engine:
    if not place.database or place.database == ":memory:":
        raise ValueError("SQLite needs a file: several processes share the data")
    engine = create_engine(
        place,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        # The driver's own transactions begin too late to see a consistent state: BEGIN is sent below.
        connect_args={"isolation_level": None, "timeout": timeout * _OF_DEADLINE},
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
    milliseconds = max(1, int(timeout * _OF_DEADLINE * 1000))
    patience = (
        f"SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds * 4}"
    )
    engine = create_engine(
        place.set(drivername=_POSTGRESQL),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        connect_args={
            "connect_timeout": hosts.patience(len(urls.hosts(place)), timeout),
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": max(1_000, int(timeout * 1000)),
            "prepare_threshold": None,
        },
    )
    hosts.remember(engine)

    @event.listens_for(engine, "connect")
    def _by_hand(connection: Any, _record: object) -> None:
        # BEGIN is sent below, in one round trip with the limits of the transaction.
        connection.autocommit = True

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("gateway_read_only", False)
        connection.exec_driver_sql(f"BEGIN{' READ ONLY' if read_only else ''}; {patience}")

    @event.listens_for(engine, "handle_error")
    def _demoted(context: ExceptionContext) -> None:
        # A former primary goes on answering: new connections may find the new one.
        refused = getattr(context.original_exception, "sqlstate", None) == _REFUSES_WRITES
        options = context.connection.get_execution_options() if context.connection is not None else {}
        if refused and not options.get("gateway_read_only", False):
            context.is_disconnect = True

    return engine
