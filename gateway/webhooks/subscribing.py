"""What is done to subscriptions, whoever asks for it: over `/v1`, or in the console."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters import ids
from adapters.core.compile.events import EventTypes
from adapters.core.faults import FieldError, Invalid, RecordNotFound
from gateway.keys import token_format
from gateway.problems import Conflicting, Unavailable, throttled
from gateway.stores.sql import Session, audit, grants, tenants, webhook_clock, webhook_endpoints, webhook_secrets
from gateway.stores.sql.webhook_endpoints import MOST, MOST_OF_GRANT, Endpoint
from gateway.webhooks import own_events, presenting, recipients, signing, telling
from gateway.webhooks.judging import READ
from gateway.webhooks.subscribers import Parts, Subscriber, audited, not_now

PATIENCE: Final = 3.0  # seconds that the first create waits for the registration
OF_TEMPLATE: Final = ("url", "events", "payload", "version")
"""What a subscription that was made of an app's template has of it, and cannot change by itself."""
ENABLED: Final = 6
"""How often within an hour a disabled one may be enabled again: more would make the breaker useless."""
_HOUR: Final = timedelta(hours=1)
_SHOWN: Final = 4


class Subscribing:
    """Every method may raise StoreUnavailable; those on an endpoint take one that `endpoint` found."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def endpoint(self, who: Subscriber, endpoint_id: str) -> Endpoint:
        """One that they may see; RecordNotFound for all others alike."""
        found = await self.parts.sql.read(webhook_endpoints.get, endpoint_id)
        if found is None or not who.sees(found):
            raise RecordNotFound
        return found

    async def seen(self, who: Subscriber) -> list[Endpoint]:
        """All that they may see, the oldest first."""
        found = await self.parts.sql.read(webhook_endpoints.of_tenant, who.tenant_id)
        return [each for each in found if who.sees(each)]

    async def ahead(self, who: Subscriber) -> float:
        """By how many seconds the clock of their sandbox is ahead, by which contracts end there; 0 for everybody else."""
        tenant = await self.parts.sql.read(tenants.get, who.tenant_id)
        return tenant.clock_ahead / 1000 if tenant is not None else 0.0

    async def lacking(self, who: Subscriber, body: Mapping[str, Any]) -> frozenset[str]:
        """The scopes that they lack for what they ask for; Invalid for what no subscription may have."""
        await self.parts.checks.body(body, await self.ahead(who))
        return presenting.needed(self.parts.types, body.get("events", ())) - who.covered

    async def create(self, who: Subscriber, body: Mapping[str, Any], contract: str) -> tuple[Endpoint, bytes]:
        """A new one and its secret. `body` as `shapes.SubscriptionBody`, after `lacking` found nothing.

        Conflicting where there are too many or the same; Unavailable while events do not come here.
        """
        parts = self.parts
        if not await parts.registrar.available(who.tenant_id):
            raise unregistered()
        now = datetime.now(UTC)
        endpoint_id = token_format.new_timed_id(webhook_clock.milliseconds(now))
        secret = secrets.token_bytes(signing.SECRET_BYTES)
        made = Endpoint(
            id=endpoint_id,
            tenant_id=who.tenant_id,
            owner_kind=who.owner_kind,
            owner_id=who.owner_id,
            client_id=None,
            user_id=who.user_id,
            scopes=who.scopes,
            url_sealed=recipients.seal_url(parts.keyring, endpoint_id, body["url"]),
            url_host=parts.checks.host(body["url"]),
            events=tuple(body["events"]),
            payload=body.get("payload") or "full",
            contract=body.get("version") or contract,
            description=body.get("description"),
            headers_sealed=self._headers(endpoint_id, body.get("headers")),
            max_in_flight=body.get("max_in_flight") or 8,
            rate=body.get("rate"),
            status="pending",
            reason="registration",
            template_id=None,
            created_at=now,
            changed_at=now,
        )
        await parts.sql.run(self._insert, who, made, secret)
        # As far as it comes within the time; whoever comes later goes on with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await parts.registrar.ensure(who.tenant_id)
        await parts.sql.run(telling.trial, made, "", datetime.now(UTC))
        return await parts.sql.read(webhook_endpoints.get, endpoint_id) or made, secret

    async def update(self, who: Subscriber, endpoint: Endpoint, body: Mapping[str, Any]) -> None:
        """Change what is named, after `lacking` found nothing. Invalid for what is its template's."""
        parts = self.parts
        if endpoint.template_id is not None and (theirs := [name for name in OF_TEMPLATE if name in body]):
            raise Invalid([FieldError(f"/{name}", "immutable", "This is set by the app, for all.") for name in theirs])
        columns: dict[str, Any] = {name: body[name] for name in ("events", "description", "rate") if name in body}
        defaults = {"payload": "full", "max_in_flight": 8}
        columns |= {name: body[name] or default for name, default in defaults.items() if name in body}
        if "version" in body:
            columns["contract"] = body["version"]
        if "url" in body:
            columns["url_sealed"] = recipients.seal_url(parts.keyring, endpoint.id, body["url"])
            columns["url_host"] = parts.checks.host(body["url"])
        if "headers" in body:
            columns["headers_sealed"] = self._headers(endpoint.id, body["headers"])
        if endpoint.owner_kind == "user" and "events" in body:
            columns["scopes"] = chosen(parts.types, body["events"])
        if columns:
            await self._noted(who, endpoint, "update", webhook_endpoints.change, datetime.now(UTC), **columns)

    async def delete(self, who: Subscriber, endpoint: Endpoint) -> None:
        """End it; what waits is cancelled."""
        await self._noted(who, endpoint, "delete", webhook_endpoints.remove, datetime.now(UTC))

    async def pause(self, who: Subscriber, endpoint: Endpoint) -> None:
        """Send nothing until it is resumed. Conflicting for a disabled one."""
        if endpoint.status == "disabled":
            raise not_now(endpoint.status, "resume")
        if endpoint.status != "paused":
            await self._noted(who, endpoint, "pause", webhook_endpoints.stop, "paused", None, datetime.now(UTC))

    async def resume(self, who: Subscriber, endpoint: Endpoint, *, missed: bool) -> None:
        """Go on, with what was missed or without. One that was disabled is tried first, and not more than `ENABLED` times an hour.

        Conflicting when its contract has ended, RateLimited.
        """
        ended = self.parts.checks.contract_ended
        if endpoint.status == "disabled" and ended(endpoint.contract, await self.ahead(who)):
            raise not_now("disabled", "update")
        now = datetime.now(UTC)
        if endpoint.status in ("paused", "suspended"):
            await self._noted(who, endpoint, "resume", webhook_endpoints.resume, missed, now)
        elif endpoint.status == "disabled":
            await self._noted(who, endpoint, "enable", _enable, endpoint, missed, now)

    async def rotate_secret(self, who: Subscriber, endpoint: Endpoint, overlap: timedelta) -> bytes:
        """A new secret; the one before signs for `overlap` longer. Conflicting where it is its template's."""
        if endpoint.template_id is not None:
            raise not_now(endpoint.status)
        secret = secrets.token_bytes(signing.SECRET_BYTES)
        sealed = recipients.seal_secret(self.parts.keyring, endpoint.id, secret)
        now = datetime.now(UTC)

        def rotated(session: Session, _: str) -> None:
            webhook_secrets.add(session, endpoint.id, sealed, beginning(secret), now, overlap)
            telling.about(session, endpoint, own_events.SECRET_ROTATED, now)

        await self._noted(who, endpoint, "rotate_secret", rotated)
        return secret

    def _insert(self, session: Session, who: Subscriber, made: Endpoint, secret: bytes) -> None:
        """All or nothing: limits are counted while nobody else adds one."""
        keyring = self.parts.keyring
        if made.owner_kind == "grant":
            grant = grants.get(session, made.owner_id)
            made = replace(made, client_id=grant.client_id if grant is not None else None)
        webhook_endpoints.add(session, made)
        others = [each for each in webhook_endpoints.of_tenant(session, made.tenant_id) if each.id != made.id]
        own = [each for each in others if each.owner_id == made.owner_id]
        if len(others) >= MOST or (made.owner_kind == "grant" and len(own) >= MOST_OF_GRANT):
            raise too_many()
        url = recipients.open_url(keyring, made)
        for each in own:
            if set(each.events) == set(made.events) and recipients.open_url(keyring, each) == url:
                raise exists(each.id)
        sealed = recipients.seal_secret(keyring, made.id, secret)
        webhook_secrets.add(session, made.id, sealed, beginning(secret), made.created_at)
        audited(session, who, made, "create")

    async def _noted(
        self,
        who: Subscriber,
        endpoint: Endpoint,
        action: str,
        work: Callable[..., object],
        *values: Any,
        **columns: Any,
    ) -> None:
        """Do it to the endpoint and write down who did, in one transaction."""

        def done(session: Session) -> None:
            work(session, endpoint.id, *values, **columns)
            audited(session, who, endpoint, action)

        await self.parts.sql.run(done)

    def _headers(self, endpoint_id: str, headers: Mapping[str, str] | None) -> str | None:
        return recipients.seal_headers(self.parts.keyring, endpoint_id, dict(headers)) if headers else None


def chosen(types: EventTypes, events: Sequence[str]) -> tuple[str, ...]:
    """The scopes of a person's own subscription: those that its types need, and no more."""
    return tuple(sorted({READ, *presenting.needed(types, events)}))


def _enable(session: Session, endpoint_id: str, endpoint: Endpoint, missed: bool, at: datetime) -> None:
    subject = ids.WEBHOOK_SUBSCRIPTION.encode(endpoint_id)
    before = audit.moments(session, endpoint.tenant_id, "webhook.enable", subject, at - _HOUR)
    if len(before) >= ENABLED:
        raise throttled((min(before) + _HOUR - at).total_seconds(), (), "It was enabled again too often.")
    webhook_endpoints.resume(session, endpoint_id, missed, at)
    # It has failed until something arrives: that is not left to wait for the next event.
    telling.trial(session, endpoint, "", at)


def beginning(secret: bytes) -> str:
    """The part of a secret that lists may show."""
    return signing.shown(secret)[: len(signing.PREFIX) + _SHOWN]


def unregistered() -> Unavailable:
    """The 503 where no events of the workspace come."""
    return Unavailable("registration_unavailable", "Events of this workspace do not reach the gateway.")


def too_many() -> Conflicting:
    """The 409 for one subscription more than there may be."""
    return Conflicting(
        "subscription_limit", "There are as many subscriptions as there may be: 50 a workspace, 10 an app."
    )


def exists(endpoint_id: str) -> Conflicting:
    """The 409 for a subscription that is there already, under this internal id."""
    return Conflicting(
        "subscription_exists",
        "You have a subscription with this URL and these events.",
        members={"existing_id": ids.WEBHOOK_SUBSCRIPTION.encode(endpoint_id)},
    )
