"""Redirect URIs: which may be registered (RFC 8252, OAuth 2.1), which are the registered one, and how they are added to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

MOST: Final = 2000
_LONGEST_HOST: Final = 253

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_PRIVATE: Final = re.compile(r"[a-z][a-z0-9+\-]*(\.[a-z0-9+\-]+)+")
_LOOPBACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?([/?].*)?")
# What stands between scheme and path goes into a Content-Security-Policy as it is, where other characters mean something.
_HOST: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_AUTHORITY: Final = re.compile(r"(?:\[[^\]]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")


def fault(uri: str) -> str | None:
    """Why this URI may not be registered, or None."""
    if not _CHARACTERS.fullmatch(uri) or len(uri) > MOST:
        return "must be a URI of ordinary characters, without fragment"
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return "is not a URI"
    if parts.username is not None or parts.password is not None:
        return "must not carry credentials"
    if parts.scheme in {"http", "https"}:
        if not host or not _is_authority(parts.netloc, host):
            return (
                "needs a host: a name of letters, digits, hyphens and dots, or an IP address, and a port of 1 to 65535"
            )
        if parts.scheme == "http" and host not in {"127.0.0.1", "::1", "localhost"}:
            return "must use https, unless it is on loopback"
        return None
    if not _PRIVATE.fullmatch(parts.scheme):
        return "needs https, loopback http, or a private scheme that is a reversed domain such as com.example.app"
    return None


def matches(registered: Iterable[str], uri: str) -> bool:
    """Whether `uri` is a registered one: the very same string; on a loopback IP the port may differ (RFC 8252 § 7.3)."""
    wanted = _without_port(uri)
    return any(uri == each or (wanted is not None and wanted == _without_port(each)) for each in registered)


def is_loopback(uri: str) -> bool:
    """Whether it leads to a program on the person's own machine."""
    return urlsplit(uri).hostname in {"127.0.0.1", "::1", "localhost"}


def added(uri: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The URI with parameters added to its query, whatever it holds already kept byte for byte."""
    query = urlencode(list(parameters), quote_via=quote, errors="surrogateescape")
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def policy_source(uri: str) -> str:
    """What a Content-Security-Policy calls the target of a redirect there."""
    parts = urlsplit(uri)
    # A source expression has no way to write an IPv6 address; the scheme alone is the nearest that does the job.
    if parts.scheme not in {"http", "https"} or "[" in parts.netloc:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def _is_authority(text: str, host: str) -> bool:
    found = _AUTHORITY.fullmatch(text)
    if found is None or not _is_port(found[1]):
        return False
    if ":" not in host:
        return len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _is_port(text: str | None) -> bool:
    return text is None or 0 < int(text) < 65_536


def _without_port(uri: str) -> tuple[str, str] | None:
    found = _LOOPBACK.fullmatch(uri)
    return None if found is None or not _is_port(found[2]) else (found[1], found[3] or "")
