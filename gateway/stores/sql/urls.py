"""Database URLs: which one is usable, how a file becomes one, and how a failing one is named."""

import re
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_PORT: Final = "5432"
# psycopg's list of what came of each host.
_OF_EACH: Final = re.compile(
    r"^- host: '(?P<host>[^']*)', port: '(?P<port>[^']*)', hostaddr: [^:]*?(?:'[^']*'|None): (?P<why>.*)$", re.MULTILINE
)
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
    login, at, written = authority.rpartition("@")
    listed = tuple(_host(each) for each in written.split(",")) if "," in written else ()
    try:
        place = make_url(f"postgresql://{login}{at}{'' if listed else written}{slash}{behind}")
    except (ArgumentError, ValueError):
        raise ValueError("cannot be read as a URL; mind that the port is a number") from None
    if listed := listed or _in_query(place):
        # As libpq has them. SQLAlchemy's own form of several hosts has no room for an address of IPv6.
        place = place.update_query_dict(
            {"host": ",".join(h for h, _ in listed), "port": ",".join(p for _, p in listed)}
        )
    if len(hosts(place)) > 1 and "target_session_attrs" not in place.query:
        place = place.update_query_pairs([("target_session_attrs", "read-write")])
    return place


def _in_query(place: URL) -> tuple[tuple[str, str], ...]:
    """Hosts that are named behind the `?` with their ports, as SQLAlchemy has them (`host=h1:1&host=h2:2`) or as libpq does (`host=h1,h2&port=1,2`)."""
    named = place.query.get("host", ())
    if isinstance(named, tuple):
        return tuple(_host(each) for each in named)
    if "," not in named:
        return (_host(named),) if named.count(":") == 1 else ()
    names, ports = named.split(","), ",".join(_texts(place, "port")).split(",")
    if len(ports) not in (1, len(names)):
        raise ValueError("names another number of ports than of hosts")
    return tuple(zip(names, [port or _PORT for port in ports * (len(names) // len(ports))], strict=True))


def _host(written: str) -> tuple[str, str]:
    """`host`, `host:port`, `[address]:port` or the folder of a socket → host and port."""
    bracketed = written.startswith("[")
    plain = written.endswith("]") if bracketed else written.count(":") > 1
    name, colon, port = (written, "", "") if plain else written.rpartition(":")
    if not colon:
        name, port = written, _PORT
    name = unquote(name.removeprefix("[").removesuffix("]") if bracketed else name)
    if not name or not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError("names a host without a name, or a port that is not from 1 to 65535")
    return name, port


def hosts(place: URL) -> tuple[tuple[str, str], ...]:
    """Host and port of each PostgreSQL that may be meant, in the order in which they are tried. A local socket has its folder, or nothing."""
    if place.host:
        return ((place.host, str(place.port or _PORT)),)
    named, ports = (",".join(_texts(place, key)).split(",") for key in ("host", "port"))
    return tuple((name, port or _PORT) for name, port in zip(named, ports, strict=True))


def _texts(place: URL, key: str) -> tuple[str, ...]:
    found = place.query.get(key, ())
    return (found,) if isinstance(found, str) else found


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
    return f"{','.join(at(host, port) for host, port in hosts(place))}/{place.database}"


def at(host: str, port: str) -> str:
    """One of the hosts, for people."""
    if not host or host.startswith("/"):
        return "the local socket"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
    reason = _told(str(fault))
    return f"{where(place)}: {reason.replace(place.username or '', '***') if place.username else reason}"


def _told(text: str) -> str:
    """Why a connection failed, in the driver's words; of several hosts for each, since the one that is away is not the one that only reads."""
    each = [(at(found["host"], found["port"]), found["why"]) for found in _OF_EACH.finditer(text)]
    if not each:
        return _reason(next(iter(text.splitlines()), "no reason given"))
    return "; ".join(f"{place} {_reason(why)}" for place, why in each)


def _reason(line: str) -> str:
    return line.rpartition("failed: ")[2]


def _meaning(state: str) -> str:
    from psycopg import errors

    try:
        return f" {errors.lookup(state).__name__}"
    except KeyError:
        return ""
