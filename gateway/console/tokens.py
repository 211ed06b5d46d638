"""Tokens: make one and see it once, replace it, end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from gateway.auth import issuing
from gateway.auth.issuing import Issued, IssueRefused
from gateway.config.settings import Settings
from gateway.console import formatting, scope_picker
from gateway.console.signed_in import Console, NotHere, Visit, redirect
from gateway.oauth.leak_reports import FOUND
from gateway.stores.sql import Session, tokens
from gateway.stores.sql.grants import Revoked
from gateway.stores.sql.tokens import Token

PATH: Final = "/console/tokens"
NEW: Final = f"{PATH}/new"
PAGE: Final = 25

_DAY: Final = 86_400
_OFFERED: Final = (7, 30, 60, 90, 180, 365)
_SOON: Final = timedelta(days=14)
_TOO_MANY: Final = "You have made many tokens in a short time. Try again later, or use one of those you have."
_DONE: Final = {"revoked": "The token was revoked. It stopped working at once."}


@dataclass(frozen=True, slots=True)
class Row:
    """A token as the list shows it. `state` is one of active, soon, replaced, expired, revoked."""

    id: str
    token: Token
    state: str
    mine: bool

    @property
    def live(self) -> bool:
        """Whether it opens anything now."""
        return self.state in {"active", "soon", "replaced"}

    @property
    def rotatable(self) -> bool:
        """Whether a successor may be made, by its own user only: who has the token acts as that user."""
        return self.mine and self.state in {"active", "soon"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The pages."""

    console: Console

    def routes(self) -> list[Route]:
        """Look, make, rotate, revoke."""
        route = self.console.route
        return [
            route(PATH, self.list),
            route(NEW, self.form),
            route(NEW, self.create, "POST"),
            route(f"{PATH}/{{token_id}}/rotate", self.rotate, "POST"),
            route(f"{PATH}/{{token_id}}/revoke", self.revoke, "POST"),
        ]

    async def list(self, visit: Visit) -> Response:
        """Newest first, those that ended too."""
        everybody = visit.administrator and visit.asked("whose") != "mine"
        user_id = None if everybody else visit.user.id
        found = await self.console.web.sql.read(_page, visit.user.tenant_id, user_id, visit.asked("before"))
        rows = [_row(token, visit) for token in found[:PAGE]]
        return await visit.page(
            "tokens.html",
            rows=rows,
            leaked=[row.token.name for row in rows if (row.token.revoked_reason or "").startswith(FOUND)],
            everybody=everybody,
            further=rows[-1].id if len(found) > PAGE else None,
            first=not visit.asked("before"),
            secret=await visit.shown_once(),
            newest=self.console.web.catalogue.newest,
            in_words=partial(scope_picker.in_words, self.console.web.catalogue),
            overlap=formatting.span(timedelta(seconds=self.console.web.settings.tokens.rotation_overlap)),
            done=_DONE.get(visit.asked("done"), ""),
        )

    async def form(self, visit: Visit) -> Response:
        """What a new token should be called, may do, and how long."""
        return await self._form(visit)

    async def create(self, visit: Visit) -> Response:
        """The token, shown on the page after this."""
        web, name = self.console.web, visit.one("name").strip()
        if not name or len(name) > 100 or not name.isprintable():
            return await self._form(visit, "Give the token a name of 1 to 100 characters.")
        days = visit.one("days")
        if not days.isascii() or not days.isdigit() or not 0 < len(days) < 6 or int(days) < 1:
            return await self._form(visit, "Choose when the token expires.")
        if not await self.console.may_make(visit):
            return await self._form(visit, _TOO_MANY, 429)

        def write(session: Session) -> Issued:
            return issuing.issue(
                session,
                web.keys,
                web.settings,
                web.scopes,
                visit.user,
                name=name,
                scopes=visit.every("scope"),
                lifetime=float(int(days) * _DAY),
                actor=visit.actor,
                now=visit.now,
                address=visit.address,
                audience="mcp" if visit.one("for") == "mcp" and web.settings.mcp.enabled else "api",
            )

        try:
            issued = await web.sql.run(write)
        except IssueRefused as refused:
            return await self._form(visit, _sentence(refused))
        return await self._shown(visit, issued)

    async def rotate(self, visit: Visit) -> Response:
        """A successor, shown on the page after this; the old token goes on for the overlap, or ends at once if it leaked."""
        web, old = self.console.web, await self._found(visit)
        if old.user_id != visit.user.id:
            raise NotHere
        if not await self.console.may_make(visit):
            return await visit.page("refused.html", 429, fault=_TOO_MANY, back=PATH)

        def write(session: Session) -> tuple[Issued, Token]:
            lifetime = min((old.expires_at - old.created_at).total_seconds(), web.settings.tokens.max_lifetime)
            issued, replaced = issuing.rotate(
                session,
                web.keys,
                web.settings,
                web.scopes,
                visit.user,
                old,
                lifetime=lifetime,
                actor=visit.actor,
                now=visit.now,
                address=visit.address,
            )
            if visit.one("old") == "end":
                reason = f"replaced by {visit.user.email}"
                replaced = issuing.revoke(
                    session, replaced, reason=reason, actor=visit.actor, now=visit.now, address=visit.address
                )
            return issued, replaced

        try:
            issued, replaced = await web.sql.run(write)
        except IssueRefused as refused:
            return await visit.page("refused.html", 409, fault=_sentence(refused), back=PATH)
        await self.console.announcements.announce((Revoked(replaced.tenant_id, replaced.id, replaced.generation),))
        return await self._shown(visit, issued)

    async def revoke(self, visit: Visit) -> Response:
        """End it at once, everywhere."""
        old = await self._found(visit)
        reason = f"revoked by {visit.user.email}"

        def write(session: Session) -> Token:
            return issuing.revoke(session, old, reason=reason, actor=visit.actor, now=visit.now, address=visit.address)

        ended = await self.console.web.sql.run(write)
        await self.console.announcements.announce((Revoked(ended.tenant_id, ended.id, ended.generation),))
        return redirect(PATH, {"done": "revoked"})

    async def _found(self, visit: Visit) -> Token:
        token_id = ids.TOKEN.decode(visit.request.path_params["token_id"])
        found = await self.console.web.sql.read(tokens.get, visit.user.tenant_id, token_id) if token_id else None
        if found is None or found.kind != "personal" or visit.sees not in {None, found.user_id}:
            raise NotHere
        return found

    async def _shown(self, visit: Visit, issued: Issued) -> Response:
        name = await self.console.once.keep(visit.session.id, issued.record.name, issued.token)
        return redirect(PATH, {"once": name} | ({"for": "mcp"} if issued.record.audience == "mcp" else {}))

    async def _form(self, visit: Visit, fault: str = "", status: int = 422) -> Response:
        lifetimes = self.console.web.settings
        default = str(int(lifetimes.tokens.default_lifetime // _DAY) or 1)
        return await visit.page(
            "token_new.html",
            status if fault else 200,
            fault=fault,
            called=visit.one("name"),
            families=scope_picker.families(self.console.web.catalogue, visit.may, visit.every("scope")),
            days=[(days, visit.now + timedelta(days=days)) for days in _offered(lifetimes)],
            chosen=visit.one("days") or default,
            agents=lifetimes.mcp.enabled,
            audience=visit.one("for"),
        )


def _offered(settings: Settings) -> tuple[int, ...]:
    most = max(1, int(settings.tokens.max_lifetime // _DAY))
    default = max(1, int(settings.tokens.default_lifetime // _DAY))
    return tuple(sorted({days for days in (*_OFFERED, default) if days <= most} | {min(most, _OFFERED[-1])}))


def _page(session: Session, tenant_id: str, user_id: str | None, before: str) -> tuple[Token, ...]:
    token_id = ids.TOKEN.decode(before)
    last = tokens.get(session, tenant_id, token_id) if token_id else None
    return tokens.list(session, tenant_id, user_id, kind="personal", limit=PAGE + 1, before=last)


def _row(token: Token, visit: Visit) -> Row:
    return Row(ids.TOKEN.encode(token.id), token, _state(token, visit.now), token.user_id == visit.user.id)


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at <= now:
        return "expired"
    if token.rotated_to is not None:
        return "replaced"
    return "soon" if token.expires_at - now < _SOON else "active"


def _sentence(refused: IssueRefused) -> str:
    text = str(refused)
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
