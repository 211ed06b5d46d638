"""What was delivered, attempt by attempt, and what happened at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from adapters.core.faults import RecordNotFound
from gateway.console import webhook_office, webhook_words
from gateway.console.signed_in import NotHere, Visit, redirect
from gateway.console.webhook_office import PATH, WRITE, Office
from gateway.stores.sql import Session, webhook_deliveries, webhook_events, webhook_registrations
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_queue import Attempt
from gateway.stores.sql.webhook_registrations import Gap, Registration
from gateway.webhooks import presenting
from gateway.webhooks.previewing import Preview
from gateway.webhooks.resending import KEPT

EVENTS: Final = f"{PATH}/events"
PAGE: Final = 50

_DONE: Final = {
    "test": "A test was sent. What came of it is below.",
    "again": "The event is on its way once more: this is its new delivery.",
}


@dataclass(frozen=True, slots=True)
class WebhookLog:
    """The pages."""

    office: Office

    def routes(self) -> list[Route]:
        """Look at a delivery, send it once more, look at what happened."""
        route, one = self.office.console.route, f"{PATH}/{{webhook_id}}/deliveries/{{delivery_id}}"
        return [route(EVENTS, self.events), route(one, self.show), route(f"{one}/redeliver", self.redeliver, "POST")]

    async def show(self, visit: Visit) -> Response:
        """One delivery with its attempts; what was answered, and what would be sent, is shown to the owner alone.

        What would be sent is asked for by a link of its own: it costs as much of the tenant's budget as an attempt.
        """
        who = self.office.who(visit)
        endpoint = await self.office.found(visit, who)
        delivery = await self._found(visit, endpoint)
        event, attempts, secrets = await self.office.parts.sql.read(_tried, delivery, visit.now)
        own = who.owns(endpoint)
        preview: Preview | None = None
        not_sent = ""
        if own and event is not None and visit.asked("preview"):
            found = await self.office.previews.of(endpoint, event, delivery, secrets, visit.now)
            if isinstance(found, Preview):
                preview = found
            else:
                not_sent = webhook_words.not_sent(found)
        return await visit.page(
            "delivery.html",
            endpoint=endpoint,
            path=f"{PATH}/{ids.WEBHOOK_SUBSCRIPTION.encode(endpoint.id)}",
            id=ids.DELIVERY.encode(delivery.id),
            delivery=delivery,
            event=event,
            attempts=attempts,
            own=own,
            url=presenting.address(self.office.parts.keyring, endpoint, own=own),
            preview=preview,
            body=msgspec.json.format(preview.body).decode() if preview is not None else "",
            not_sent=not_sent,
            told=webhook_words,
            writes=WRITE in visit.may,
            done=_DONE.get(visit.asked("done"), ""),
        )

    async def redeliver(self, visit: Visit) -> Response:
        """The same event once more, whatever became of it."""
        endpoint = await self.office.found(visit, self.office.who(visit, needs=WRITE))
        delivery = await self._found(visit, endpoint)
        try:
            made = await self.office.resending.redeliver(endpoint, delivery.id)
        except RecordNotFound:
            raise NotHere from None
        path = f"{PATH}/{ids.WEBHOOK_SUBSCRIPTION.encode(endpoint.id)}/deliveries/{ids.DELIVERY.encode(made.id)}"
        return redirect(path, {"done": "again"})

    async def events(self, visit: Visit) -> Response:
        """The log, newest first, of the types that this person may read; for administrators also how events come here."""
        self.office.who(visit)
        before = visit.asked("before")
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
        named = self.office.parts.types.named
        types = [name for name, kind in named.items() if kind.scope in visit.may]
        tenant_id, sql = visit.user.tenant_id, self.office.parts.sql
        found = await sql.read(
            webhook_events.searched, tenant_id, types, None, beyond=number, limit=PAGE + 1, newest_first=True
        )
        registrations, gaps = await sql.read(_reach, tenant_id) if visit.administrator else ((), ())
        return await visit.page(
            "webhook_events.html",
            events=found[:PAGE],
            further=found[PAGE - 1].sequence if len(found) > PAGE else None,
            first=number is None,
            registrations=registrations,
            gaps=gaps,
            kept=KEPT.days,
        )

    async def _found(self, visit: Visit, endpoint: Endpoint) -> Delivery:
        delivery_id = ids.DELIVERY.decode(visit.request.path_params["delivery_id"])
        try:
            return await self.office.resending.delivery(endpoint, delivery_id or "")
        except RecordNotFound:
            raise NotHere from None


def _tried(session: Session, delivery: Delivery, now: datetime) -> tuple[Event | None, tuple[Attempt, ...], int]:
    """What was tried, of which event, and how many secrets sign now."""
    event = webhook_events.get(session, delivery.event_id)
    secrets = webhook_office.signing(session, delivery.endpoint_id, now)
    return event, webhook_deliveries.attempts(session, delivery.id), len(secrets)


def _reach(session: Session, tenant_id: str) -> tuple[tuple[Registration, ...], tuple[Gap, ...]]:
    return webhook_registrations.of_tenant(session, tenant_id), webhook_registrations.gaps(session, tenant_id)[:10]
