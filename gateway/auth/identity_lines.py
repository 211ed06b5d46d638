"""How the services are told on whose behalf the gateway calls."""

from __future__ import annotations

from gateway.upstream import Lines, line


def identity_lines(key: str, tenant_id: str, user_id: str) -> Lines:
    """The lines that say to one service on whose behalf the gateway calls."""
    return Lines(
        line(b"Authorization", b"Bearer " + key.encode())
        + line(b"X-Business-Id", tenant_id.encode())
        + line(b"X-User-Id", user_id.encode())
    )
