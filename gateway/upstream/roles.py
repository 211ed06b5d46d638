"""What a connection expects of those around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.upstream.connection import Connection
    from gateway.upstream.errors import UpstreamError


class Owner(Protocol):
    """Is told about a connection's fate: `released` at most once per exchange, `lost` exactly once per connection made."""

    def released(self, connection: Connection) -> None:
        """The answer is complete and the connection may carry another exchange."""

    def lost(self, connection: Connection) -> None:
        """The connection is gone for good."""


class Source(Protocol):
    """Where connections come from."""

    async def acquire(self, deadline: float) -> Connection:
        """A connection to start an exchange on."""

    async def replacement(self, deadline: float) -> Connection:
        """A new connection after a reused one died."""


class Sink(Protocol):
    """Takes an answer's body as it arrives, instead of having it collected."""

    def feed(self, data: bytes) -> None:
        """The next bytes."""

    def finish(self, error: UpstreamError | None) -> None:
        """No more bytes: the answer is complete (None), or it failed."""
