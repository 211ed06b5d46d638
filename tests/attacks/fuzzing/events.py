"""The ingest port as a door of its own: events as services post them, and what holds of every answer and of all that is kept.

In two ways that it can be set up: as one that believes nobody, and as one that believes who signs.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

import orjson
from sqlalchemy import func, select

from adapters.core.compile.events import EventTypes
from gateway.keys.keyring import Keyring
from gateway.keys.purposes import FACTS
from gateway.stores.sql import Sql, webhook_events
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_models import DeliveryRow, EventRow, QueueRow
from tests.attacks.driving import record
from tests.attacks.fuzzing.asked import Asked, Request
from tests.attacks.fuzzing.inside import Said
from tests.attacks.fuzzing.values import text, value
from tests.live import NEWEST

HEADER: Final = "X-Signature"
KEY: Final = "what the settings service signs with"
UNSIGNED, SIGNED = "event", "signed event"
_OLDEST = "2026-06-01"
_SAID: Final = {
    400: {"malformed", "gone"},
    403: {"tenant_mismatch", "unsigned"},
    404: {"unknown_capability"},
    405: {"malformed"},
    408: {"gone"},
    413: {"too_large"},
}
_PLACES: Final = (
    "/in/{}/",
    "/in/{}%00",
    "/in/{}%0a",
    "/in/{}%2f..",
    "/in/%20{}",
    "/in//{}",
    "//in/{}",
    "/in",
    "/in/",
    "/IN/{}",
    "/in/../in/{}",
    "/in/" + "a" * 129,
    "/in/" + "a" * 4000,
    "/in/%ff",
    "/in/\u00e9",
    "/in/{}?x=1",
    "/in/{}#x",
    "/readyz",
    "/healthz",
    "/",
    "*",
    "http://elsewhere.example/in/{}",
    "/in/{}\\",
)


class Events:
    """capabilities: of a tenant, and of another."""

    def __init__(self, types: EventTypes, tenant: str, capabilities: Sequence[str], host: str) -> None:
        self._told = [json.dumps(each) for each in _told(types, tenant)]
        self._capabilities = capabilities
        self._host = ("Host", host.encode())

    def post(self, random: Random) -> Asked:
        """One event, to the door that believes nobody or to the one that believes who signs."""
        document = json.loads(random.choice(self._told))
        # The same one is a repetition, of which nothing more is kept.
        document["data"]["note"] = random.random()
        chance, ours = random.random(), self._capabilities[0]
        place = f"/in/{ours}"
        if chance < 0.1:
            place = random.choice(_PLACES).replace("{}", ours)
        elif chance < 0.14:
            place = f"/in/{ours[:-1]}{random.choice('aA0_-')}"
        elif chance < 0.18:
            place = f"/in/{self._capabilities[1]}"
        elif chance < 0.2:
            place = f"/in/%{ord(ours[0]):02x}{ours[1:]}"
        headers = [self._host, ("Content-Type", b"application/json")]
        asked = Asked(random.choice((UNSIGNED, SIGNED)), "POST", place, headers=headers, document=document)
        if random.random() < 0.2:
            document[random.choice(("event", "tenantId", "data", "timestamp"))] = value(random)
        elif random.random() < 0.1:
            document["data"][text(random)] = value(random)
        if asked.name == SIGNED and random.random() < 0.85:
            asked.signing = signed
        return asked


def signed(body: bytes) -> tuple[str, bytes]:
    """The header by which the service proves itself."""
    return HEADER, hmac.digest(KEY.encode(), body, "sha256").hex().encode()


def _told(types: EventTypes, tenant: str) -> Iterator[dict[str, Any]]:
    for kind in types.named.values():
        declared, shape = kind.declared, kind.shapes[NEWEST]
        inner = kind.id.decode(kind.id.sample())
        parts = list(inner) if isinstance(inner, tuple) else [inner]
        data = dict(zip(declared.id, parts, strict=True))
        held, values = {field.today: field.held for field in shape.fields}, record(shape)
        for name, member in (*declared.facts.items(), *declared.previous.items()):
            data.setdefault(member, values.get(held.get(name, "")))
        if declared.having:
            data.setdefault(declared.having, "x")
        if declared.lacking:
            data.pop(declared.lacking, None)
        moment = "2026-06-17T14:30:00.000Z"
        yield {"event": declared.internal, "timestamp": moment, "tenantId": tenant, "data": data}
    yield {"event": "moon.landed", "timestamp": None, "tenantId": tenant, "data": {}}


class EventLaw:
    """Of what is accepted its type and its id are kept, of what is signed its declared facts, too; of all else nothing is."""

    def __init__(self, sql: Sql, keys: Keyring, types: EventTypes, tenant: str, secrets: Sequence[str]) -> None:
        self._sql = sql
        self._keys = keys
        self._types = types
        self._tenant = tenant
        self.secrets = list(secrets)
        self._kept: tuple[int, ...] = ()
        self.accepted = 0

    def look(self) -> None:
        """What is there, before something is asked."""
        self._kept = self._counted()

    def broken(self, said: Sequence[Said], request: Request) -> str:
        """How it was broken by what was answered to one request; empty when it was not."""
        faults = [self._answer(each, bodiless=request.method == "HEAD") for each in said]
        ids = [orjson.loads(each.body).get("id") for each in said if each.status == 200 and each.body[:1] == b"{"]
        accepted = [each for each in ids if each is not None]
        if not said and not request.wild:
            faults.append("no answer")
        before, after = self._kept, self._counted()
        written = after[0] - before[0]
        # Who leaves before the answer may have been heard.
        if written != len(accepted) and not (request.wild and written > len(accepted)):
            faults.append(f"{written} events were written, {len(accepted)} accepted")
        if after[1:] != before[1:] and not written:
            faults.append("something is to be delivered of what was refused")
        self.accepted += len(accepted)
        faults += [self._event(each, signs=request.name == SIGNED) for each in accepted]
        return "; ".join(filter(None, faults))

    def _counted(self) -> tuple[int, ...]:
        with self._sql.session(read_only=True) as session:
            rows = (EventRow, DeliveryRow, QueueRow)
            return tuple(session.scalar(select(func.count()).select_from(row)) or 0 for row in rows)

    def _answer(self, said: Said, *, bodiless: bool) -> str:
        if not said.whole:
            return f"no whole answer: {said.status}"
        if any(each.encode() in said.head + said.body for each in self.secrets):
            return "a secret was told"
        if said.header(b"content-type") != b"application/json":
            return f"status {said.status} as {said.header(b'content-type')!r}"
        if not said.body:
            return "" if bodiless or said.status in (200, 404, 405) else f"status {said.status} without a body"
        told = orjson.loads(said.body)
        if said.status == 200:
            return "" if set(told) <= {"id", "sql"} else f"accepted with {told}"
        return "" if told.get("error") in _SAID.get(said.status, ()) else f"status {said.status}: {told}"

    def _event(self, public: str, *, signs: bool) -> str:
        with self._sql.session(read_only=True) as session:
            event = webhook_events.get(session, public.removeprefix("evt_"))
        if event is None:
            return f"{public} was accepted, and is not there"
        kind = self._types.named[event.type]
        if (event.tenant_id, event.origin, event.audience) != (self._tenant, "service", None):
            return f"not of the tenant, or not for all: {event}"
        if kind.id.decode(event.object_id) is None:
            return f"no id: {event.object_id!r}"
        if event.occurred_at > event.received_at:
            return f"it has not happened yet: {event}"
        if event.facts_sealed is None:
            return ""
        return self._facts(event) if signs else "what nobody signed was believed"

    def _facts(self, event: Event) -> str:
        kind = self._types.named[event.type]
        facts = orjson.loads(self._keys.open(FACTS, self._tenant, event.facts_sealed or "", b""))
        declared = {*kind.declared.facts, *(f"previous.{each}" for each in kind.declared.previous)}
        if not set(facts) <= declared:
            return f"facts that are none: {set(facts) - declared}"
        for date in (NEWEST, _OLDEST):
            # Whatever they hold, they can be told to a subscriber in its contract.
            told = kind.facts(facts, event.object_id, date)
            before = kind.previous(facts, event.object_id, date) or {}
            known = {"id", *(field.name for field in kind.shapes[date].fields)}
            if not ({*told} | {*before}) <= known:
                return f"told in {date}: {told}, {before}"
            orjson.dumps([told, before])
        return ""
