"""How long it takes from the command to the first answer, what it costs, and how large a worker is that has answered some of everything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters import RESOURCES
from adapters.core.compile.catalogue import compile_all
from adapters.core.payloads import Query
from gateway.versions import CONTRACTS
from tests.process.serving import Cold, Served, crowding, environment, family, running, until_stopped

GENEROUS = 10.0  # on one that does no more than it has processors for
MOST_CPU = 1.5  # seconds until a worker answers; one that loads the code by itself takes three and more
MOST_WORK = 7.0  # times the CPU of the yardstick, of all processes until the first answer
YARDSTICK = "import sqlalchemy.orm"  # what others' use of the machine makes slower at the same time and as much
OF_FEW = {"joserfc", "cryptography.x509", "markdown_it", "sdk", "valkey", "psycopg", "alembic", "opentelemetry"}
LOADING = """
import sys
from gateway.config import load
from gateway.process import preloader
preloader.load(load(None, {}, {}))
print(*sys.modules)
"""
MOST_RESIDENT = 130_000_000  # bytes of a worker, with every resource declared


@dataclass
class Starts:
    """took: seconds from the command to the first answer; work: those of CPU that all processes had by then; yardstick: those of a known
    piece of work before each start; cpu: those of the last one's worker; resident: its bytes when it had answered some of everything.
    """

    took: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    yardstick: list[float] = field(default_factory=list)
    cpu: float = 0.0
    resident: int = 0

    def good(self) -> bool:
        """Whether a start but the first was as short and as cheap as one has to be: no other is looked for then."""
        quick = min(self.took[1:]) < GENEROUS * crowding()
        return quick and min(self.work[1:]) < MOST_WORK * min(self.yardstick)


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    """The first start makes the data. Of later ones the best counts: the others tell of what else the machine does."""
    found, home = Starts(), tmp_path_factory.mktemp("start")
    for _ in range(4):
        found.yardstick.append(_yardstick())
        began = time.monotonic()
        with until_stopped(Cold(home)) as gateway:
            assert gateway.ask("GET", "/v1/me").status == 200
            found.took.append(time.monotonic() - began)
            everybody = (gateway.process.pid, *family(gateway.process.pid))
            found.work.append(sum(_cpu(each) for each in everybody))
            if found.took[1:] and (found.good() or len(found.took) == 4):
                (worker,) = running(gateway.process.pid, "gateway.process.worker")
                found.cpu = _cpu(worker)
                _some_of_everything(gateway)
                found.resident = _resident(gateway)
                break
    return found


def test_an_installed_gateway_answers_within_seconds_of_its_start(starts: Starts) -> None:
    crowd = crowding()
    took = ", ".join(f"{each:.2f}" for each in starts.took)
    print(f"seconds to the first answer: {took}; load per processor {crowd:.1f}")
    assert min(starts.took[1:]) < GENEROUS * crowd, took


def test_a_start_costs_no_more_than_it_did(starts: Starts) -> None:
    worked, known = (", ".join(f"{each:.2f}" for each in took) for took in (starts.work, starts.yardstick))
    print(f"seconds of CPU of all processes until the first answer: {worked}; of the yardstick: {known}")
    assert min(starts.work[1:]) < MOST_WORK * min(starts.yardstick), worked


def test_what_few_deployments_or_requests_need_is_not_loaded_by_every_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADING],
        cwd=tmp_path,
        env=environment(GATEWAY_DATA_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert {"gateway.app", "sqlalchemy.dialects.sqlite"} <= loaded
    assert loaded & OF_FEW == set()


def test_a_worker_that_has_answered_some_of_everything_stays_small(starts: Starts) -> None:
    print(f"resident: {starts.resident / 1e6:.1f} MB")
    assert starts.resident < MOST_RESIDENT


def test_a_worker_loads_nothing_that_was_loaded_before(starts: Starts) -> None:
    print(f"seconds of CPU until a worker answers: {starts.cpu:.2f}")
    assert starts.cpu < MOST_CPU


def _some_of_everything(gateway: Served) -> None:
    for path in ("/", "/docs", "/docs/errors", "/openapi.json", *(f"/openapi/{each.date}.json" for each in CONTRACTS)):
        assert gateway.ask("GET", path).status == 200
    for operation in compile_all(RESOURCES, CONTRACTS, {}):
        face = operation.faces[CONTRACTS[0].date]
        if face and isinstance(face.sends, Query):
            assert gateway.ask("POST", operation.route, face.sends.least).status in (200, 403, 404), operation.name


def _cpu(pid: int) -> float:
    """Seconds of a process, and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _yardstick() -> float:
    """Seconds of CPU that a process takes now for a known piece of work of the same kind."""
    process = subprocess.Popen([sys.executable, "-c", YARDSTICK])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def _resident(gateway: Served) -> int:
    found = re.search(r'gateway_worker_resident_bytes\{worker="0"\} (\S+)', gateway.admin("/metrics").body.decode())
    assert found is not None
    return int(float(found[1]))
