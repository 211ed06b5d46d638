"""Signing in with the internal service's credentials, and out again.

The password goes to the internal sign-in and nowhere else: not into a log, a session or a page. Failed attempts are limited
(gateway/web/attempts.py); every failure reads the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.auth.users import IdentityUnavailable, User
from gateway.observe import access, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session as SqlSession
from gateway.stores.sql import audit, tenants
from gateway.stores.sql.audit import Event
from gateway.web import csrf, forms, return_to, sessions
from gateway.web.attempts import Attempt
from gateway.web.away import told_when_away
from gateway.web.context import Web
from gateway.web.sessions import Session

PATH: Final = "/oauth/sign-in"
OUT: Final = "/oauth/sign-out"
SIGN_IN: Final = "sign-in"
SIGN_OUT: Final = "sign-out"
LEAVE: Final = "leave"  # the field of the token: it stands beside other forms on a page

_WRONG: Final = "Email or password is wrong, or the account may not sign in here."
_FOREIGN: Final = "What asked for this was no page of ours. You are signed in, or not, as before."
_STALE: Final = "This page was open for too long, or cookies are off. Try again."


def address_of(web: Web, path: str, form_action: tuple[str, ...] = ()) -> str:
    """Where to send a person who has to sign in before `path`."""
    return f"{PATH}?next={quote(return_to.sealed(web.keys, path, form_action))}"


def routes(web: Web) -> list[Route]:
    """Sign-in and sign-out."""
    pages = _Pages(web)
    return [
        Route(PATH, told_when_away(web, pages.show), methods=["GET"]),
        Route(PATH, told_when_away(web, pages.sign_in), methods=["POST"]),
        Route(OUT, told_when_away(web, pages.sign_out), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Pages:
    web: Web

    async def show(self, request: Request) -> Response:
        """The form; who is signed in already goes on."""
        after = request.query_params.get("next", "")
        session = await self.web.sessions.find(request)
        if session is not None:
            return RedirectResponse(return_to.opened(self.web.keys, after)[0], 303)
        visitor = sessions.holder(request)
        answer = self._form(request, after, visitor or (made := sessions.visiting()))
        if visitor is None:
            sessions.keep(answer, request, made)
        return answer

    async def sign_in(self, request: Request) -> Response:
        """Check the form, the limits and the credentials, in this order; then a new session."""
        web = self.web
        form = await forms.read(request, web.settings.server.body_timeout)
        after, email = form.get("next", ""), form.get("email", "").strip()
        visitor = sessions.holder(request)
        if visitor is None or not await web.csrf.redeem(request, visitor, form.get(csrf.FIELD, ""), SIGN_IN):
            return await self._stale(request, after, email)
        attempt = Attempt(web.services.limiter, web.settings.limits, web.address(request), email)
        wait = await attempt.wait()
        if wait:
            fault = f"Too many attempts to sign in. Try again in {wait} seconds."
            answer = self._form(request, after, visitor, email=email, fault=fault, status=429)
            answer.headers["Retry-After"] = str(wait)
            return answer
        try:
            session = await self._session(request, email, form.get("password", ""))
        except (IdentityUnavailable, StoreUnavailable):
            await attempt.forgive()
            raise
        if session is None:
            metrics.auth_failure("sign_in_failed")
            return self._form(request, after, visitor, email=email, fault=_WRONG, status=401)
        await attempt.forgive()
        answer = RedirectResponse(return_to.opened(web.keys, after)[0], 303)
        answer.headers["Cache-Control"] = "no-store"
        sessions.keep(answer, request, session.id)
        return answer

    async def _stale(self, request: Request, after: str, email: str) -> Response:
        """What a form gets that is not ours, or no longer. No cookie: the browser may hold somebody's session."""
        if csrf.is_ours(request):
            # In another tab, perhaps, they have signed in meanwhile.
            if await self.web.sessions.find(request) is not None:
                return RedirectResponse(return_to.opened(self.web.keys, after)[0], 303)
            visitor = sessions.holder(request)
            if visitor is not None:
                return self._form(request, after, visitor, email=email, fault=_STALE, status=403)
        link = {"href": f"{PATH}?next={quote(after)}", "text": "Sign in"}
        return self._told(request, "This page cannot be used", _STALE, 403, link)

    async def sign_out(self, request: Request) -> Response:
        """End the session, then to the form: for who goes on as somebody else."""
        web = self.web
        form = await forms.read(request, web.settings.server.body_timeout)
        if not csrf.is_ours(request):
            return self._told(request, "Nothing was changed", _FOREIGN, 403)
        session = await web.sessions.find(request)
        after = form.get("next", "")
        answer = RedirectResponse(f"{PATH}?next={quote(after)}" if after else PATH, 303)
        if session is not None:
            if not await web.csrf.redeem(request, session.id, form.get(LEAVE, ""), SIGN_OUT):
                return self._told(request, "You are still signed in", _STALE, 403)
            await web.sessions.end(session)
            await web.sql.run(_noted, session.tenant_id, f"user:{session.user_id}", "session.end", web.address(request))
            sessions.keep(answer, request, sessions.visiting())
        return answer

    def _form(
        self, request: Request, after: str, visitor: str, *, email: str = "", fault: str = "", status: int = 200
    ) -> Response:
        web = self.web
        return web.templates.page(
            request,
            "sign_in.html",
            status,
            form_action=return_to.opened(web.keys, after)[1],
            csrf=web.csrf.issue(visitor, SIGN_IN),
            next=after,
            email=email,
            fault=fault,
        )

    def _told(
        self, request: Request, heading: str, text: str, status: int, link: dict[str, str] | None = None
    ) -> Response:
        return self.web.templates.page(request, "message.html", status, heading=heading, text=text, link=link)

    async def _session(self, request: Request, email: str, password: str) -> Session | None:
        web, address = self.web, self.web.address(request)
        if not 0 < len(email) <= 320 or not 0 < len(password) <= 1000:
            return None
        signed_in = await web.identities.live.sign_in(email, password)
        if signed_in is None:
            await web.sql.run(_noted, None, "visitor", "session.refused", address)
            return None
        # The answer to a sign-in may be older than the account's state: ask what the user is now.
        user = await web.identities.live.user(signed_in.user.tenant_id, signed_in.user.id)
        tenant = await web.sql.read(tenants.get, signed_in.user.tenant_id)
        if user is None or not user.active or tenant is None:
            return None
        session = await web.sessions.start(
            tenant_id=tenant.id, tenant_name=tenant.name, user_id=user.id, email=user.email, name=user.name
        )
        await web.sql.run(_noted, tenant.id, f"user:{user.id}", "session.start", address)
        return session


async def signed_in(web: Web, request: Request) -> tuple[Session, User] | None:
    """Session and user as they are now, for pages that need somebody. IdentityUnavailable when that cannot be known."""
    session = await web.sessions.find(request)
    if session is None:
        return None
    user = await web.identities.of(session.mode).live_user(session.tenant_id, session.user_id)
    if user is None or not user.active:
        await web.sessions.end(session)
        return None
    access.entry.get().tenant = session.tenant_id
    return session, user


def _noted(session: SqlSession, tenant_id: str | None, actor: str, action: str, address: str) -> None:
    audit.append(
        session,
        Event(at=datetime.now(UTC), tenant_id=tenant_id, actor=actor, action=action, subject=actor, address=address),
    )
