"""The record that an event is about, read as the endpoint's own user sees it at this moment: one internal `get`.

So a webhook shows nothing that GET would refuse. What was read is shared for two seconds by all endpoints of the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.core import faults
from adapters.core.calls import Input
from adapters.core.compile.events import EventType
from adapters.core.operation import Operation
from gateway.observe import webhook_metrics
from gateway.problems import RateLimited
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.upstream import UpstreamError
from gateway.webhooks.judging import Allowed
from gateway.webhooks.messages import Wait, Withheld
from gateway.webhooks.reading import Reader

AFFORDED: Final = 60.0  # seconds that a delivery waits for budget
SOONEST: Final = 5.0  # seconds, until a service that failed is asked again; doubled
LATEST: Final = 300.0
LONGEST: Final = 900.0  # seconds that a delivery waits for a service


@dataclass(frozen=True, slots=True)
class Read:
    """The public record as JSON, and when it was read."""

    data: msgspec.Raw
    at: datetime


@dataclass(frozen=True, slots=True)
class Omitted:
    """The delivery goes without the record (events.md §2.9)."""

    reason: str


Found = Read | Omitted | Withheld | Wait


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope).decode


class Hydrator:
    """Reads records.

    operations: as compiled for the deployment; listed: names of those that are served via a list, which costs too much for
    an event.
    """

    def __init__(self, operations: Iterable[Operation], listed: frozenset[str], reader: Reader) -> None:
        self._operations = {each.name: each for each in operations if each.enabled and each.name not in listed}
        self._reader = reader

    async def read(self, kind: EventType, event: Event, endpoint: Endpoint, allowed: Allowed, waited: float) -> Found:
        """The record in the endpoint's contract. waited: seconds since the delivery was made."""
        found = await self._read(kind, event, endpoint, allowed, waited)
        webhook_metrics.hydration("read" if isinstance(found, Read) else found.reason)
        return found

    async def _read(self, kind: EventType, event: Event, endpoint: Endpoint, allowed: Allowed, waited: float) -> Found:
        operation = self._operations.get(kind.reads or "")
        face = operation.faces.get(endpoint.contract) if operation is not None else None
        internal_id = kind.id.decode(event.object_id)
        if face is None or internal_id is None:
            return Omitted("not_offered")
        at = datetime.now(UTC)
        # Members that a family of their own guards are in no event, whatever the scopes.
        plan = face.seen(frozenset()).plan(Input(ids=(internal_id,)))
        try:
            return Read(_envelope(await self._reader.driven(plan, endpoint, allowed, event.id)).data, at)
        except (faults.RecordNotFound, faults.RoleForbids):
            # One that is hidden, another tenant's and one that was deleted since are alike, as they are to GET.
            return Withheld("not_visible")
        except faults.ServiceThrottled as error:
            return _unaffordable(error.retry_after, waited)
        except RateLimited as error:
            return _unaffordable(float(error.members["retry_after"]), waited)
        except (faults.Fault, UpstreamError):
            return (
                Omitted("unavailable") if waited >= LONGEST else Wait(min(LATEST, max(SOONEST, waited)), "unavailable")
            )


def _unaffordable(retry_after: float, waited: float) -> Omitted | Wait:
    return Omitted("budget") if waited >= AFFORDED else Wait(min(max(1.0, retry_after), AFFORDED), "budget")
