"""Brings a database to the newest layout, and tells whether it has it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.stores.errors import StoreUnavailable
from gateway.stores.private_files import keep_from_others
from gateway.stores.sql.deadlines import LATE, too_late, within
from gateway.stores.sql.engine import READ_ONLY, open_engine, sqlite_file
from gateway.stores.sql.urls import failed

# Alembic is imported late, and only by who migrates: it takes a quarter of a second, and most starts find nothing to do. What
# layout a database has is a row, and what layouts there are the names of files.
if TYPE_CHECKING:
    from alembic.config import Config

Answer = TypeVar("Answer")

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
# How long one process waits for another that is migrating.
_PATIENCE_SECONDS: Final = 120.0
# Any number, as long as it is always the same one: the name of the lock.
_LOCK: Final = 0x67617465776179


def migrate(url: str, *, timeout: float = 5.0) -> None:
    """Upgrades to the newest layout, wholly or not at all. Of several processes at once one does it, the others wait.

    Nothing is waited for where the layout is there already. ``timeout`` (seconds) bounds the question whether it is.
    """
    file = sqlite_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Whoever may look into the folder must not read the addresses, hashes and audit in it. SQLite would make it 0644,
        # and an earlier release may have.
        file.touch(0o600)
        for suffix in ("", "-wal", "-shm"):
            keep_from_others(file.with_name(file.name + suffix))
    if not _asked(url, timeout, _current):
        _change(url, _upgrade)


def take_back(url: str, to: str) -> None:
    """Undoes what brought the database to newer layouts than `to`, one of `known()`, wholly or not at all.

    What they alone could hold is lost. Nobody may be using it.
    """

    def back(config: "Config", connection: Connection) -> None:
        from alembic import command

        if (_layout(connection) or "") > to:
            command.downgrade(config, to)

    _change(url, back)


def layout(url: str, *, timeout: float = 5.0) -> str | None:
    """What the database was brought to, by this release or by another; None for an empty one."""
    return _asked(url, timeout, _layout)


def _asked(url: str, timeout: float, question: Callable[[Connection], Answer]) -> Answer:
    engine = open_engine(url, pool_size=1, timeout=timeout)
    try:
        with (
            within(timeout),
            _named(engine, "the database failed"),
            engine.execution_options(**READ_ONLY).connect() as connection,
        ):
            return question(connection)
    finally:
        engine.dispose()


def _upgrade(config: "Config", connection: Connection) -> None:
    from alembic import command

    if not _newer(connection):
        command.upgrade(config, "head")


def _change(url: str, how: Callable[["Config", Connection], None]) -> None:
    engine = open_engine(url, pool_size=1, timeout=_PATIENCE_SECONDS)
    try:
        # On SQLite every transaction that may write begins with the write lock.
        with (
            within(_PATIENCE_SECONDS),
            _named(engine, "the database could not be migrated"),
            engine.begin() as connection,
        ):
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = _config()
            config.attributes["connection"] = connection
            how(config, connection)
    finally:
        engine.dispose()


@contextmanager
def _named(engine: Engine, what: str) -> Iterator[None]:
    """A failure of the driver's becomes a StoreUnavailable that says which database it was, and why."""
    try:
        yield
    except DBAPIError as fault:
        reason = LATE if too_late() else failed(engine.url, fault.orig)
        raise StoreUnavailable(f"{what}: {reason}") from fault


def is_current(url: str, *, timeout: float = 2.0) -> bool:
    """Whether the database answers within ``timeout`` seconds and has the newest layout."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return False  # connecting would create it
    try:
        return _asked(url, timeout, _current)
    except StoreUnavailable:
        return False


def ready(session: Session) -> bool:
    """Whether the layout is the newest and the database takes writes, which this one changes nothing by.

    Any other failure of the write is a ``StoreUnavailable`` of the session's.
    """
    session.execute(text("UPDATE alembic_version SET version_num = version_num"))
    return _current(session.connection())


def _current(connection: Connection) -> bool:
    return _layout(connection) == known()[-1] or _newer(connection)


def _newer(connection: Connection) -> bool:
    """Whether a later release has migrated already. Layouts only grow, so this release works on with it while others roll."""
    return (_layout(connection) or known()[0]) not in known()


def _layout(connection: Connection) -> str | None:
    """The revision that the database was brought to; None for none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


@cache
def known() -> tuple[str, ...]:
    """All revisions, the oldest first."""
    files = _MIGRATIONS.joinpath("versions").glob("[0-9]*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
