"""Webhooks: who is told of what and where, how it goes, and everything an owner does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from adapters.core.faults import Invalid
from adapters.core.request.json_body import Document
from gateway.console import webhook_forms, webhook_office, webhook_words
from gateway.console.signed_in import Visit, redirect
from gateway.console.webhook_office import DAY, DELETE, PAGE, PATH, WRITE, Office
from gateway.problems import Problem
from gateway.stores.sql import webhook_endpoints
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_replays import Only
from gateway.webhooks import presenting, recipients, shapes, signing
from gateway.webhooks.resending import KEPT

NEW: Final = f"{PATH}/new"

_TRIED: Final = 3.0  # seconds that the answer to a test is waited for, before its page is shown without one
_BODY: Final = Document(shapes.BODY, partial=False)
_DONE: Final = {
    "made": "The subscription is made. A test was sent to it.",
    "saved": "Saved.",
    "paused": "Paused. Nothing is sent until you resume it; what happens meanwhile is kept.",
    "resumed": "Enabled. What is sent now shows whether it works.",
    "deleted": "The subscription was deleted.",
    "replay": "The replay has begun. Its deliveries come behind those of what happens now.",
}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The pages of subscriptions."""

    office: Office

    def routes(self) -> list[Route]:
        """Look, make, change, and what is done to one."""
        route, one = self.office.console.route, f"{PATH}/{{webhook_id}}"
        return [
            route(PATH, self.list),
            route(NEW, self.form),
            route(NEW, self.create, "POST"),
            route(one, self.show),
            route(f"{one}/edit", self.edit),
            route(f"{one}/edit", self.change, "POST"),
            route(f"{one}/pause", self.pause, "POST"),
            route(f"{one}/resume", self.resume, "POST"),
            route(f"{one}/secret", self.rotate, "POST"),
            route(f"{one}/delete", self.delete, "POST"),
            route(f"{one}/test", self.test, "POST"),
            route(f"{one}/replay", self.replay, "POST"),
        ]

    async def list(self, visit: Visit) -> Response:
        """Those of this person; for an administrator those of the tenant, with those of apps."""
        who = self.office.who(visit)
        found = await self.office.subscribing.seen(who)
        health = await self.office.parts.sql.read(webhook_endpoints.health, [each.id for each in found])
        rows = [(each, health.get(each.id), who.owns(each)) for each in reversed(found)]
        done = _DONE.get(visit.asked("done"), "")
        return await visit.page("webhooks.html", rows=rows, done=done, told=webhook_words, writes=WRITE in visit.may)

    async def form(self, visit: Visit) -> Response:
        """What a new one should be."""
        self.office.who(visit, needs=WRITE)
        return await self._form(visit, {})

    async def create(self, visit: Visit) -> Response:
        """The subscription; its secret is on the page after this."""
        who = self.office.who(visit, *visit.every("event"), needs=WRITE)
        newest = self.office.console.web.catalogue.newest
        try:
            body = _BODY.read(webhook_forms.body(visit))
            if lacking := await self.office.subscribing.lacking(who, body):
                return await self._form(visit, body, webhook_forms.lacks(lacking))
            made, secret = await self.office.subscribing.create(who, body, newest)
        except Invalid as invalid:
            return await self._form(visit, {}, webhook_forms.said(invalid))
        except Problem as problem:
            return await self._form(visit, {}, problem.detail)
        return await self._shown_once(visit, made, secret, "made")

    async def show(self, visit: Visit) -> Response:
        """Everything about one: how it goes, what was delivered, and what can be done."""
        return await self._show(visit, await self.office.found(visit, self.office.who(visit)))

    async def edit(self, visit: Visit) -> Response:
        """The form that changes it."""
        endpoint = await self.office.found(visit, self.office.who(visit, needs=WRITE), own=True)
        return await self._form(visit, {}, endpoint=endpoint)

    async def change(self, visit: Visit) -> Response:
        """Store what the form says."""
        who = self.office.who(visit, *visit.every("event"), needs=WRITE)
        endpoint = await self.office.found(visit, who, own=True)
        try:
            body = _BODY.read(webhook_forms.body(visit, endpoint))
            if lacking := await self.office.subscribing.lacking(who, body):
                return await self._form(visit, body, webhook_forms.lacks(lacking), endpoint)
            await self.office.subscribing.update(who, endpoint, body)
        except Invalid as invalid:
            return await self._form(visit, {}, webhook_forms.said(invalid), endpoint)
        return self._back(endpoint, "saved")

    async def pause(self, visit: Visit) -> Response:
        """Send nothing for now."""
        who = self.office.who(visit, needs=WRITE)
        endpoint = await self.office.found(visit, who)
        try:
            await self.office.subscribing.pause(who, endpoint)
        except Problem as problem:
            return await self._show(visit, endpoint, problem)
        return self._back(endpoint, "paused")

    async def resume(self, visit: Visit) -> Response:
        """Go on, with what was missed or without."""
        who = self.office.who(visit, needs=WRITE)
        endpoint = await self.office.found(visit, who)
        try:
            await self.office.subscribing.resume(who, endpoint, missed=visit.one("from") != "now")
        except Problem as problem:
            return await self._show(visit, endpoint, problem)
        return self._back(endpoint, "resumed")

    async def rotate(self, visit: Visit) -> Response:
        """A new secret, on the page after this; the one before signs for a day longer, or ends at once if it leaked."""
        who = self.office.who(visit, needs=WRITE)
        endpoint = await self.office.found(visit, who, own=True)
        overlap = timedelta() if visit.one("old") == "end" else DAY
        secret = await self.office.subscribing.rotate_secret(who, endpoint, overlap)
        return await self._shown_once(visit, endpoint, secret, "saved")

    async def delete(self, visit: Visit) -> Response:
        """End it; what waits is cancelled."""
        who = self.office.who(visit, needs=DELETE)
        await self.office.subscribing.delete(who, await self.office.found(visit, who))
        return redirect(PATH, {"done": "deleted"})

    async def test(self, visit: Visit) -> Response:
        """Send something now, and show what came of it."""
        endpoint = await self.office.found(visit, self.office.who(visit, needs=WRITE))
        try:
            of = self.office.parts.checks.trial(visit.one("type") or None)
            delivery = await self.office.resending.test(endpoint, of, _TRIED)
        except Problem as problem:
            return await self._show(visit, endpoint, problem)
        except Invalid as invalid:
            return await self._show(visit, endpoint, webhook_forms.said(invalid))
        return redirect(f"{_path(endpoint)}/deliveries/{ids.DELIVERY.encode(delivery.id)}", {"done": "test"})

    async def replay(self, visit: Visit) -> Response:
        """A range once more."""
        who = self.office.who(visit, needs=WRITE)
        endpoint = await self.office.found(visit, who)
        only: Only = "all" if visit.one("only") == "all" else "undelivered"
        try:
            since, until = _moment(visit.one("since")), _moment(visit.one("until"))
        except ValueError:
            return await self._show(visit, endpoint, "Write both ends of the range as a day and a time.")
        try:
            since = since or visit.now - DAY
            await self.office.resending.replay(who, endpoint, since, until, visit.every("event"), only)
        except Problem as problem:
            return await self._show(visit, endpoint, problem)
        except Invalid as invalid:
            return await self._show(visit, endpoint, webhook_forms.said(invalid))
        return self._back(endpoint, "replay")

    def _back(self, endpoint: Endpoint, done: str) -> Response:
        return redirect(_path(endpoint), {"done": done})

    async def _shown_once(self, visit: Visit, endpoint: Endpoint, secret: bytes, done: str) -> Response:
        name = await self.office.console.once.keep(visit.session.id, endpoint.url_host, signing.shown(secret))
        return redirect(_path(endpoint), {"once": name, "done": done})

    async def _form(
        self, visit: Visit, body: Mapping[str, Any], fault: str = "", endpoint: Endpoint | None = None
    ) -> Response:
        parts = self.office.parts
        values = webhook_forms.values(visit, parts.keyring, endpoint)
        return await visit.page(
            "webhook_form.html",
            422 if fault else 200,
            fault=fault,
            endpoint=endpoint,
            values=values,
            groups=webhook_forms.groups(parts, webhook_forms.covered(parts, visit.may, endpoint), values.events),
            contracts=parts.checks.live_contracts(await self.office.subscribing.ahead(self.office.who(visit))),
            path=NEW if endpoint is None else f"{_path(endpoint)}/edit",
        )

    async def _show(self, visit: Visit, endpoint: Endpoint, fault: Problem | str = "") -> Response:
        parts, who = self.office.parts, self.office.who(visit)
        status = visit.asked("status") if visit.asked("status") in shapes.DELIVERED else None
        below = ids.DELIVERY.decode(visit.asked("before"))
        seen = await parts.sql.read(webhook_office.seen, endpoint.id, status, below, visit.now)
        own = who.owns(endpoint)
        needed = presenting.needed(parts.types, endpoint.events)
        return await visit.page(
            "webhook.html",
            fault.status if isinstance(fault, Problem) else 422 if fault else 200,
            fault=fault.detail if isinstance(fault, Problem) else fault,
            endpoint=endpoint,
            path=_path(endpoint),
            own=own,
            url=presenting.address(parts.keyring, endpoint, own=own),
            header_names=list(recipients.open_headers(parts.keyring, endpoint)),
            lacking=sorted(needed - visit.may) if own else [],
            seen=seen,
            deliveries=[(ids.DELIVERY.encode(each.id), each, seen.last.get(each.id)) for each in seen.page[:PAGE]],
            further=ids.DELIVERY.encode(seen.page[PAGE - 1].id) if len(seen.page) > PAGE else None,
            first=not visit.asked("before"),
            standing=status,
            statuses=shapes.DELIVERED,
            told=webhook_words,
            kept=KEPT.days,
            writes=WRITE in visit.may,
            deletes=DELETE in visit.may,
            secret=await visit.shown_once(),
            done=_DONE.get(visit.asked("done"), ""),
        )


def _path(endpoint: Endpoint) -> str:
    return f"{PATH}/{ids.WEBHOOK_SUBSCRIPTION.encode(endpoint.id)}"


def _moment(text: str) -> datetime | None:
    """What a browser sends of a field for a day and a time, which the page says is in UTC; ValueError for anything else."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
