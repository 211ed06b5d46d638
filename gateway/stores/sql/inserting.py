"""INSERT … ON CONFLICT, which both databases have and each dialect of SQLAlchemy calls its own."""

from typing import Any

from sqlalchemy.orm import Session


def insert_of(session: Session) -> Any:
    """The `insert` of the session's database: with `on_conflict_do_update` and `on_conflict_do_nothing`."""
    # Imported where they are needed: the other database's dialect takes a fiftieth of a worker's memory, and of its start.
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as of_sqlite

        return of_sqlite
    from sqlalchemy.dialects.postgresql import insert

    return insert
