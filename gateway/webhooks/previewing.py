"""What a delivery would be sent as at this moment: judged and rendered as a courier does it, shown to its owner, and not sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters import ids
from gateway.keys.keyring import Keyring
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.upstream import line
from gateway.webhooks import header_lines, recipients
from gateway.webhooks.messages import Body, Ended, Recipient, Renderer, Wait, Withheld

_MASKED: Final = "********"


@dataclass(frozen=True, slots=True)
class Preview:
    """`headers` in their order, with signatures and the values of the owner's own masked; `body` and `omitted`: as of `Body`."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    omitted: str | None


class Previews:
    """agent: as couriers have it. Each preview spends the tenant's budget for events as an attempt does."""

    def __init__(self, keyring: Keyring, renderer: Renderer, agent: str) -> None:
        self._keyring = keyring
        self._renderer = renderer
        self._common = header_lines.common(agent)

    async def of(
        self, endpoint: Endpoint, event: Event, delivery: Delivery, secrets: int, now: datetime
    ) -> Preview | Withheld | Ended | Wait:
        """The next attempt of a delivery that waits, else the first of the one that sends it once more. For its owner alone:
        the record is the one that they may see now. secrets: how many sign.
        """
        waits = delivery.status == "pending"
        waited = (now - delivery.created_at).total_seconds() if waits else 0.0
        recipient = Recipient(endpoint, "", (), b"")
        match await self._renderer.render(recipient, event, waited=waited):
            case Body() as body:
                signed = (
                    f"webhook-id: {ids.EVENT.encode(event.id)}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
                    f"webhook-signature: {' '.join([f'v1,{_MASKED}'] * secrets)}\r\n"
                )
                own = recipients.open_headers(self._keyring, endpoint)
                lines = header_lines.of_attempt(
                    self._common,
                    signed.encode("ascii"),
                    delivery.attempts + 1 if waits else 1,
                    body.headers,
                    b"".join(line(name.encode(), _MASKED.encode()) for name in own),
                    replay=delivery.replayed,
                )
                return Preview(_pairs(lines), body.data, body.omitted)
            case other:
                return other


def _pairs(lines: bytes) -> tuple[tuple[str, str], ...]:
    split = (each.partition(": ") for each in lines.decode("latin-1").split("\r\n")[:-1])
    return tuple((name, value) for name, _, value in split)
