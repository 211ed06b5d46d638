"""Where a pool connects to and within which limits."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway import trust

_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%]+)*")


@dataclass(frozen=True, slots=True)
class Target:
    """One internal service. Times in seconds, sizes in bytes.

    `connect_timeout` bounds both the wait for a free connection and the opening of one, `total_timeout` the whole call.
    `idle_timeout` is how long an unused connection is kept: less than the keep-alive of the servers commonly found behind it
    (Node and uvicorn: 5 s), so that we close first. `ca_file` (PEM) replaces the system's trust store for an https `base_url`.
    `dial` opens connections in the place of the pool, TLS included: it connects the protocol that it is given a maker of, or
    raises Unreachable.
    """

    base_url: str
    connect_timeout: float
    total_timeout: float
    max_connections: int
    max_response_bytes: int
    ca_file: str | None = None
    idle_timeout: float = 4.0
    dial: Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]] | None = None


class Origin:
    """A target's base URL taken apart: `host`, `port`, `tls` (None for http), `authority` for Host, path `prefix`."""

    __slots__ = ("authority", "host", "port", "prefix", "tls")

    def __init__(self, target: Target) -> None:
        """Raises ValueError when the URL is not http(s)://host[:port][/prefix] or the CA file is not readable PEM."""
        url = urlsplit(target.base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError("base_url must be http://host or https://host")
        if url.username is not None or url.password is not None or url.query or url.fragment:
            raise ValueError("base_url must not carry credentials, a query or a fragment")
        prefix = url.path.rstrip("/")
        if not _AUTHORITY.fullmatch(url.netloc) or not _PREFIX.fullmatch(prefix):
            raise ValueError("base_url must be plain ASCII, percent-encoded")
        secure = url.scheme == "https"
        self.host = url.hostname
        self.port = url.port or (443 if secure else 80)
        self.authority = url.netloc.encode("ascii")
        self.prefix = prefix.encode("ascii")
        self.tls = _trust(target.ca_file) if secure and target.dial is None else None


def _trust(ca_file: str | None) -> ssl.SSLContext:
    try:
        return trust.context(ca_file, trust.HTTP)
    except OSError as error:
        raise ValueError(f"ca_file is not a readable PEM file: {error}") from error
