"""Sandboxes: workspaces with invented data for whoever writes programs, and the way into one and out again.

Inside, the console is the sandbox's own: its tokens, its webhooks, its usage, of its own users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from gateway.auth.users import IdentityUnavailable
from gateway.console.signed_in import SANDBOXES, Console, NotHere, Visit, redirect
from gateway.problems import Problem
from gateway.sandboxes.control import Seed
from gateway.sandboxes.keeping import Sandboxes, Wanted
from gateway.stores.sql import sandboxes, tenants
from gateway.stores.sql.tenants import Tenant
from gateway.upstream import UpstreamError
from gateway.web import sessions

PATH: Final = SANDBOXES
LEAVE: Final = "/console/leave"

_LIFETIMES: Final = {"3600": "one hour", "86400": "one day", "604800": "a week"}
_SEEDS: Final = {"small": "a handful of records", "default": "a whole firm", "empty": "nothing but users"}
_DONE: Final = {"deleted": "The sandbox was deleted, and its tokens ended."}
_TOO_MANY: Final = "You made many sandboxes just now. Try again later."


@dataclass(frozen=True, slots=True)
class Playground:
    """The pages."""

    console: Console
    kept: Sandboxes

    def routes(self) -> list[Route]:
        """Look, make, open, delete, leave."""
        route, one = self.console.route, f"{PATH}/{{sandbox_id}}"
        return [
            route(PATH, self.list),
            route(PATH, self.create, "POST"),
            route(f"{one}/open", self.open, "POST"),
            route(f"{one}/delete", self.delete, "POST"),
            route(LEAVE, self.leave, "POST"),
        ]

    async def list(self, visit: Visit) -> Response:
        """Those of the workspace, newest first."""
        return await self._page(visit)

    async def create(self, visit: Visit) -> Response:
        """A sandbox of the workspace's; its token is on the page after this."""
        web, seconds, seed = self.console.web, visit.one("ttl"), visit.one("seed")
        longest = web.settings.test.max_lifetime
        if seconds not in _LIFETIMES or seed not in _SEEDS or int(seconds) > longest:
            return await self._page(visit, "Choose how long it lives and what it begins with.", 422)
        if not await self.console.may_make(visit):
            return await self._page(visit, _TOO_MANY, 429)
        owner = await web.sql.read(tenants.get, visit.user.tenant_id)
        if owner is None:
            raise NotHere
        wanted = Wanted(float(seconds), Seed(seed), "owner", visit.actor, visit.address)
        try:
            made = await self.kept.create(owner, wanted)
        except Problem as problem:
            return await self._page(visit, problem.detail, problem.status)
        except UpstreamError as error:
            raise IdentityUnavailable("the sandbox program cannot be asked") from error
        name = await self.console.once.keep(visit.session.id, ids.TENANT.encode(made.tenant.id), made.token)
        return redirect(PATH, {"once": name})

    async def open(self, visit: Visit) -> Response:
        """Into the sandbox, as its owner."""
        found = await self._found(visit)
        try:
            members = await self.kept.control.members(found.id)
        except (Problem, UpstreamError) as error:
            raise IdentityUnavailable("the sandbox program cannot be asked") from error
        acting = next((each for each in members if each.role == "owner"), None)
        if acting is None:
            raise NotHere
        session = await self.console.web.sessions.start(
            tenant_id=found.id,
            tenant_name=found.name,
            user_id=acting.user_id,
            email=acting.email,
            name=acting.email,
            mode="test",
            behind=self.console.web.sessions.sealed(visit.session, self.console.web.keys),
        )
        answer = redirect("/console/tokens")
        sessions.keep(answer, visit.request, session.id)
        return answer

    async def leave(self, visit: Visit) -> Response:
        """Back to where one came from; to the sign-in, where that has ended meanwhile."""
        web = self.console.web
        before = web.sessions.opened(visit.session, web.keys)
        await web.sessions.end(visit.session)
        answer = redirect(PATH)
        sessions.keep(answer, visit.request, before or sessions.visiting())
        return answer

    async def delete(self, visit: Visit) -> Response:
        """With all that is in it."""
        found = await self._found(visit)
        try:
            await self.kept.delete(found.id, visit.actor, visit.address)
        except (Problem, UpstreamError) as error:
            raise IdentityUnavailable("the sandbox program cannot be asked") from error
        return redirect(PATH, {"done": "deleted"})

    async def _found(self, visit: Visit) -> Tenant:
        tenant_id = ids.TENANT.decode(visit.request.path_params["sandbox_id"])
        found = await self.console.web.sql.read(sandboxes.get, tenant_id) if isinstance(tenant_id, str) else None
        if found is None or found.owner_id != visit.user.tenant_id:
            raise NotHere
        return found

    async def _page(self, visit: Visit, fault: str = "", status: int = 200) -> Response:
        web = self.console.web
        found = await web.sql.read(sandboxes.list, visit.user.tenant_id, visit.now)
        longest = web.settings.test.max_lifetime
        return await visit.page(
            "sandboxes.html",
            status,
            rows=[(ids.TENANT.encode(each.id), each) for each in found],
            lifetimes={seconds: words for seconds, words in _LIFETIMES.items() if int(seconds) <= longest},
            seeds=_SEEDS,
            secret=await visit.shown_once(),
            newest=web.catalogue.newest,
            fault=fault,
            done=_DONE.get(visit.asked("done"), ""),
        )
