"""Fifty thousand hostile requests in every run, a million in `make fuzz` (HOSTILE_REQUESTS): no 500, no crash, nothing leaked.

They are made of valid requests of every operation and door, go through the protocol of a worker into the whole application, with
its real stores, and from there to a service that answers as the sandbox did. A seed gives the same requests every time: a failure
names it and the number of the request (HOSTILE_SEED, HOSTILE_FROM).
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create
from gateway.config import Runtime, load
from gateway.observe import logs
from tests.agents.acting import agent
from tests.attacks.fuzzing.asked import Asked
from tests.attacks.fuzzing.doors import Doors
from tests.attacks.fuzzing.hostile import Hostile, Request, counted
from tests.attacks.fuzzing.inside import Inside, Line, Said, first
from tests.attacks.fuzzing.law import Law
from tests.attacks.fuzzing.seeds import Seeds
from tests.attacks.fuzzing.service import Service, learning_from
from tests.live import SERVICES, UNLIMITED, Live
from tests.live import live as running
from tests.oauth.acting import register

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "50000"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
FROM = int(os.environ.get("HOSTILE_FROM", "0"))
ON_A_LINE = 50  # requests on one connection
pytestmark = pytest.mark.timeout(600 + REQUESTS / 100)

LIMITED = (
    "token",
    "tenant",
    "search",
    "report",
    "address",
    "agent",
    "sign_in_address",
    "sign_in_account",
    "sign_in_everywhere",
)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A deployment whose state is nobody else's."""
    limits = dict.fromkeys(LIMITED, UNLIMITED)
    with running(tmp_path_factory.mktemp("hostile"), limits=limits, oauth={"registration": "open"}) as pair:
        yield pair


class Lines:
    """What is logged: kept of it is what should not be there."""

    def __init__(self, secrets: list[str]) -> None:
        self.wrong: list[bytes] = []
        self._secrets = [each.encode() for each in secrets]

    def write(self, data: bytes) -> int:
        if b'"level":"error"' in data or b'"frames"' in data or any(each in data for each in self._secrets):
            self.wrong.append(data)
        return len(data)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False


@asynccontextmanager
async def logged_to(lines: Lines) -> AsyncIterator[None]:
    logs.configure(stream=lines)  # type: ignore[arg-type] # as much of a stream as logs need
    try:
        yield
    finally:
        logs.configure()


class Target:
    """The application inside, before a service that knows its answers."""

    def __init__(self, inside: Inside, service: Service) -> None:
        self.service = service
        self._inside = inside
        self._line: Line | None = None
        self._asked = 0

    async def ask(self, asked: Asked) -> Said:
        """A request that is one."""
        return (await self.answers(asked.method, [asked.bytes()], wild=False))[0]

    async def answers(self, method: str, pieces: list[bytes], *, wild: bool) -> list[Said]:
        """All that is answered to it."""
        self.service.calls.clear()
        if wild:
            received = await self._inside.line().pour(pieces)
            return list(apart(received, method.encode()))
        if self._line is None or self._line.closed or self._asked >= ON_A_LINE:
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


@asynccontextmanager
async def inside(live: Live) -> AsyncIterator[Target]:
    async with learning_from(live.sandbox_url) as service:
        facts = live.served.facts()
        facts["service_keys"] = {"auth": live.service_key}
        facts["service_urls"] = dict.fromkeys(("auth", *SERVICES), service.url)
        runtime = Runtime.from_json(json.dumps(facts))
        settings = load(live.served.home / "config.yaml", {}, {"server": {"data_dir": str(runtime.data_dir)}})
        app = create(settings, runtime)
        await app.start()
        target = Target(Inside(app), service)
        try:
            yield target
        finally:
            target.end()
            await app.aclose()


async def test_hostile_requests_are_answered_with_problems_and_nothing_else_comes_of_them(
    deployed: Live, tmp_path: Path
) -> None:
    doors = Doors(deployed, register(deployed, uri="http://127.0.0.1/callback"), agent(deployed))
    secrets = [deployed.service_key, deployed.a.api_key, deployed.b.api_key, *doors.secrets]
    lines, law, statuses = Lines(secrets), Law(secrets), Counter[int]()
    unhandled: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    async with logged_to(lines), inside(deployed) as target:
        seeds = Seeds(f"127.0.0.1:{deployed.served.port}", deployed.a.tokens["owner"])
        await seeds.learn(target.ask)
        target.service.learning = False
        known = {each.name for each in seeds.requests}
        idle = {name: seeds.refused[name] for name in known - seeds.worked}
        assert len(idle) < len(known) / 8, idle
        assert not lines.wrong, b"".join(lines.wrong).decode()
        hostile = Hostile(SEED, seeds, doors)
        began, spent = time.monotonic(), time.process_time()
        for number in range(FROM, REQUESTS):
            request = hostile.request(number)
            said = await target.answers(request.method, request.pieces, wild=request.wild)
            calls = target.service.calls
            hurried = b"x-request-timeout" in b"".join(request.pieces).lower()
            faults = [law.broken(each, calls, api=request.api, hurried=hurried) for each in said]
            # Who says nothing that is a request may be left without an answer.
            if not said and not request.wild:
                faults.append("no answer")
            statuses.update(each.status for each in said)
            assert not any(faults) and not lines.wrong and not unhandled, told(
                number, request, said, faults, lines.wrong, unhandled
            )
        took, cpu = time.monotonic() - began, time.process_time() - spent
        assert (await target.ask(seeds.requests[0])).status == 200
    print(
        f"\nhostile requests: {REQUESTS}, seed={SEED}, seconds={took:.0f}, cpu={cpu:.0f}, answers={counted(statuses)}"
    )
    # They got far, and were refused for many reasons.
    assert statuses[200] + statuses[201] > REQUESTS / 50
    assert {400, 401, 404, 405, 422} <= set(statuses)


def told(number: int, request: Request, *found: object) -> str:
    sent = b"|".join(request.pieces)
    return f"HOSTILE_SEED={SEED} HOSTILE_FROM={number} ({request.name}): {sent[:3000]!r} → " + repr(found)[:4000]
