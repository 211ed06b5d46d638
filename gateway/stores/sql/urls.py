"""Database URLs: which one is usable, and how a file becomes one."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


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
