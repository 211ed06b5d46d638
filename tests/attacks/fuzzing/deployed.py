"""A deployment's own parts in this process, on its stores: the application, and the ingest port as it can be set up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from gateway.app import create
from gateway.config import Runtime, load
from gateway.deployment import built_in
from gateway.keys.keyring import Keyring
from gateway.stores.limits import Limiter
from gateway.stores.redis_url import connect
from gateway.stores.sql import Sql
from gateway.webhooks.ingest import Ingest
from gateway.webhooks.intake import Intake
from tests.attacks.fuzzing.asked import Asked, Request
from tests.attacks.fuzzing.events import HEADER, KEY, SIGNED, UNSIGNED, EventLaw, Events
from tests.attacks.fuzzing.inside import Inside, Line, Said, first
from tests.attacks.fuzzing.service import Service
from tests.live import SERVICES, Live
from tests.process.ingested import registered

_ON_A_LINE = 50  # requests on one connection


class Door:
    """One that is asked over lines of its own."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._line: Line | None = None
        self._asked = 0

    async def answers(self, method: str, pieces: list[bytes], *, wild: bool) -> list[Said]:
        """All that is answered to it."""
        if wild:
            received = await self._inside.line().pour(pieces)
            return list(apart(received, method.encode()))
        if self._line is None or self._line.closed or self._asked >= _ON_A_LINE:
            self.end()
            self._line, self._asked = self._inside.line(), 0
        self._asked += 1
        said = await self._line.ask(method, pieces[0])
        if said.header(b"connection") == b"close":
            self.end()
        return [said]

    def end(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.hang_up()
        self._line = None


def apart(received: bytes, method: bytes) -> Iterator[Said]:
    """The answers in all that was received until the end."""
    while received:
        _, _, rest = received.partition(b"\r\n\r\n")
        # Bytes may have become another request, whose answer has a body.
        bodiless = method == b"HEAD" and (not rest or rest.startswith(b"HTTP/1.1 "))
        found = first(received, b"HEAD" if bodiless else b"", closed=True)
        if found is None:
            yield Said(0, b"", received, whole=False)
            return
        said, size = found
        yield said
        received = received[size:]


@dataclass
class Target:
    """The application before a service that knows its answers, and the two ingest ports with what they are asked and held to."""

    service: Service
    front: Door
    ingests: dict[str, Door]
    events: Events
    law: EventLaw

    async def ask(self, asked: Asked) -> Said:
        """A request that is one."""
        return (await self.front.answers(asked.method, [asked.bytes()], wild=False))[0]

    async def answers(self, request: Request) -> list[Said]:
        """All that is answered to it, at the door that it is for."""
        self.service.calls.clear()
        door = self.ingests.get(request.name, self.front)
        if door is not self.front:
            self.law.look()
        return await door.answers(request.method, request.pieces, wild=request.wild)

    def end(self) -> None:
        """Hang up everywhere."""
        for door in (self.front, *self.ingests.values()):
            door.end()


@asynccontextmanager
async def inside(live: Live, service: Service) -> AsyncIterator[Target]:
    """Those of a deployment that runs, which knows nothing of them."""
    facts = live.served.facts()
    facts["service_keys"] = {"auth": live.service_key}
    facts["service_urls"] = dict.fromkeys(("auth", *SERVICES), service.url)
    facts |= {"test_url": service.url, "test_key": live.service_key, "control_key": live.service_key}
    runtime = Runtime.from_json(json.dumps(facts))
    place = {"server": {"data_dir": str(runtime.data_dir)}}
    settings = load(live.served.home / "config.yaml", {}, place)
    (live.served.home / "ingest-key").write_text(KEY)
    signature = {
        "header": HEADER,
        "scheme": "hmac-sha256-hex",
        "secret": {"file": str(live.served.home / "ingest-key")},
    }
    believing = load(live.served.home / "config.yaml", {}, {**place, "webhooks": {"ingest": {"signature": signature}}})
    async with AsyncExitStack() as stack:
        app = create(settings, runtime)
        await app.start()
        stack.push_async_callback(app.aclose)
        line = await connect(runtime.redis_url, timeout=1.0)
        stack.push_async_callback(line.aclose)
        sql, keys = Sql(runtime.sql_url), Keyring.load((live.served.data_dir / "keyring.json").read_text())
        stack.callback(sql.close)
        types, intake = built_in().events(settings.ids), Intake(sql, lambda _: None)
        doors = {
            name: Door(Inside.courier(Ingest(each, types, sql, keys, Limiter(line, 1), intake)))
            for name, each in ((UNSIGNED, settings), (SIGNED, believing))
        }
        tenant = live.a.business_id
        capabilities = [registered(sql, keys, each.business_id) for each in (live.a, live.b)]
        events = Events(types, tenant, capabilities, "gateway.svc:9191")
        law = EventLaw(sql, keys, types, tenant, [*capabilities, KEY, live.a.api_key])
        target = Target(service, Door(Inside.worker(app)), doors, events, law)
        stack.callback(target.end)
        yield target
