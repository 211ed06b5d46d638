"""What is refused of a reload stands until it is taken, and a secret that is tried again and again is told once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import ConfigError, Fault, Settings, load
from gateway.process import reloading
from gateway.process.reloading import Reloads
from tests.certificates import make_authority

Logged = Callable[[], list[dict[str, Any]]]


class Running:
    """A configuration in a file, followed as a supervisor does; `taken` is what it was given, and `refusing` why it takes none."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.taken: list[Settings] = []
        self.refusing = ""
        self.reloads: Reloads

    def write(self, **sections: Any) -> None:
        (self.home / "config.yaml").write_text(yaml.safe_dump(sections))

    def load(self) -> Settings:
        return load(self.home / "config.yaml", {})

    async def take(self, settings: Settings) -> None:
        if self.refusing:
            raise ConfigError([Fault("stores.redis", self.refusing, "Start it.")])
        self.taken.append(settings)

    @property
    def told(self) -> dict[str, Any]:
        return json.loads((self.home / "reload.json").read_text())  # type: ignore[no-any-return]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0.01)

    async def ask(self) -> dict[str, Any]:
        """As `gateway reload` does."""
        number = self.told["number"]
        self.reloads.ask()
        await self.until(lambda: self.told["number"] > number and self.told["state"] != "reloading")
        return self.told

    async def looks(self) -> None:
        """Some looks at the files go by, and tries of what was refused."""
        await asyncio.sleep(0.3)


@pytest.fixture
async def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(reloading, "_LOOK", 0.02)
    monkeypatch.setattr(reloading, "_AGAIN", 0.05)
    (tmp_path / "leaks").write_text("first")
    made = Running(tmp_path)
    made.write(leaks={"secret": {"file": "leaks"}})
    async with _followed(made):
        yield made


@asynccontextmanager
async def _followed(made: Running) -> AsyncIterator[None]:
    made.reloads = Reloads(made.load, made.load(), made.home)
    following = asyncio.create_task(made.reloads.follow(made.take))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_file_that_was_refused_stays_refused_until_another_one_is_taken(running: Running) -> None:
    running.write(leaks={"secret": {"file": "leaks"}}, limits={"token": {"quota": "many"}})
    assert (await running.ask())["state"] == "refused"
    await running.looks()
    assert running.taken == [] and running.told["state"] == "refused"
    assert "limits.token.quota" in str(running.reloads.told()["reload_faults"])
    running.write(leaks={"secret": {"file": "leaks"}})
    assert (await running.ask())["state"] == "swapped" and "reload_faults" not in running.reloads.told()
    assert len(running.taken) == 1


async def test_a_secret_is_taken_beside_a_file_that_is_refused_which_goes_on_being_told(running: Running) -> None:
    running.write(limits={"token": {"quota": "many"}})
    number = (await running.ask())["number"]
    (running.home / "leaks").write_text("second")
    await running.until(lambda: running.taken)
    await running.looks()
    told = running.told
    assert (len(running.taken), told["state"], told["number"]) == (1, "refused", number)
    assert [fault["path"] for fault in told["faults"]] == ["limits.token.quota"]


async def test_what_was_refused_for_the_sake_of_a_secret_is_taken_with_it(running: Running) -> None:
    (running.home / "leaks").write_text("")
    await running.until(lambda: running.told["state"] == "refused")
    running.write(leaks={"secret": {"file": "leaks"}}, cursors={"lifetime": "7h"})
    assert (await running.ask())["state"] == "refused"
    (running.home / "leaks").write_text("second")
    await running.until(lambda: running.told["state"] == "swapped")
    assert [each.cursors.lifetime for each in running.taken] == [7 * 3600.0] and running.told["faults"] == []


async def test_a_secret_that_is_tried_again_and_again_is_told_and_counted_once(
    running: Running, logged: Logged
) -> None:
    (running.home / "leaks").unlink()
    await running.until(lambda: running.told["state"] == "refused")
    gauge = {family.name: family for family in running.reloads.collect()}["gateway_config_last_reload_successful"]
    assert gauge.samples[0].value == 0
    await running.looks()
    (told,) = [line for line in logged() if line["event"] == "configuration refused"]
    assert "cannot be read any more: No such file or directory" in told["faults"][0]
    counts = {
        each.labels["result"]: each.value
        for family in running.reloads.collect()
        for each in family.samples
        if "result" in each.labels
    }
    assert counts == {"swapped": 0, "refused": 1}
    # What was there before is a change as well.
    (running.home / "leaks").write_text("first")
    await running.until(lambda: running.told["state"] == "swapped")


async def test_a_store_that_is_away_is_tried_again_by_itself_for_a_secret_and_not_for_a_file(running: Running) -> None:
    running.refusing = "nobody answers"
    assert (await running.ask())["state"] == "refused"
    running.refusing = ""
    await running.looks()
    assert running.taken == [] and running.told["state"] == "refused"
    running.refusing = "nobody answers"
    (running.home / "leaks").write_text("second")
    await running.looks()
    running.refusing = ""
    await running.until(lambda: running.taken)


@pytest.mark.parametrize(
    "where", ["services.auth.ca_file", "webhooks.egress.ca_file", "webhooks.ingest.tls", "stores.redis"]
)
async def test_certificates_are_watched_and_refused_by_name_when_nothing_can_be_read_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(reloading, "_LOOK", 0.02)
    authority = make_authority(tmp_path)
    file, own = Path(authority.file), authority.identity("127.0.0.1")
    sections: dict[str, dict[str, Any]] = {
        "services.auth.ca_file": {"services": {"auth": {"ca_file": str(file)}}},
        "webhooks.egress.ca_file": {"webhooks": {"egress": {"ca_file": str(file)}}},
        "webhooks.ingest.tls": {
            "webhooks": {"ingest": {"tls": {"certificate": str(own), "key": str(own), "client_ca": str(file)}}}
        },
        "stores.redis": {"stores": {"redis": f"rediss://127.0.0.1:1?ca_file={file}"}},
    }
    made, good = Running(tmp_path), file.read_bytes()
    made.write(**sections[where])
    async with _followed(made):
        for broken in (b"no certificate", None):
            if broken is None:
                file.unlink()
            else:
                file.write_bytes(broken)
            await made.until(lambda: made.told["state"] == "refused")
            assert [fault["path"] for fault in made.told["faults"]] == [where]
            # As the file of a Kubernetes Secret changes: another one is put in its place.
            (tmp_path / "new").write_bytes(good)
            (tmp_path / "new").replace(file)
            await made.until(lambda: made.told["state"] == "swapped")
