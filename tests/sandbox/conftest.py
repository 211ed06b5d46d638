"""A real sandbox process and people who talk to it over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.process.warm import Warm
    from tests.sandbox.door import Door

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "sandbox")


@dataclass
class Box:
    """A running sandbox; `http` has no key, `meridian` and `juniper` speak with their tenant's."""

    process: Warm
    db: Path
    service_key: str
    http: httpx.Client
    tenants: list[dict[str, Any]]

    def speaker(self, tenant: int, **headers: str) -> httpx.Client:
        key = self.tenants[tenant]["api_key"]
        return httpx.Client(
            base_url=self.http.base_url, headers={"Authorization": f"Bearer {key}", **headers}, timeout=20, verify=False
        )

    def user(self, role: str, tenant: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = next(user for user in self.tenants[tenant]["users"] if user["role"] == role)
        return found

    def fault(self, **described: Any) -> None:
        assert self.http.post("/_control/faults", json=described).status_code == 201

    def counts(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = self.http.get("/_control/counts").json()
        return counts

    def stop(self) -> int:
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    from tests.process import warm

    return warm.run(("sandbox", *arguments), cwd=ROOT, env=os.environ)


def start(db: Path, *arguments: str, **environment: str) -> Box:
    from tests.process.warm import Warm

    hearing, telling = os.pipe()
    with os.fdopen(hearing, "rb") as said:
        program = ("sandbox", "serve", "--db", str(db), *arguments)
        process = Warm(program, cwd=ROOT, env={**os.environ, **environment}, stdout=telling, stderr=2)
        os.close(telling)
        ready = json.loads(said.readline())
    http = httpx.Client(base_url=f"http://127.0.0.1:{ready['port']}", timeout=20, verify=False)
    return Box(process, db, ready["service_key"], http, ready["tenants"])


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded database that nobody serves: copies of it start at once."""
    path = tmp_path_factory.mktemp("sandbox") / "seeded.db"
    start(path, "--cap", "0").stop()
    return path


@pytest.fixture
def launch(seeded: Path, tmp_path: Path) -> Iterator[Callable[..., Box]]:
    """Starts sandboxes with options of the test's own."""
    boxes: list[Box] = []

    def start_one(*arguments: str) -> Box:
        db = tmp_path / f"box{len(boxes)}.db"
        shutil.copy(seeded, db)
        boxes.append(start(db, *arguments))
        return boxes[-1]

    yield start_one
    for box in boxes:
        if box.process.poll() is None:
            box.stop()


@pytest.fixture(scope="session")
def shared_box(seeded: Path) -> Iterator[Box]:
    db = seeded.with_name("shared.db")
    shutil.copy(seeded, db)
    box = start(db, "--cap", "0")
    yield box
    assert box.stop() == 0


@pytest.fixture
def box(shared_box: Box) -> Iterator[Box]:
    """The shared sandbox, without switches and counts of an earlier test (its rows may have changed)."""
    for path in ("faults", "counts", "last"):
        shared_box.http.delete(f"/_control/{path}")
    yield shared_box
    shared_box.http.delete("/_control/faults")


@pytest.fixture
def meridian(box: Box) -> Iterator[httpx.Client]:
    with box.speaker(0) as client:
        yield client


@pytest.fixture
def juniper(box: Box) -> Iterator[httpx.Client]:
    """The tenant whose rows are as they were seeded, so that tests may count them: nobody changes any, and who does fails."""

    def only_read(answer: httpx.Response) -> None:
        asked = answer.request
        reads = asked.method == "GET" or asked.url.path.endswith("/search")
        assert reads or answer.is_error, f"{asked.method} {asked.url.path} changes what others count"

    with box.speaker(1) as client:
        client.event_hooks["response"].append(only_read)
        yield client


@pytest.fixture
def quiet(box: Box) -> Iterator[httpx.Client]:
    """A third tenant, for what another tenant has: it has no contacts, and is to have none."""
    with box.speaker(2) as client:
        yield client


@pytest.fixture(scope="session")
def door(seeded: Path) -> Iterator[Door]:
    """The control of a sandbox of its own: it makes test tenants."""
    from tests.sandbox.door import KEY, Door

    db = seeded.with_name("door.db")
    shutil.copy(seeded, db)
    box = start(db, "--cap", "0", SANDBOX_CONTROL_KEY=KEY)
    found = Door(box)
    yield found
    found.http.close()
    assert box.stop() == 0
