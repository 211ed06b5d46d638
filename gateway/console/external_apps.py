"""Apps that came with a token of another issuer: who they act for, and the end of it here, whatever their issuer goes on issuing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from gateway.auth.issuers import access
from gateway.console.signed_in import Console, NotHere, Visit, redirect
from gateway.stores.sql import Session, external_clients
from gateway.stores.sql.external_clients import ExternalClient
from gateway.stores.sql.grants import Revoked

MOST: Final = 200
"""Apps that the page lists: those seen first last."""

_BY_THEMSELVES: Final = "disconnected by its user"
_BY_OTHERS: Final = "disconnected by an administrator"


@dataclass(frozen=True, slots=True)
class Row:
    """One as the list shows it; `whose`: the address of its user, or the id where its tokens do not say it."""

    app: ExternalClient
    mine: bool
    whose: str
    restorable: bool


@dataclass(frozen=True, slots=True)
class ExternalApps:
    """A part of the page of connected apps, which `path` is the address of."""

    console: Console
    path: str

    def routes(self) -> list[Route]:
        """Shut out, let in."""
        return [
            self.console.route(f"{self.path}/external/{{principal}}/revoke", self.revoke, "POST"),
            self.console.route(f"{self.path}/external/{{principal}}/restore", self.restore, "POST"),
        ]

    async def rows(self, visit: Visit) -> list[Row]:
        """Those of this person; for an administrator those of everybody in the tenant."""
        if not self.console.web.settings.issuers:
            return []
        found = await self.console.web.sql.read(external_clients.latest, visit.user.tenant_id, visit.sees, MOST)
        return [
            Row(
                each,
                each.user_id == visit.user.id,
                each.user_email or ids.USER.encode(each.user_id),
                _restorable(each, visit),
            )
            for each in found
        ]

    async def revoke(self, visit: Visit) -> Response:
        """Refuse its tokens from now on, in every worker."""
        app = await self._theirs(visit)
        reason = _BY_THEMSELVES if app.user_id == visit.user.id else _BY_OTHERS

        def write(session: Session) -> ExternalClient | None:
            # Read again: what an operator has ended meanwhile must not be taken for ended here, where it could be undone.
            present = external_clients.get(session, app.id)
            if present is None or present.revoked_at is not None:
                return None
            return access.revoke(session, app.id, reason, actor=visit.actor, now=visit.now, address=visit.address)

        await self._announced(await self.console.web.sql.run(write))
        return redirect(self.path, {"done": "disconnected"})

    async def restore(self, visit: Visit) -> Response:
        """Take its tokens again."""
        app = await self._theirs(visit)

        def write(session: Session) -> ExternalClient | None:
            present = external_clients.get(session, app.id)
            if present is None or not _restorable(present, visit):
                return None
            return access.restore(session, app.id, actor=visit.actor, now=visit.now, address=visit.address)

        restored = await self.console.web.sql.run(write)
        if restored is None:
            raise NotHere
        await self._announced(restored)
        return redirect(self.path, {"done": "restored"})

    async def _theirs(self, visit: Visit) -> ExternalClient:
        found = await self.console.web.sql.read(external_clients.get, visit.request.path_params["principal"])
        if found is None or found.tenant_id != visit.user.tenant_id or visit.sees not in {None, found.user_id}:
            raise NotHere
        return found

    async def _announced(self, changed: ExternalClient | None) -> None:
        if changed is not None:
            await self.console.announcements.announce([Revoked(changed.tenant_id, changed.id, changed.generation)])


def _restorable(app: ExternalClient, visit: Visit) -> bool:
    """Whether it was shut out here, by this person or, for an administrator, by anybody; what an operator ended is the operator's."""
    mine = app.user_id == visit.user.id and app.revoked_reason == _BY_THEMSELVES
    return app.revoked_at is not None and (
        mine or (visit.administrator and app.revoked_reason in {_BY_THEMSELVES, _BY_OTHERS})
    )
