"""Alembic, called by the program itself: `gateway serve` brings the database up to date before anything uses it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql.engine import create_engine

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x67617465


def migrate(url: str) -> None:
    """Upgrade to the newest schema. Of several processes that start at once, one does the work and the others wait."""
    engine = create_engine(url)
    try:
        with _alone(url), engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(_config(connection), "head")
            connection.commit()
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the database cannot be brought up to date: {_reason(error)}") from error
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Whether the database answers and has the newest schema."""
    engine = create_engine(url, timeout=2.0)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == _newest()
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _newest() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head()


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """SQLite has no lock that outlasts a transaction, so a file beside the database is one."""
    if not url.startswith("sqlite:///"):
        yield
        return
    path = Path(url.removeprefix("sqlite:///") + ".migrating")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _reason(error: SQLAlchemyError) -> str:
    """The driver's first line; it may name the host and the database, never the password."""
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0] if lines else type(error).__name__
