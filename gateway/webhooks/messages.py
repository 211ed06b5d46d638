"""What is between the courier, which sends, and those who say what: the seam at which a body is made and signed.

The courier knows lanes, clocks and connections, and no record; the renderer knows owners, contracts and records, and no queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event


@dataclass(frozen=True, slots=True)
class Recipient:
    """An endpoint as a courier holds it, opened. `secrets`: those that sign, the newest first, 32 bytes each.

    headers   the owner's own header lines, complete with CRLF
    """

    endpoint: Endpoint
    url: str
    secrets: tuple[bytes, ...]
    headers: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, byte by byte. `omitted` says why the record is not in it whole (events.md §2.9), None when it is."""

    data: bytes
    omitted: str | None = None
    headers: bytes = b""


@dataclass(frozen=True, slots=True)
class Withheld:
    """The owner may not be told of this event (`scope`, `role`, `not_visible`): the delivery ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The endpoint itself has ended: it becomes `status` (`disabled`, `suspended`) for the reason.

    With `cancel` what waits is cancelled; without, it waits for the day that the endpoint is resumed.
    """

    status: str
    reason: str
    cancel: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now, through no fault of the endpoint's: again in `seconds`, without an attempt being counted."""

    seconds: float
    reason: str


Rendered = Body | Withheld | Ended | Wait


class Renderer(Protocol):
    """Judges and renders, anew for every attempt."""

    async def render(self, recipient: Recipient, event: Event, *, waited: float) -> Rendered:
        """The body for an attempt. `waited`: seconds since the delivery was made. Never raises for what a record holds."""


class Signer(Protocol):
    """Signs by Standard Webhooks."""

    def sign(self, secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> bytes:
        """The lines `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`, complete with CRLF."""
