"""What the parts of a connection need of each other, so that none has to know the other's module."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gateway.downstream.flow import Flow


class Owner(Protocol):
    """What a request and its answer need of their connection. `client`: address and port of the other end, if it has any."""

    transport: asyncio.Transport
    flow: Flow
    client: tuple[str, int] | None

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of every answer; another list once they change."""

    def answered(self) -> None:
        """The answer under way is written whole."""

    def refuse_body(self) -> None:
        """The request whose turn it is needs its body, which is `malformed`: say so, instead of what it would be answered."""


class Sink(Protocol):
    """Who is told what was read of a connection."""

    def wanted(self) -> bool:
        """Whether a request that begins now would be answered."""

    def taken(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], version: str, *, keep: bool, expects: bool
    ) -> None:
        """A request's head is complete and allowed. Its body may follow.

        target: a path with or without a query, or `*`; headers: names in lower case; keep: whether the connection may be
        used again; expects: whether the client waits to be asked for the body (`Expect: 100-continue`).
        """

    def received(self, body: bytes) -> None:
        """The next piece of the body."""

    def ended(self) -> None:
        """The request has been read to its end."""

    def refuse(self, detail: str, path: str, *, bodiless: bool) -> None:
        """What comes is no request that is served here, and nothing more will be read.

        `path` is empty when none was read; bodiless: whether it is a HEAD, whose answer has no body.
        """
