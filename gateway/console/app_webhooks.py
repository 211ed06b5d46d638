"""The webhook of an app: what it is told of, wherever it is connected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from adapters.core.faults import Invalid
from adapters.core.request.json_body import Document
from gateway.console import webhook_forms
from gateway.console.own_apps import PATH as APPS
from gateway.console.own_apps import Developer
from gateway.console.signed_in import NotHere, Visit, redirect
from gateway.console.webhook_office import DAY, Office
from gateway.stores.sql import Session, audit, webhook_templates
from gateway.stores.sql.clients import Client
from gateway.stores.sql.webhook_secrets import WebhookSecret
from gateway.stores.sql.webhook_templates import Template
from gateway.webhooks import presenting, shapes, signing, templates
from gateway.webhooks.judging import READ

_BODY: Final = Document(shapes.BODY, partial=False)
_DONE: Final = {"saved": "Saved, for every workspace.", "ended": "The webhook has ended in every workspace."}


@dataclass(frozen=True, slots=True)
class AppWebhook:
    """The page."""

    developer: Developer
    office: Office

    def routes(self) -> list[Route]:
        """Look, set, new secret, end."""
        route, one = self.office.console.route, f"{APPS}/{{client_id}}/webhook"
        return [
            route(one, self.show),
            route(one, self.save, "POST"),
            route(f"{one}/secret", self.rotate, "POST"),
            route(f"{one}/delete", self.delete, "POST"),
        ]

    async def show(self, visit: Visit) -> Response:
        """What it is, and the form that changes it."""
        return await self._show(visit, await self.developer.live(visit))

    async def save(self, visit: Visit) -> Response:
        """Set it; who has connected the app already is subscribed at once. A first secret is on the page after this."""
        client, parts = await self.developer.live(visit), self.office.parts
        form = webhook_forms.body(visit)
        body: dict[str, Any] = {name: form[name] for name in ("url", "events", "payload", "version") if name in form}
        try:
            body = _BODY.read(body)
            await parts.checks.body(body)
        except Invalid as invalid:
            return await self._show(visit, client, webhook_forms.said(invalid))
        if lacking := presenting.needed(parts.types, body["events"]) - parts.scopes.expanded(client.scopes):
            return await self._show(visit, client, f"The app may not ask for {', '.join(sorted(lacking))}.")
        host, newest = parts.checks.host(body["url"]), self.office.console.web.catalogue.newest

        def declared(session: Session) -> bytes | None:
            secret = templates.declare(session, parts.keyring, client.id, body, host, newest, visit.now)
            audit.append(session, _event(visit, client, "client.webhook", host=host))
            return secret

        secret = await parts.sql.run(declared)
        if secret is None:
            return redirect(_path(client), {"done": "saved"})
        return await self._once(visit, client, secret)

    async def rotate(self, visit: Visit) -> Response:
        """A new secret for every workspace; the one before signs for a day longer, or ends at once if it leaked."""
        client, parts = await self.developer.live(visit), self.office.parts
        overlap = timedelta() if visit.one("old") == "end" else DAY

        def rotated(session: Session) -> bytes:
            template = _known(session, client)
            audit.append(session, _event(visit, client, "client.webhook_secret"))
            return templates.rotate(session, parts.keyring, template, visit.now, overlap)

        return await self._once(visit, client, await parts.sql.run(rotated))

    async def delete(self, visit: Visit) -> Response:
        """End it in every workspace."""
        client = await self.developer.live(visit)

        def ended(session: Session) -> None:
            webhook_templates.remove(session, _known(session, client), visit.now)
            audit.append(session, _event(visit, client, "client.webhook_end"))

        await self.office.parts.sql.run(ended)
        return redirect(_path(client), {"done": "ended"})

    async def _once(self, visit: Visit, client: Client, secret: bytes) -> Response:
        name = await self.office.console.once.keep(visit.session.id, client.name, signing.shown(secret))
        return redirect(_path(client), {"once": name, "done": "saved"})

    async def _show(self, visit: Visit, client: Client, fault: str = "") -> Response:
        parts = self.office.parts
        template, secrets = await parts.sql.read(_standing, client, visit)
        values = webhook_forms.of_template(visit, parts.keyring, template)
        asks = parts.scopes.expanded(client.scopes)
        return await visit.page(
            "app_webhook.html",
            422 if fault else 200,
            fault=fault,
            client=client,
            path=_path(client),
            live=template is not None,
            secrets=secrets,
            reads=READ in asks,
            values=values,
            groups=webhook_forms.groups(parts, asks, values.events),
            contracts=parts.checks.live_contracts(),
            secret=await visit.shown_once(),
            done=_DONE.get(visit.asked("done"), ""),
        )


def _path(client: Client) -> str:
    return f"{APPS}/{client.id}/webhook"


def _known(session: Session, client: Client) -> Template:
    found = webhook_templates.of_client(session, client.id)
    if found is None:
        raise NotHere
    return found


def _standing(session: Session, client: Client, visit: Visit) -> tuple[Template | None, tuple[WebhookSecret, ...]]:
    template = webhook_templates.of_client(session, client.id)
    return template, () if template is None else webhook_templates.secrets(session, {template.id}, visit.now)[
        template.id
    ]


def _event(visit: Visit, client: Client, action: str, **detail: object) -> audit.Event:
    return audit.Event(
        at=visit.now,
        tenant_id=client.owner_tenant_id,
        actor=visit.actor,
        action=action,
        subject=f"client:{client.id}",
        address=visit.address,
        detail=detail,
    )
