"""`/v1/webhook_subscriptions`: making, changing, pausing and ending them, in the gateway's own store."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters import ids
from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input, Place, Plan, Reply
from adapters.core.compile.events import EventTypes
from adapters.core.compile.scopes import Scopes
from adapters.core.declare.upstream import ListQuery
from adapters.core.faults import RecordNotFound
from adapters.core.paging import whole
from gateway.api.exchange import Accepted, Permitted
from gateway.auth.challenges import denied
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.problems import Conflicting, Unavailable
from gateway.stores.sql import Session, Sql, audit, grants, webhook_clock, webhook_endpoints, webhook_secrets
from gateway.stores.sql.webhook_endpoints import MOST, MOST_OF_GRANT, Endpoint
from gateway.webhooks import declared, own_events, presenting, recipients, shapes, signing, telling
from gateway.webhooks.checking import Checks
from gateway.webhooks.registering import Registrar

PATIENCE: Final = 3.0  # seconds that the first create waits for the registration
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """What the operations of webhooks work with. administrators: roles that see all of their workspace's."""

    sql: Sql
    keyring: Keyring
    types: EventTypes
    checks: Checks
    registrar: Registrar
    scopes: Scopes
    administrators: tuple[str, ...]

    async def endpoint(self, permitted: Permitted, endpoint_id: str) -> Endpoint:
        """One that they may see; RecordNotFound for all others alike."""
        found = await self.sql.read(webhook_endpoints.get, endpoint_id)
        if found is None or not presenting.visible(permitted, found, self.administrators):
            raise RecordNotFound
        return found


class Subscriptions:
    """The operations on subscriptions themselves, by name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        outward = Outward(shapes.SUBSCRIPTION)
        place = Place("", "")
        # The few of a workspace come whole from the store: filtered, ordered and paged as any whole list is.
        self._planned = whole.search(place, ListQuery(style="whole"), outward, shapes.SUBSCRIPTION, ())

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        handlers: dict[str, Accepted] = {
            "search": self.search,
            "create": self.create,
            "get": self.get,
            "update": self.update,
            "delete": self.delete,
            "pause": self.pause,
            "resume": self.resume,
            "rotate_secret": self.rotate_secret,
        }
        return {f"{declared.FIRST}.{name}": handler for name, handler in handlers.items()}

    async def search(self, permitted: Permitted, given: Input) -> Answer:
        found = await self._parts.sql.read(webhook_endpoints.of_tenant, permitted.caller.tenant_id)
        mine = [each for each in found if presenting.visible(permitted, each, self._parts.administrators)]
        health = await self._parts.sql.read(webhook_endpoints.health, [each.id for each in mine])
        rows = [self._row(permitted, each, health.get(each.id)) for each in mine]
        return _answered(self._planned(given), orjson.dumps({"data": rows}))

    async def get(self, permitted: Permitted, given: Input) -> Answer:
        return await self._shown(permitted, await self._parts.endpoint(permitted, given.ids[0]))

    async def create(self, permitted: Permitted, given: Input) -> Answer:
        parts, body, caller = self._parts, given.body, permitted.caller
        await self._wanted(permitted, body)
        if not await parts.registrar.available(caller.tenant_id):
            raise Unavailable("registration_unavailable", "Events of this workspace do not reach the gateway.")
        now = datetime.now(UTC)
        endpoint_id = token_format.new_timed_id(webhook_clock.milliseconds(now))
        secret = secrets.token_bytes(signing.SECRET_BYTES)
        kind, owner_id = presenting.owner(permitted)
        made = Endpoint(
            id=endpoint_id,
            tenant_id=caller.tenant_id,
            owner_kind=kind,
            owner_id=owner_id,
            client_id=None,
            user_id=caller.user_id,
            scopes=tuple(sorted(caller.scopes)),
            url_sealed=recipients.seal_url(parts.keyring, endpoint_id, body["url"]),
            url_host=parts.checks.host(body["url"]),
            events=tuple(body["events"]),
            payload=body.get("payload") or "full",
            contract=body.get("version") or permitted.exchange.version,
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
        await parts.sql.run(self._insert, permitted, made, secret)
        # As far as it comes within the time; whoever comes later goes on with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await parts.registrar.ensure(caller.tenant_id)
        await parts.sql.run(telling.trial, made, "", datetime.now(UTC))
        found = await parts.sql.read(webhook_endpoints.get, endpoint_id)
        row = self._row(permitted, found or made, None) | {"secret": signing.shown(secret)}
        location = f"/v1/{declared.FIRST}/{ids.WEBHOOK_SUBSCRIPTION.encode(endpoint_id)}"
        return presenting.one(shapes.WITH_SECRET, row, 201, ((b"location", location.encode("ascii")),))

    async def update(self, permitted: Permitted, given: Input) -> Answer:
        parts, body = self._parts, given.body
        endpoint = await parts.endpoint(permitted, given.ids[0])
        await self._wanted(permitted, body)
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
        if columns:
            await self._noted(permitted, endpoint, "update", webhook_endpoints.change, datetime.now(UTC), **columns)
        return await self._shown(permitted, await parts.endpoint(permitted, endpoint.id))

    async def delete(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
        await self._noted(permitted, endpoint, "delete", webhook_endpoints.remove, datetime.now(UTC))
        return Answer(204)

    async def pause(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
        if endpoint.status == "disabled":
            raise _state(endpoint.status, "resume")
        if endpoint.status != "paused":
            await self._noted(permitted, endpoint, "pause", webhook_endpoints.stop, "paused", None, datetime.now(UTC))
        return await self._shown(permitted, await self._parts.endpoint(permitted, endpoint.id))

    async def resume(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
        if endpoint.status == "disabled" and self._parts.checks.contract_ended(endpoint.contract):
            raise _state("disabled", "update")
        if endpoint.status in ("paused", "disabled", "suspended"):
            missed = (given.body.get("from") or "missed") == "missed"
            await self._noted(permitted, endpoint, "resume", webhook_endpoints.resume, missed, datetime.now(UTC))
        return await self._shown(permitted, await self._parts.endpoint(permitted, endpoint.id))

    async def rotate_secret(self, permitted: Permitted, given: Input) -> Answer:
        parts = self._parts
        endpoint = await parts.endpoint(permitted, given.ids[0])
        overlap = self._parts.checks.overlap(given.body.get("overlap") or "24h")
        secret = secrets.token_bytes(signing.SECRET_BYTES)
        sealed = recipients.seal_secret(parts.keyring, endpoint.id, secret)
        now = datetime.now(UTC)

        def rotated(session: Session, _: str) -> None:
            webhook_secrets.add(session, endpoint.id, sealed, _beginning(secret), now, overlap)
            telling.about(session, endpoint, own_events.SECRET_ROTATED, now)

        await self._noted(permitted, endpoint, "rotate_secret", rotated)
        found = await parts.endpoint(permitted, endpoint.id)
        health = await parts.sql.read(webhook_endpoints.health, [endpoint.id])
        row = self._row(permitted, found, health.get(endpoint.id)) | {"secret": signing.shown(secret)}
        return presenting.one(shapes.WITH_SECRET, row)

    async def _shown(self, permitted: Permitted, endpoint: Endpoint) -> Answer:
        health = await self._parts.sql.read(webhook_endpoints.health, [endpoint.id])
        return presenting.one(shapes.SUBSCRIPTION, self._row(permitted, endpoint, health.get(endpoint.id)))

    def _row(self, permitted: Permitted, endpoint: Endpoint, health: Any) -> dict[str, Any]:
        own = permitted.permit if endpoint.owner_id == permitted.caller.principal else None
        return presenting.subscription(self._parts.keyring, self._parts.types, endpoint, health, own)

    async def _wanted(self, permitted: Permitted, body: Mapping[str, Any]) -> None:
        """Refuse what no subscription may have, or not theirs: 422, 403."""
        await self._parts.checks.body(body)
        needed = presenting.needed(self._parts.types, body.get("events", ()))
        if not needed <= permitted.permit.scopes:
            asked = self._parts.scopes.expanded(permitted.caller.scopes)
            raise denied(needed - permitted.permit.scopes, asked, permitted.exchange.brand)

    def _insert(self, session: Session, permitted: Permitted, made: Endpoint, secret: bytes) -> None:
        """All or nothing: limits are counted while nobody else adds one."""
        if made.owner_kind == "grant":
            grant = grants.get(session, made.owner_id)
            made = _of_client(made, grant.client_id if grant is not None else None)
        webhook_endpoints.add(session, made)
        others = [each for each in webhook_endpoints.of_tenant(session, made.tenant_id) if each.id != made.id]
        own = [each for each in others if each.owner_id == made.owner_id]
        if len(others) >= MOST or (made.owner_kind == "grant" and len(own) >= MOST_OF_GRANT):
            raise Conflicting(
                "subscription_limit", "There are as many subscriptions as there may be: 50 a workspace, 10 an app."
            )
        url = recipients.open_url(self._parts.keyring, made)
        for each in own:
            if set(each.events) == set(made.events) and recipients.open_url(self._parts.keyring, each) == url:
                raise Conflicting(
                    "subscription_exists",
                    "You have a subscription with this URL and these events.",
                    members={"existing_id": ids.WEBHOOK_SUBSCRIPTION.encode(each.id)},
                )
        sealed = recipients.seal_secret(self._parts.keyring, made.id, secret)
        webhook_secrets.add(session, made.id, sealed, _beginning(secret), made.created_at)
        _audit(session, permitted, made, "create")

    async def _noted(
        self,
        permitted: Permitted,
        endpoint: Endpoint,
        action: str,
        work: Callable[..., object],
        *values: Any,
        **columns: Any,
    ) -> None:
        """Do it to the endpoint and write down who did, in one transaction."""

        def done(session: Session) -> None:
            work(session, endpoint.id, *values, **columns)
            _audit(session, permitted, endpoint, action)

        await self._parts.sql.run(done)

    def _headers(self, endpoint_id: str, headers: Mapping[str, str] | None) -> str | None:
        return recipients.seal_headers(self._parts.keyring, endpoint_id, dict(headers)) if headers else None


def _answered(plan: Plan, listed: bytes) -> Answer:
    """A plan with one call, which the store answers."""
    next(plan)
    try:
        plan.send(Reply(200, listed))
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer
    raise AssertionError("a list that comes whole takes one call")


def _of_client(endpoint: Endpoint, client_id: str | None) -> Endpoint:
    return replace(endpoint, client_id=client_id)


def _state(current: str, *allowed: str) -> Conflicting:
    members = {"current_status": current, "allowed": list(allowed)}
    return Conflicting("state_conflict", "The record's present status does not allow this.", members=members)


def _beginning(secret: bytes) -> str:
    """The part of a secret that lists may show."""
    return signing.shown(secret)[: len(signing.PREFIX) + _SHOWN]


def _audit(session: Session, permitted: Permitted, endpoint: Endpoint, action: str) -> None:
    caller = permitted.caller
    audit.append(
        session,
        audit.Event(
            at=datetime.now(UTC),
            tenant_id=caller.tenant_id,
            actor=f"token:{caller.token_id}",
            action=f"webhook.{action}",
            subject=ids.WEBHOOK_SUBSCRIPTION.encode(endpoint.id),
            address=permitted.exchange.client,
            detail={"user": caller.user_id, "host": endpoint.url_host},
        ),
    )
