"""Two workers on the same stores, so that every test is a test of both, and the apps of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import UNLIMITED, Live
from tests.live import live as running
from tests.oauth.acting import App, Asking, Browser, register
from tests.stores.conftest import url

ROLE_TTL = 0.5  # seconds
ORIGIN = "https://dashboard.example"


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    unlimited = dict.fromkeys(("sign_in_account", "sign_in_address", "registration"), UNLIMITED)
    with running(
        tmp_path_factory.mktemp("oauth"),
        limits=unlimited,
        server={"workers": 2},
        identity={"role_ttl": f"{ROLE_TTL}s"},
        oauth={"registration": "open"},
        cors={"origins": [ORIGIN]},
    ) as both:
        yield both


@pytest.fixture(scope="session")
def public(pair: Live) -> App:
    return register(pair, "--public")


@pytest.fixture(scope="session")
def basic(pair: Live) -> App:
    return register(pair)


@pytest.fixture(scope="session")
def post(pair: Live) -> App:
    return register(pair, "--auth-method", "client_secret_post")


@pytest.fixture
def browser(pair: Live) -> Iterator[Browser]:
    made = Browser(pair)
    yield made
    made.client.close()


@pytest.fixture(scope="session")
def someone(pair: Live) -> Browser:
    """Somebody who is signed in and stays so, for tests that are not about that."""
    made = Browser(pair)
    assert made.sign_in("owner").status_code == 303
    return made


@pytest.fixture
def asking(pair: Live, public: App) -> Asking:
    return Asking(pair, public)


__all__ = ["url"]
