"""Connected apps: what others' programs may do in somebody's name, or would get without asking, and the end of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from gateway.console.external_apps import ExternalApps
from gateway.console.signed_in import Console, NotHere, Visit, redirect
from gateway.oauth import consent, token_families
from gateway.oauth.consent import Group
from gateway.stores.sql import Session, connections
from gateway.stores.sql.connections import Connection
from gateway.stores.sql.grants import Revoked

PATH: Final = "/console/connected"

_DONE: Final = {
    "disconnected": "The app was disconnected. Its access ended at once.",
    "restored": "The app has its access again.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A connection as the list shows it; `whose`: the address of the user, or the id of one who never had a token."""

    connection: Connection
    groups: tuple[Group, ...]
    mine: bool
    whose: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The pages."""

    console: Console

    def routes(self) -> list[Route]:
        """Look, disconnect."""
        return [
            self.console.route(PATH, self.list),
            self.console.route(f"{PATH}/{{client_id}}/disconnect", self.disconnect, "POST"),
            *self._external.routes(),
        ]

    @property
    def _external(self) -> ExternalApps:
        return ExternalApps(self.console, PATH)

    async def list(self, visit: Visit) -> Response:
        """The apps of this person; for an administrator those of everybody in the tenant."""
        found = await self.console.web.sql.read(connections.live, visit.user.tenant_id, visit.sees, visit.now)
        rows = [_row(connection, visit) for connection in found]
        external = await self._external.rows(visit)
        done = _DONE.get(visit.asked("done"), "")
        return await visit.page("connected.html", rows=rows, external=external, done=done)

    async def disconnect(self, visit: Visit) -> Response:
        """End everything this user granted to this app, and forget the consent."""
        web, tenant_id = self.console.web, visit.user.tenant_id
        client_id, user_id = visit.request.path_params["client_id"], visit.one("user") or visit.user.id
        if visit.sees not in {None, user_id} or not user_id.isprintable():
            raise NotHere
        found = await web.sql.read(connections.live, tenant_id, user_id, visit.now)
        if all(connection.client_id != client_id for connection in found):
            raise NotHere

        def write(session: Session) -> tuple[Revoked, ...]:
            return token_families.disconnect(
                session, client_id, tenant_id, user_id, actor=visit.actor, now=visit.now, address=visit.address
            )

        await self.console.announcements.announce(await web.sql.run(write))
        return redirect(PATH, {"done": "disconnected"})


def _row(connection: Connection, visit: Visit) -> Row:
    mine = connection.user_id == visit.user.id
    # Of others' roles nothing is said: the page does not ask the auth service about each of them.
    groups = consent.asked(
        visit.console.web.catalogue, connection.scopes, visit.may if mine else visit.console.web.scopes.single
    )
    return Row(connection, groups, mine, connection.user_email or ids.USER.encode(connection.user_id))
