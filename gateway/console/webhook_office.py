"""What the pages of webhooks share: who somebody is to subscriptions, which they may look at, and how one stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters import ids
from adapters.core.faults import RecordNotFound
from gateway.console.signed_in import Console, NotHere, Visit
from gateway.stores.sql import (
    Session,
    webhook_deliveries,
    webhook_endpoints,
    webhook_expiring,
    webhook_replays,
    webhook_secrets,
    webhook_templates,
)
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import Endpoint, Health
from gateway.stores.sql.webhook_queue import Attempt
from gateway.webhooks.judging import READ
from gateway.webhooks.previewing import Previews
from gateway.webhooks.resending import Resending
from gateway.webhooks.subscribers import Parts, Subscriber
from gateway.webhooks.subscribing import Subscribing, chosen

PATH: Final = "/console/webhooks"
PAGE: Final = 25
WRITE: Final = "webhook.write"
DELETE: Final = "webhook.delete"
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Office:
    """Who somebody is to subscriptions, and which of them they may look at."""

    console: Console
    parts: Parts
    subscribing: Subscribing
    resending: Resending
    previews: Previews

    def who(self, visit: Visit, *events: str, needs: str = READ) -> Subscriber:
        """This person; NotHere when their role does not allow `needs`."""
        if not {READ, needs} <= visit.may:
            raise NotHere
        return Subscriber(
            tenant_id=visit.user.tenant_id,
            user_id=visit.user.id,
            owner_kind="user",
            owner_id=visit.user.id,
            scopes=chosen(self.parts.types, events),
            covered=visit.may,
            sees_all=visit.administrator,
            actor=visit.actor,
            address=visit.address,
        )

    async def found(self, visit: Visit, who: Subscriber, *, own: bool = False) -> Endpoint:
        """The subscription in the path; NotHere for others, and for those of others where it must be their own."""
        endpoint_id = ids.WEBHOOK_SUBSCRIPTION.decode(visit.request.path_params["webhook_id"])
        if endpoint_id is None:
            raise NotHere
        try:
            endpoint = await self.subscribing.endpoint(who, endpoint_id)
        except RecordNotFound:
            raise NotHere from None
        if own and not who.owns(endpoint):
            raise NotHere
        return endpoint


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page of one shows from the store. `counts`: deliveries of the last day by how they stand; `last`: attempts; `ends_at`: when its owner expires."""

    health: Health
    secrets: tuple[webhook_secrets.WebhookSecret, ...]
    replays: tuple[webhook_replays.Replay, ...]
    page: tuple[Delivery, ...]
    last: Mapping[str, Attempt]
    counts: Mapping[str, int]
    ends_at: datetime | None


def seen(session: Session, endpoint_id: str, status: str | None, below: str | None, now: datetime) -> Seen:
    """Of one, with a page of its deliveries: those that stand so, below an id."""
    page = webhook_deliveries.page(session, endpoint_id, below=below, status=status, limit=PAGE + 1)
    tried = {each.id: webhook_deliveries.attempts(session, each.id) for each in page[:PAGE] if each.attempts}
    return Seen(
        webhook_endpoints.health(session, [endpoint_id])[endpoint_id],
        signing(session, endpoint_id, now),
        webhook_replays.of_endpoint(session, endpoint_id)[:5],
        page,
        {delivery_id: attempts[-1] for delivery_id, attempts in tried.items() if attempts},
        webhook_deliveries.counts(session, endpoint_id, now - DAY),
        webhook_expiring.ends(session, [endpoint_id], now).get(endpoint_id),
    )


def signing(session: Session, endpoint_id: str, now: datetime) -> tuple[webhook_secrets.WebhookSecret, ...]:
    """The secrets that sign what one is sent: its own, or those of the app that it was made for."""
    endpoint = webhook_endpoints.get(session, endpoint_id)
    if endpoint is None or endpoint.template_id is None:
        return webhook_secrets.live(session, endpoint_id, now)
    return webhook_templates.secrets(session, {endpoint.template_id}, now).get(endpoint.template_id, ())
