"""My apps: for developers who write programs that others connect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from gateway.api.rate_limits import policy
from gateway.console import scope_picker
from gateway.console.signed_in import Console, NotHere, Visit, redirect
from gateway.oauth import clients as apps
from gateway.oauth import metadata
from gateway.oauth.clients import METHODS, ClientRefused, Registered
from gateway.stores.sql import Session, audit, clients, usage
from gateway.stores.sql.audit import Event
from gateway.stores.sql.clients import Client, Secret
from gateway.stores.sql.grants import Revoked
from gateway.stores.sql.usage import Total

PATH: Final = "/console/apps"
NEW: Final = f"{PATH}/new"

_LOOKED_BACK: Final = timedelta(days=30)
_DONE: Final = {
    "registered": "The app is registered. Its client id is below.",
    "saved": "Saved.",
    "revoked": "The secret was ended. Requests with it are refused from now on.",
    "disabled": "The app is switched off, and everything granted to it has ended.",
}
_SAID: Final = {
    "client_name": "The name",
    "redirect_uris": "A redirect URI",
    "scope": "The list of permissions",
    "token_endpoint_auth_method": "The kind of app",
    "logo_uri": "The logo",
    "client_uri": "The home page",
}


@dataclass(frozen=True, slots=True)
class Developer:
    """The pages."""

    console: Console

    def routes(self) -> list[Route]:
        """Look, register, change, new secret, end a secret, switch off."""
        route, one = self.console.route, f"{PATH}/{{client_id}}"
        return [
            route(PATH, self.list),
            route(NEW, self.form),
            route(NEW, self.register, "POST"),
            route(one, self.show),
            route(one, self.change, "POST"),
            route(f"{one}/secrets", self.new_secret, "POST"),
            route(f"{one}/secrets/{{secret_id}}/revoke", self.end_secret, "POST"),
            route(f"{one}/disable", self.disable, "POST"),
        ]

    async def list(self, visit: Visit) -> Response:
        """Those of this person; for an administrator those of the tenant."""
        found = await self.console.web.sql.read(clients.list, visit.user.tenant_id, visit.sees)
        return await visit.page("apps.html", apps=tuple(reversed(found)))

    async def form(self, visit: Visit) -> Response:
        """The description of a new app."""
        return await self._form(visit)

    async def register(self, visit: Visit) -> Response:
        """The app, and its secret on the page after this."""
        web, user = self.console.web, visit.user
        limit = policy("registration", web.settings.limits.registration, "address")
        if not (await web.services.limiter.admit_address(visit.address, limit)).allowed:
            return await self._form(visit, "Too many apps were registered from here. Try again later.", 429)
        draft = apps.draft(visit.now, name="", redirect_uris=(), scopes=(), origin="console")
        client = replace(_described(draft, visit), owner_tenant_id=user.tenant_id, owner_user_id=user.id)

        def write(session: Session) -> Registered:
            own = apps.of_nobody_else(client, web.settings.brands)
            return apps.register(
                session, web.keys, web.settings.tokens.prefix, own, web.scopes, actor=visit.actor, address=visit.address
            )

        try:
            made = await web.sql.run(write)
        except ClientRefused as refused:
            return await self._form(visit, _said(refused))
        return await self._made(visit, made, "registered")

    async def show(self, visit: Visit) -> Response:
        """Everything about one app, and the forms that change it."""
        return await self._show(visit, await self._found(visit))

    async def change(self, visit: Visit) -> Response:
        """Store a new description."""
        old = await self.live(visit)
        new = replace(_described(old, visit), auth_method=old.auth_method)

        def write(session: Session) -> None:
            web = self.console.web
            own = apps.of_nobody_else(new, web.settings.brands)
            if not apps.change(session, old, own, web.scopes, actor=visit.actor, now=visit.now, address=visit.address):
                raise NotHere

        try:
            await self.console.web.sql.run(write)
        except ClientRefused as refused:
            return await self._show(visit, old, _said(refused), new)
        return redirect(f"{PATH}/{old.id}", {"done": "saved"})

    async def new_secret(self, visit: Visit) -> Response:
        """A new secret beside the newest of the old ones, so that a deployment can change over."""
        web, client = self.console.web, await self.live(visit)
        if client.public:
            raise NotHere

        def write(session: Session) -> Registered:
            prefix = web.settings.tokens.prefix
            return apps.rotate_secret(
                session, web.keys, prefix, client, actor=visit.actor, now=visit.now, address=visit.address
            )

        return await self._made(visit, await web.sql.run(write), "saved")

    async def end_secret(self, visit: Visit) -> Response:
        """End one secret at once."""
        web, client = self.console.web, await self.live(visit)
        secret_id = visit.request.path_params["secret_id"]
        if secret_id not in {each.id for each in await web.sql.read(clients.secrets, client.id)}:
            raise NotHere

        def write(session: Session) -> None:
            clients.revoke_secret(session, client.id, secret_id, visit.now)
            audit.append(session, _event(visit, "client.revoke_secret", client, secret=secret_id))

        await web.sql.run(write)
        return redirect(f"{PATH}/{client.id}", {"done": "revoked"})

    async def disable(self, visit: Visit) -> Response:
        """Switch it off with everything that was granted to it, whoever granted it."""
        client = await self.live(visit)

        def write(session: Session) -> tuple[Revoked, ...]:
            return apps.disable(session, client, actor=visit.actor, now=visit.now, address=visit.address)

        await self.console.announcements.announce(await self.console.web.sql.run(write))
        return redirect(f"{PATH}/{client.id}", {"done": "disabled"})

    async def _found(self, visit: Visit) -> Client:
        client = await self.console.web.sql.read(apps.known, visit.request.path_params["client_id"])
        if client is None or client.owner_tenant_id != visit.user.tenant_id:
            raise NotHere
        if visit.sees not in {None, client.owner_user_id}:
            raise NotHere
        return client

    async def live(self, visit: Visit) -> Client:
        """The app in the path, which they may change; NotHere for others, and for one that is switched off."""
        client = await self._found(visit)
        if client.disabled_at is not None:
            raise NotHere
        return client

    async def _made(self, visit: Visit, made: Registered, done: str) -> Response:
        path = f"{PATH}/{made.client.id}"
        if made.secret is None:
            return redirect(path, {"done": done})
        return redirect(path, {"once": await self.console.once.keep(visit.session.id, made.client.name, made.secret)})

    async def _form(self, visit: Visit, fault: str = "", status: int = 422) -> Response:
        draft = apps.draft(visit.now, name="", redirect_uris=(), scopes=(), origin="console")
        client = _described(draft, visit)
        return await visit.page(
            "app_new.html",
            status if fault else 200,
            fault=fault,
            client=client,
            families=self._families(client),
        )

    def _families(self, client: Client) -> tuple[scope_picker.Family, ...]:
        catalogue = self.console.web.catalogue
        return scope_picker.families(catalogue, catalogue.scopes.single, client.scopes)

    async def _show(self, visit: Visit, client: Client, fault: str = "", edited: Client | None = None) -> Response:
        since = (visit.now - _LOOKED_BACK).date()
        secrets, totals, changes = await self.console.web.sql.read(_details, client.id, since)
        whys = {each.name: each.why for later in self.console.web.catalogue.contracts for each in later.changes}
        shown = edited or client
        return await visit.page(
            "app.html",
            422 if fault else 200,
            fault=fault,
            client=client,
            shown=shown,
            families=self._families(shown),
            secrets=secrets,
            contracts=_by_contract(totals),
            changes=[(*change, whys.get(change[1], "")) for change in changes],
            urls=metadata.urls(visit.request.scope["brand"].origin),
            secret=await visit.shown_once(),
            done=_DONE.get(visit.asked("done"), ""),
        )


def _described(client: Client, visit: Visit) -> Client:
    """The client as the form describes it; what is wrong with it is found when it is stored."""
    kind = visit.one("kind")
    return replace(
        client,
        name=visit.one("name").strip(),
        redirect_uris=tuple(dict.fromkeys(visit.one("redirect_uris").split())),
        scopes=tuple(dict.fromkeys(visit.every("scope"))),
        auth_method=kind if kind in METHODS else client.auth_method,
        client_uri=visit.one("client_uri").strip() or None,
        logo_uri=visit.one("logo_uri").strip() or None,
    )


def _event(visit: Visit, action: str, client: Client, **detail: object) -> Event:
    subject = f"client:{client.id}"
    return Event(
        at=visit.now,
        tenant_id=client.owner_tenant_id,
        actor=visit.actor,
        action=action,
        subject=subject,
        address=visit.address,
        detail=detail,
    )


def _details(
    session: Session, client_id: str, since: date
) -> tuple[tuple[Secret, ...], tuple[Total, ...], tuple[tuple[str, str, int, date], ...]]:
    return (
        clients.secrets(session, client_id),
        usage.by_contract(session, client_id, since),
        usage.changes(session, client_id, since),
    )


def _by_contract(totals: tuple[Total, ...]) -> list[tuple[str, int, int]]:
    """Contract, requests, and how many of them failed or were refused; newest contract first."""
    contracts = sorted({total.of for total in totals}, reverse=True)
    return [
        (
            contract,
            sum(total.requests for total in totals if total.of == contract),
            sum(total.requests for total in totals if total.of == contract and total.outcome != "ok"),
        )
        for contract in contracts
    ]


def _said(refused: ClientRefused) -> str:
    return f"{_SAID.get(refused.member, refused.member)} {str(refused).removeprefix(refused.member).strip()}."
