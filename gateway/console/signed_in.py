"""One request of somebody who is signed in: who they are, what they sent, and the pages they get in return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.api.rate_limits import policy
from gateway.auth.scopes import allowed
from gateway.auth.users import IdentityUnavailable, User
from gateway.console import formatting
from gateway.console.one_time_secrets import Once
from gateway.oauth.announce_revoked import Announcements
from gateway.observe import metrics
from gateway.stores.errors import NoSuchRow, StoreUnavailable
from gateway.web import csrf, forms, return_to, sign_in
from gateway.web.away import away
from gateway.web.context import Web
from gateway.web.sessions import Session
from gateway.web.templates import stamped

HOME: Final = "/console"
AGENTS: Final = f"{HOME}/agents"
SANDBOXES: Final = f"{HOME}/sandboxes"
APPS: Final = f"{HOME}/apps"
SECTIONS: Final = (
    ("/console/tokens", "Tokens"),
    ("/console/connected", "Connected apps"),
    (AGENTS, "Agents"),
    (APPS, "My apps"),
    (SANDBOXES, "Sandboxes"),
    ("/console/webhooks", "Webhooks"),
    ("/console/history", "Activity"),
    ("/console/usage", "Usage"),
)

# What a sandbox has none of: its apps would be nobody's when it is over.
_OUTSIDE: Final = (APPS, SANDBOXES)
# Sections that a role may be shut out of, with what opens them.
_GUARDED: Final = {"/console/webhooks": "webhook.read"}

ASSETS: Final = f"{HOME}/assets"

_STYLESHEET: Final = stamped("gateway.console", "console.css", ASSETS)
_SCRIPT: Final = stamped("gateway.console", "console.js", ASSETS)
_PURPOSE: Final = "console"
_STALE: Final = "It was sent already, is too old, or was not made by this site. Nothing was changed."


class NotHere(Exception):
    """There is no such thing, or it is none of this person's business: both look the same."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`form`: the posted fields, empty for a page that is only looked at."""

    console: Console
    request: Request
    session: Session
    user: User
    form: tuple[tuple[str, str], ...]
    now: datetime

    @property
    def administrator(self) -> bool:
        """Whether this person looks after all tokens of the tenant."""
        return self.user.role in self.console.web.settings.console.administrators

    @property
    def sees(self) -> str | None:
        """Whose things are shown: everybody's of the tenant for None."""
        return None if self.administrator else self.user.id

    @property
    def may(self) -> frozenset[str]:
        """The single scopes that the role allows now."""
        web = self.console.web
        return allowed(web.scopes, self.user.role, web.settings.roles)

    @property
    def actor(self) -> str:
        """As the audit names this person."""
        return f"user:{self.user.id}"

    @property
    def address(self) -> str:
        """Where the request came from."""
        return self.console.web.address(self.request)

    def one(self, name: str) -> str:
        """A field of the form; empty when it is missing or came twice."""
        found = self.every(name)
        return found[0] if len(found) == 1 else ""

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for field, value in self.form if field == name)

    def asked(self, name: str) -> str:
        """A parameter of the query."""
        return self.request.query_params.get(name, "")

    async def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page of the console, with what its frame needs."""
        web, path = self.console.web, self.request.url.path
        return web.templates.page(
            self.request,
            template,
            status,
            scripts=True,
            console_stylesheet=_STYLESHEET,
            console_script=_SCRIPT,
            visit=self,
            words=formatting,
            sections=[
                (href, name, path == href or path.startswith(f"{href}/"))
                for href, name in SECTIONS
                if _GUARDED.get(href) in {None, *self.may} and self._has(href)
            ],
            csrf=web.csrf.issue(self.session.id, _PURPOSE),
            sign_out=web.csrf.issue(self.session.id, sign_in.SIGN_OUT),
            next=return_to.sealed(web.keys, HOME),
            **values,
        )

    def _has(self, href: str) -> bool:
        settings = self.console.web.settings
        if self.session.mode == "test" and href in _OUTSIDE:
            return False
        return {AGENTS: settings.mcp.enabled, SANDBOXES: settings.test.enabled}.get(href, True)

    async def shown_once(self) -> tuple[str, str] | None:
        """Title and text of the secret that the form before this page made."""
        # A HEAD shows nothing to anybody, so it must not use the one time up.
        if self.request.method != "GET":
            return None
        return await self.console.once.take(self.session.id, self.asked("once"))


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages are made with."""

    web: Web
    once: Once
    announcements: Announcements

    def route(self, path: str, handler: Handler, method: str = "GET") -> Route:
        """A page for people who are signed in: others sign in first, and a form must be ours."""

        async def endpoint(request: Request) -> Response:
            try:
                return await self._visited(request, handler)
            except (NotHere, NoSuchRow):
                return self._told(request, 404, "Not found", "There is nothing here, or nothing that is yours to see.")
            except (StoreUnavailable, IdentityUnavailable) as error:
                return away(self.web, request, error)

        return Route(path, endpoint, methods=[method])

    async def may_make(self, visit: Visit) -> bool:
        """Whether this person may have another token: each is a row that is kept, and shown, for ever."""
        limit = policy("new_tokens", self.web.settings.limits.new_tokens, "address")
        of = f"{visit.user.tenant_id}/{visit.user.id}"
        verdict = await self.web.services.limiter.admit_address(of, limit)
        if not verdict.allowed:
            metrics.rate_limited(limit.name)
        return verdict.allowed

    async def _visited(self, request: Request, handler: Handler) -> Response:
        web = self.web
        found = await sign_in.signed_in(web, request)
        if found is None:
            return redirect(sign_in.address_of(web, _after_sign_in(request)))
        session, user = found
        if session.mode == "test" and request.url.path.startswith(_OUTSIDE):
            raise NotHere
        form: tuple[tuple[str, str], ...] = ()
        if request.method == "POST":
            form = await forms.pairs(request, web.settings.server.body_timeout)
            sent = [value for name, value in form if name == csrf.FIELD]
            token = sent[0] if len(sent) == 1 else ""
            if not await web.csrf.redeem(request, session.id, token, _PURPOSE):
                return self._told(request, 403, "This form cannot be used", _STALE)
        return await handler(Visit(self, request, session, user, form, datetime.now(UTC)))

    def _told(self, request: Request, status: int, heading: str, text: str) -> Response:
        path = request.url.path
        href = next((href for href, _ in SECTIONS if path.startswith(href)), HOME)
        link = {"href": href, "text": "Back to the console"}
        return self.web.templates.page(request, "message.html", status, heading=heading, text=text, link=link)


def redirect(path: str, query: Mapping[str, str] | None = None) -> Response:
    """On to a page, as after every form: reloading it repeats nothing."""
    target = f"{path}?{urlencode(query)}" if query else path
    return RedirectResponse(target, 303, headers={"Cache-Control": "no-store"})


def _after_sign_in(request: Request) -> str:
    if request.method == "POST":
        return HOME
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
