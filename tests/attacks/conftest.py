"""A deployment that is set up to be attacked: impatient, talkative, with two workers behind a proxy it trusts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.live import live as running


@pytest.fixture(scope="session")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Short patience, DEBUG logs, roles remembered for a second, answers of at most a mebibyte, cursors for two seconds."""
    with running(
        tmp_path_factory.mktemp("wary"),
        server={"workers": 2, "body_timeout": "1s", "trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]},
        crm={"timeouts": {"connect": "1s", "total": "0.7s"}, "max_response": "1MiB"},
        identity={"role_ttl": "1s"},
        cursors={"lifetime": "2s"},
        logging={"level": "debug"},
    ) as pair:
        yield pair


@pytest.fixture
def untouched(live: Live) -> Iterator[None]:
    """Nothing of what the test does reaches the internal service."""
    before = live.counted()
    yield
    assert live.counted() == before
