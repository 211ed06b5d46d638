"""Database URLs: which one is usable, how a file becomes one, and how a failing one is named."""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_HINTS: Final = {
    "SQLITE_BUSY": "another process keeps it locked",
    "SQLITE_READONLY": "give this user the file and its folder",
    "SQLITE_CANTOPEN": "give this user the file and its folder, and room on the volume",
    "SQLITE_FULL": "make room on the volume",
    "SQLITE_NOTADB": "restore it from the backup",
    "SQLITE_CORRUPT": "restore it from the backup",
}


def of_file(path: Path) -> str:
    """The URL of a SQLite file, whatever characters are in its path."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def check(url: str) -> None:
    """Raises ``ValueError`` for a URL that no database can be reached by; it never quotes the URL, which may hold a password."""
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("cannot be read as a URL; mind that the port is a number") from None
    if place.get_backend_name() == "sqlite":
        if not place.database or place.database == ":memory:":
            raise ValueError("names no file: several processes share the data")
    elif place.port is not None and not 0 < place.port < 65_536:
        raise ValueError("names a port that is not from 1 to 65535")


def failed(place: URL, fault: BaseException | None) -> str:
    """Which database it was, why, and where there is something to be done about it, what. Never names user or password."""
    if isinstance(fault, sqlite3.Error):
        # The name of an extended code begins with that of the plain one.
        code = getattr(fault, "sqlite_errorname", "")
        hint = next((f": {hint}" for name, hint in _HINTS.items() if code.startswith(name)), "")
        return f"{place.database}: {fault}{hint}"
    where = f"{place.host or 'the local socket'}:{place.port or 5432}/{place.database}"
    if state := getattr(fault, "sqlstate", None):
        # The text of a statement's failure may quote what was stored.
        return f"{where}: SQLSTATE {state}"
    reason = next(iter(str(fault).splitlines()), "no reason given").rpartition("failed: ")[2]
    return f"{where}: {reason.replace(place.username or '', '***') if place.username else reason}"
