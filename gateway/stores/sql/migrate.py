"""Brings a database to the newest layout, and tells whether it has it."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql.engine import READ_ONLY, open_engine, sqlite_file
from gateway.stores.sql.urls import failed

# Alembic is imported late: workers import this package, but only the supervisor and some commands migrate.
if TYPE_CHECKING:
    from alembic.config import Config

# How long one process waits for another that is migrating.
_PATIENCE_SECONDS: Final = 120.0
# Any number, as long as it is always the same one: the name of the lock.
_LOCK: Final = 0x67617465776179


def migrate(url: str) -> None:
    """Upgrades to the newest layout, wholly or not at all. Of several processes at once one does it, the others wait."""
    from alembic import command

    file = sqlite_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(url, pool_size=1, timeout=_PATIENCE_SECONDS)
    try:
        # On SQLite every transaction that may write begins with the write lock.
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if _newer(connection):
                return
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as fault:
        raise StoreUnavailable(f"the database could not be migrated: {failed(engine.url, fault.orig)}") from fault
    finally:
        engine.dispose()


def is_current(url: str, *, timeout: float = 2.0) -> bool:
    """Whether the database answers within ``timeout`` seconds and has the newest layout."""
    from alembic.runtime.migration import MigrationContext

    file = sqlite_file(url)
    if file is not None and not file.exists():
        return False  # connecting would create it
    engine = open_engine(url, pool_size=1, timeout=timeout)
    try:
        with engine.execution_options(**READ_ONLY).connect() as connection:
            current = set(MigrationContext.configure(connection).get_current_heads())
            return current == _heads() or _newer(connection)
    except DBAPIError:
        return False
    finally:
        engine.dispose()


def _newer(connection: Connection) -> bool:
    """Whether a later release has migrated already. Layouts only grow, so this release works on with it while others roll."""
    from alembic.runtime.migration import MigrationContext

    current = set(MigrationContext.configure(connection).get_current_heads())
    return bool(current) and not current <= _known()


@cache
def _known() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def _heads() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
