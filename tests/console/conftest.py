"""Two workers with a console, told who may report leaks, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from tests.console.people import LEAKS_SECRET, Person
from tests.live import UNLIMITED, Live
from tests.live import live as running
from tests.oauth import screens

ROLE_TTL = 0.5  # seconds


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("console")
    (home / "leaks-secret").write_text(LEAKS_SECRET)
    unlimited = dict.fromkeys(("sign_in_account", "sign_in_address", "registration"), UNLIMITED)
    with running(
        home,
        limits=unlimited,
        server={"workers": 2, "trusted_proxies": ["127.0.0.0/8"]},
        identity={"role_ttl": f"{ROLE_TTL}s"},
        leaks={"secret": {"file": "leaks-secret"}},
    ) as both:
        yield both


@pytest.fixture(scope="session")
def owner(desk: Live) -> Person:
    return Person(desk, "owner")


@pytest.fixture(scope="session")
def member(desk: Live) -> Person:
    return Person(desk, "member")


@pytest.fixture(scope="session")
def stranger(desk: Live) -> Person:
    """The owner of another tenant."""
    return Person(desk, "owner", desk.b)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    # Not for the session: a second driver, or a test with an event loop, cannot run beside an open one.
    with screens.chromium() as browser:
        yield browser
