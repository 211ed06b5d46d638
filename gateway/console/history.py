"""What happened: the audit log of the tenant in sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from gateway.auth.users import IdentityUnavailable
from gateway.console import formatting
from gateway.console.signed_in import Console, Visit
from gateway.stores.sql import Session, audit, clients, external_clients, grants, tokens
from gateway.stores.sql.audit import Event
from gateway.web.sessions import Session as SignedIn

PATH: Final = "/console/history"
PAGE: Final = 40

_SOMEBODY: Final = {
    "cli": "An operator",
    "serve": "The gateway",
    "scanner": "A secret scanner",
    "visitor": "A visitor",
}
_PROGRAMS: Final = {"client": "An app", "external": "An app", "grant": "An app", "token": "A token"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as a sentence: `who` did `before` `thing` `after`."""

    event: Event
    who: str
    before: str
    thing: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """The page."""

    console: Console

    def routes(self) -> list[Route]:
        """Look; nothing here can be changed."""
        return [self.console.route(PATH, self.list)]

    async def list(self, visit: Visit) -> Response:
        """Newest first: of the whole tenant for administrators, for others what is by them or about what is theirs."""
        web, tenant_id = self.console.web, visit.user.tenant_id
        before = visit.asked("before")
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
        found = await web.sql.read(audit.page, tenant_id, visit.sees, limit=PAGE + 1, before=number)
        shown = found[:PAGE]
        names = await web.sql.read(_things, tenant_id, {event.subject for event in shown} | _apps(shown))
        people = await self._people(visit.session, {event.actor for event in shown})
        entries = [_entry(event, visit, people, names) for event in shown]
        return await visit.page(
            "history.html",
            days=_by_day(entries),
            further=shown[-1].id if len(found) > PAGE else None,
            first=number is None,
        )

    async def _people(self, session: SignedIn, actors: Collection[str]) -> Mapping[str, str]:
        """Names of users by actor; those that the auth service does not know any more are left out."""
        users = [actor for actor in actors if actor.startswith("user:")]
        asked = [self._name(session, actor.partition(":")[2]) for actor in users]
        names = await asyncio.gather(*asked)
        return {actor: name for actor, name in zip(users, names, strict=True) if name is not None}

    async def _name(self, session: SignedIn, user_id: str) -> str | None:
        try:
            user = await self.console.web.identities.of(session.mode).live_user(session.tenant_id, user_id)
        except IdentityUnavailable:
            return None
        return None if user is None else user.name


def _apps(events: Collection[Event]) -> set[str]:
    named = {f"client:{event.detail['client']}" for event in events if "client" in event.detail}
    return named | {event.actor for event in events if event.actor.startswith("client:")}


def _things(session: Session, tenant_id: str, subjects: Collection[str]) -> Mapping[str, str]:
    """Names of tokens and apps by subject."""
    found: dict[str, str] = {}
    for subject in subjects:
        kind, _, name = subject.partition(":")
        if kind == "token" and (token := tokens.get(session, tenant_id, name)) is not None:
            found[subject] = token.name
        elif kind == "grant" and (grant := grants.get(session, name)) is not None and grant.tenant_id == tenant_id:
            client = clients.get(session, grant.client_id)
            found[subject] = client.name if client is not None else grant.client_id
        elif kind == "external" and (external := external_clients.get(session, name)) is not None:
            found[subject] = external.client_id
        elif kind == "client" and (client := clients.get(session, name)) is not None:
            found[subject] = client.name
    return found


def _entry(event: Event, visit: Visit, people: Mapping[str, str], names: Mapping[str, str]) -> Entry:
    kind = event.actor.partition(":")[0]
    if event.actor == visit.actor:
        who = "You"
    elif kind in _PROGRAMS:
        who = names.get(event.actor, _PROGRAMS[kind])
    else:
        who = people.get(event.actor) or _SOMEBODY.get(kind, "Somebody who is gone")
    before, after = formatting.told(event.action)
    thing = ""
    if formatting.names_a_thing(event.action):
        app = names.get(f"client:{event.detail.get('client')}")
        thing = app or names.get(event.subject) or str(event.detail.get("name") or "that is gone")
    # What a person did needs no further reason: the reason kept with it says that they did it.
    why = "" if kind == "user" else str(event.detail.get("reason", ""))
    return Entry(event, who, before, thing, after, why)


def _by_day(entries: list[Entry]) -> list[tuple[str, list[Entry]]]:
    days: dict[str, list[Entry]] = {}
    for entry in entries:
        days.setdefault(formatting.day(entry.event.at), []).append(entry)
    return list(days.items())
