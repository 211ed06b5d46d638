"""What a request's target names: a path of ours in one spelling (RFC 9112 § 3.2, RFC 3986 § 6.2.2)."""

from __future__ import annotations

import re
from typing import Final

SERVER_WIDE: Final = b"*"
"""The target of OPTIONS that asks about the server as a whole (RFC 9112 § 3.2.4)."""

_ABSOLUTE: Final = re.compile(rb"(?i:https?)://([^/?@]+)((?:[/?].*)?)", re.DOTALL)
_ENCODED: Final = re.compile(r"%([2-7][0-9A-Fa-f])")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

AGENTS: Final = "/mcp"
AGENTS_READING: Final = "/mcp/readonly"


def of_the_api(path: str) -> bool:
    """Whether a path is answered without ASGI: what is under `/v1`, and the doors of agents to the same operations."""
    return path.startswith("/v1/") or path in ("/v1", AGENTS, AGENTS_READING)


def relative(method: str, target: bytes, host: bytes | None) -> bytes | None:
    """The path and query that a target in another form than a path stands for; None when it is none of this server.

    Whoever takes the gateway for a proxy writes the whole URL, which must be understood (RFC 9112 § 3.2.2). One that names
    another host than the header `Host` could be routed by either, so it is refused.
    """
    if target == SERVER_WIDE:
        return target if method == "OPTIONS" else None
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        return None
    authority, rest = found.groups()
    if host is not None and _name(authority) != _name(host):
        return None
    if rest.startswith(b"/"):
        return rest
    return SERVER_WIDE if method == "OPTIONS" and not rest else b"/" + rest


def authority(target: bytes) -> bytes | None:
    """Host and port in a target that is a whole URL; None for any other."""
    found = _ABSOLUTE.fullmatch(target)
    return None if found is None else found[1]


def plain_path(path: str) -> str:
    """The path with those characters decoded that need no encoding, which is the same path (RFC 3986 § 2.3)."""
    return _ENCODED.sub(_decoded, path) if "%" in path else path


def _decoded(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0]


def _name(host: bytes) -> bytes:
    """The host without its port, in lower case."""
    name, colon, port = host.rpartition(b":")
    return (name if colon and (not port or port.isdigit()) else host).lower().removesuffix(b".")
