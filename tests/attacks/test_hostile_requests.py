"""Fifty thousand hostile requests in every run, a million in `make fuzz` (HOSTILE_REQUESTS): no 500, no crash, nothing leaked.

They are made of valid requests of every operation and door, go through the protocol of a worker into the whole application, with
its real stores, and from there to a service that answers as the sandbox did; events go into the ingest port as a courier serves it.
One for every twenty-five of them goes to the running gateway over a real connection. A seed gives the same requests every time: a
failure names it and the number of the request (HOSTILE_SEED, HOSTILE_FROM).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.observe import logs
from tests.agents.acting import agent
from tests.attacks.fuzzing.asked import Request
from tests.attacks.fuzzing.deployed import inside
from tests.attacks.fuzzing.doors import Doors
from tests.attacks.fuzzing.hostile import Hostile, counted
from tests.attacks.fuzzing.inside import Said
from tests.attacks.fuzzing.law import Law
from tests.attacks.fuzzing.seeds import Seeds
from tests.attacks.fuzzing.service import Known, listening
from tests.attacks.fuzzing.socketed import Sockets
from tests.live import UNLIMITED, Live
from tests.oauth.acting import register
from tests.process.serving import running as serving
from tests.sandboxes.boxed import Boxed, boxed

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "50000"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
FROM = int(os.environ.get("HOSTILE_FROM", "0"))
OVER_SOCKETS = 25  # one of so many
pytestmark = pytest.mark.timeout(600 + REQUESTS / 100)

LIMITED = (
    "token",
    "tenant",
    "search",
    "report",
    "address",
    "agent",
    "ingest",
    "new_tokens",
    "sign_in_address",
    "sign_in_account",
    "sign_in_everywhere",
)


@dataclass
class Learnt:
    """What hostile requests are made of, and what the service answers. secrets: what must be seen nowhere."""

    seeds: Seeds
    doors: Doors
    known: Known
    secrets: list[str]

    def hostile(self, **more: Any) -> Hostile:
        """The requests."""
        return Hostile(SEED, self.seeds, self.doors, **more)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boxed]:
    """A deployment with a sandbox, whose state is nobody else's."""
    limits = dict.fromkeys(LIMITED, UNLIMITED)
    with boxed(tmp_path_factory.mktemp("hostile"), limits=limits, oauth={"registration": "open"}) as made:
        yield made


@pytest.fixture(scope="module")
def deployed(box: Boxed) -> Live:
    return box.live


@pytest.fixture(scope="module")
def learnt(box: Boxed, deployed: Live) -> Learnt:
    """Valid requests of everything there is, each asked once."""
    doors = Doors(deployed, register(deployed, uri="http://127.0.0.1/callback"), agent(deployed))
    seeds = Seeds(f"127.0.0.1:{deployed.served.port}", deployed.a.tokens["owner"], box.token)

    secrets = [deployed.service_key, deployed.a.api_key, deployed.b.api_key, *doors.secrets]
    lines = Lines(secrets)

    async def learn() -> Known:
        async with logged_to(lines), listening(deployed.sandbox_url) as service, inside(deployed, service) as target:
            await seeds.learn(target.ask)
            return service.known

    known = asyncio.run(learn())
    assert not lines.wrong, b"".join(lines.wrong).decode()
    names = {each.name for each in seeds.requests}
    idle = {name: seeds.refused[name] for name in names - seeds.worked}
    assert len(idle) < len(names) / 8, idle
    return Learnt(seeds, doors, known, secrets)


class Lines:
    """What is logged: kept of it is what should not be there."""

    def __init__(self, secrets: list[str]) -> None:
        self.wrong: list[bytes] = []
        self._secrets = [each.encode() for each in secrets]

    def write(self, data: bytes) -> int:
        if any(map(self._is_wrong, data.splitlines())):
            self.wrong.append(data)
        return len(data)

    def _is_wrong(self, line: bytes) -> bool:
        # Events that are none are news for whoever operates the service that sends them.
        error = b'"level":"error"' in line and b'"event":"webhook ingest refused"' not in line
        return error or b'"frames"' in line or any(each in line for each in self._secrets)

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


async def test_hostile_requests_are_answered_with_problems_and_nothing_else_comes_of_them(
    deployed: Live, learnt: Learnt
) -> None:
    law, statuses = Law(learnt.secrets), Counter[int]()
    unhandled: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    async with listening(deployed.sandbox_url, learnt.known) as service, inside(deployed, service) as target:
        lines = Lines([*learnt.secrets, *target.law.secrets])
        async with logged_to(lines):
            hostile = learnt.hostile(events=target.events)
            began, spent = time.monotonic(), time.process_time()
            for number in range(FROM, REQUESTS):
                request = hostile.request(number)
                said = await target.answers(request)
                if request.name in target.ingests:
                    faults = [target.law.broken(said, request)]
                else:
                    faults = _faults(law, request, said, service.calls)
                statuses.update(each.status for each in said)
                assert not any(faults) and not lines.wrong and not unhandled, told(
                    number, request, said, faults, lines.wrong, unhandled
                )
            took, cpu = time.monotonic() - began, time.process_time() - spent
            assert (await target.ask(learnt.seeds.requests[0])).status == 200
    print(
        f"\nhostile requests: {REQUESTS - FROM}, seed={SEED}, seconds={took:.0f}, cpu={cpu:.0f}, answers={counted(statuses)}, "
        f"events accepted={target.law.accepted}"
    )
    # They got far, and were refused for many reasons.
    assert statuses[200] + statuses[201] > (REQUESTS - FROM) / 50
    assert target.law.accepted > (REQUESTS - FROM) / 500
    assert {400, 401, 404, 405, 422} <= set(statuses)


async def test_over_real_connections_a_running_gateway_keeps_to_the_same(deployed: Live, learnt: Learnt) -> None:
    law, statuses, sockets = Law(learnt.secrets), Counter[int](), Sockets(deployed.served.port)
    workers = serving(deployed.served.process.pid, "gateway.process.worker")
    # Half of them are bytes that may be no request: what becomes of those only a connection shows.
    hostile = learnt.hostile(wild=0.5)
    async with listening(deployed.sandbox_url, learnt.known) as service:
        await asyncio.to_thread(_before, deployed, service.url)
        before, began, spent = cpu_of(workers), time.monotonic(), time.process_time()
        for number in range(FROM, REQUESTS // OVER_SOCKETS):
            request = hostile.request(number)
            service.calls.clear()
            said = await sockets.answers(request)
            faults = [sockets.fault, *_faults(law, request, said, service.calls)]
            statuses.update(each.status for each in said)
            assert not any(faults), told(number, request, said, faults)
        took, cpu = time.monotonic() - began, time.process_time() - spent
        served = cpu_of(workers) - before
        await sockets.aclose()
        assert serving(deployed.served.process.pid, "gateway.process.worker") == workers, "nobody died"
        assert deployed.served.admin("/metrics").status == 200
    lines = Lines(learnt.secrets)
    lines.write(deployed.served.out.read_bytes() + deployed.served.err.read_bytes())
    assert not lines.wrong
    print(
        f"\nover sockets: {REQUESTS // OVER_SOCKETS}, seed={SEED}, connections={sockets.connections}, seconds={took:.0f}, "
        f"cpu={cpu:.1f} and of the gateway {served:.1f}, answers={counted(statuses)}"
    )
    assert statuses[200] + statuses[201] > REQUESTS / OVER_SOCKETS / 50
    assert {400, 401, 404, 405, 422} <= set(statuses)


def _before(live: Live, service: str) -> None:
    """From now on the running gateway asks this service."""
    file = live.served.home / "config.yaml"
    file.write_text(file.read_text().replace(live.sandbox_url, service))
    assert (told := live.served.reload())["state"] == "swapped", told


def cpu_of(processes: list[int]) -> float:
    """Seconds that they have had of processors."""
    ticks = 0
    for each in processes:
        fields = (Path("/proc") / str(each) / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _faults(law: Law, request: Request, said: list[Said], calls: Any) -> list[str]:
    sent = b"".join(request.pieces).lower()
    # In test mode that is what comes of asking for it.
    hurried = b"x-request-timeout" in sent or b"upstream_timeout" in sent
    faults = [law.broken(each, calls, api=request.api, hurried=hurried) for each in said]
    # Who says nothing that is a request may be left without an answer.
    if not said and not request.wild:
        faults.append("no answer")
    return faults


def told(number: int, request: Request, *found: object) -> str:
    sent = b"|".join(request.pieces)
    return f"HOSTILE_SEED={SEED} HOSTILE_FROM={number} ({request.name}): {sent[:3000]!r} → " + repr(found)[:4000]
