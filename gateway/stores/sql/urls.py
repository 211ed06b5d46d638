"""Database URLs: which one is usable, how a file becomes one, and how a failing one is named."""

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

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


def parsed(url: str) -> URL:
    """The URL with its parts. Of PostgreSQL every spelling that libpq or SQLAlchemy takes, several hosts included.

    Several hosts are tried in order, and the one is taken that accepts writes, unless `target_session_attrs` says
    otherwise. ValueError for what cannot be read.
    """
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"} and separator:
        return _postgresql(rest)
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("cannot be read as a URL; mind that the port is a number") from None


def _postgresql(rest: str) -> URL:
    authority, slash, behind = rest.partition("/")
    login, at, hosts = authority.rpartition("@")
    listed: tuple[str, ...] = ()
    if "," in hosts:
        listed = tuple(_host(each) for each in hosts.split(","))
        hosts = ""
    try:
        place = make_url(f"postgresql://{login}{at}{hosts}{slash}{behind}")
    except (ArgumentError, ValueError):
        raise ValueError("cannot be read as a URL; mind that the port is a number") from None
    if listed:
        place = place.update_query_pairs([("host", each) for each in listed])
    several = len(_hosts(place)) > 1
    if several and "target_session_attrs" not in place.query:
        place = place.update_query_pairs([("target_session_attrs", "read-write")])
    return place


def _host(written: str) -> str:
    """`host` or `host:port`, as SQLAlchemy wants each of several."""
    name, colon, port = written.rpartition(":") if not written.endswith("]") else (written, "", "")
    if not colon:
        name, port = written, "5432"
    if not name or not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError("names a host without a name, or a port that is not from 1 to 65535")
    return f"{quote(name, safe='[]:.-_')}:{port}"


def _hosts(place: URL) -> tuple[str, ...]:
    if place.host:
        return (f"{place.host}:{place.port or 5432}",)
    hosts = place.query.get("host", ())
    return tuple(hosts.split(",")) if isinstance(hosts, str) else hosts


def check(url: str) -> None:
    """Raises ``ValueError`` for a URL that no database can be reached by; it never quotes the URL, which may hold a password."""
    place = parsed(url)
    if place.get_backend_name() == "sqlite":
        if not place.database or place.database == ":memory:":
            raise ValueError("names no file: several processes share the data")
    elif place.port is not None and not 0 < place.port < 65_536:
        raise ValueError("names a port that is not from 1 to 65535")


def where(place: URL) -> str:
    """Which database it is, for people. Never names user or password."""
    if place.get_backend_name() == "sqlite":
        return place.database or ""
    hosts = _hosts(place)
    named = ",".join("the local socket" if host.startswith("/") else host for host in hosts) or "the local socket"
    return f"{named}/{place.database}"


def failed(place: URL, fault: BaseException | None) -> str:
    """Which database it was, why, and where there is something to be done about it, what. Never names user or password."""
    if isinstance(fault, sqlite3.Error):
        # The name of an extended code begins with that of the plain one.
        code = getattr(fault, "sqlite_errorname", "")
        hint = next((f": {hint}" for name, hint in _HINTS.items() if code.startswith(name)), "")
        return f"{place.database}: {fault}{hint}"
    if state := getattr(fault, "sqlstate", None):
        # The text of a statement's failure may quote what was stored.
        return f"{where(place)}: SQLSTATE {state}{_meaning(state)}"
    reason = next(iter(str(fault).splitlines()), "no reason given").rpartition("failed: ")[2]
    return f"{where(place)}: {reason.replace(place.username or '', '***') if place.username else reason}"


def _meaning(state: str) -> str:
    from psycopg import errors

    try:
        return f" {errors.lookup(state).__name__}"
    except KeyError:
        return ""
