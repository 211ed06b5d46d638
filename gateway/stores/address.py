"""Where the key-value store is, read from its URL."""

import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from gateway import trust

_DEFAULT_PORT: Final = 6379
_SCHEMES: Final = {"redis": "redis", "rediss": "rediss", "unix": "unix", "valkey": "redis", "valkeys": "rediss"}

WRITES: Final = ("SET", "gw:{check}:writes", "1", "PX", "10000")
"""The command that proves that a store takes writes: all that the gateway asks of one are."""


@dataclass(frozen=True, slots=True)
class Address:
    """One Valkey or Redis: a unix socket's ``path``, or ``host`` and ``port``; ``database`` is its number."""

    path: str | None
    host: str
    port: int
    tls: bool
    ca_file: str | None
    database: int
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)
    member: bool = False
    """Whether it is one of a cluster, which takes only writes of its own part."""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """``redis://[user[:password]@]host[:port][/db]``, ``rediss://…[?ca_file=PEM]``, ``unix://[user:password@]/path[?db=n]``.

        ``valkey://`` is ``redis://``, ``valkeys://`` is ``rediss://``.
        User and password are percent-decoded. Anything else raises ``ValueError``, which quotes nothing of the URL.
        """
        _single(url)
        # A password with a raw / or ? in it ends up in any part behind the host, so no part may be quoted, not by the
        # library either.
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("the store's URL cannot be read; mind that the port is from 1 to 65535") from None
        scheme = _SCHEMES.get(parts.scheme)
        if scheme is None:
            raise ValueError("the store's URL must start with redis://, rediss://, valkey://, valkeys:// or unix://")
        unix = scheme == "unix"
        try:
            options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:
            raise ValueError("the store's URL has options that are not written as name=value") from None
        known = {"db", "ca_file"} if scheme == "rediss" else {"db"}
        if options.keys() - known:
            raise ValueError(f"the store's URL has an option other than {' and '.join(sorted(known))}")
        if unix and not parts.path.startswith("/"):
            raise ValueError("a unix:// URL needs an absolute path: unix:///run/valkey.sock")
        if not unix and not parts.hostname:
            raise ValueError("the store's URL names no host")
        try:
            (parts.hostname or "").encode("idna")
        except UnicodeError:
            raise ValueError("the store's URL names a host that can be none") from None
        database = options.get("db", "0") if unix else parts.path.strip("/") or options.get("db", "0")
        if not (database.isascii() and database.isdigit()):
            raise ValueError("the store's database must be a number")
        return cls(
            path=unquote(parts.path) if unix else None,
            host=parts.hostname or "",
            port=port or _DEFAULT_PORT,
            tls=scheme == "rediss",
            ca_file=options.get("ca_file"),
            database=int(database),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    @property
    def where(self) -> str:
        """For people, without user and password."""
        return self.path or f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """The TLS context: the system's authorities, or ``ca_file`` alone; ``None`` without TLS."""
        return trust.context(self.ca_file) if self.tls else None

    def greeting(self) -> tuple[tuple[str, ...], ...]:
        """The commands that a fresh connection needs before it may be used; the last one proves that the store serves."""
        login: tuple[tuple[str, ...], ...] = ()
        if self.password is not None:
            login = (("AUTH", self.username, self.password) if self.username else ("AUTH", self.password),)
        choose = (("SELECT", str(self.database)),) if self.database else ()
        return (*login, *choose, self.proof)

    @property
    def proof(self) -> tuple[str, ...]:
        """The command that proves that it serves."""
        return ("PING",) if self.member else WRITES


def _single(url: str) -> None:
    """ValueError for a URL of several nodes, which says so instead of taking the second host for a port."""
    rest = url.partition("://")[2]
    if "," in rest.partition("/")[0].rpartition("@")[2]:
        raise ValueError(
            "the store's URL names several hosts: say how they belong together with redis+sentinel:// or redis+cluster://"
        )
