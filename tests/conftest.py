"""Fixtures that several suites share. What a gateway needs is imported with the first one: most tests are of less."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.live import Live


# How long an example takes depends on who else is on the machine, and says nothing of what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# Few tests that take long: at the end of a run one process would work on them while the others have nothing left to do.
LONG = (
    "chaos/test_replicas.py",
    "generators/test_generators.py",
    "openapi/test_schemathesis.py",
    "oauth/test_standard_clients.py",
    "oauth/test_browser.py",
    "oauth/test_revocation.py",
    "process/test_start.py",
    "process/test_couriers.py",
    "process/test_hung_database.py",
    "cli/test_probe.py",
    "api/test_large_transfers.py",
    "api/test_volume.py",
    "stores/test_nodes.py",
    "openapi/test_reference_page.py",
    "adapters/test_throwaway.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, and then those of many tests, as `--dist loadfile` would have it."""
    places = {Path(__file__).parent / file: place for place, file in enumerate(LONG)}
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (places.get(item.path, len(LONG)), -counts[item.path]))


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One gateway before one sandbox for the whole session, without limits that tests would run into."""
    from tests.live import live as running

    with running(tmp_path_factory.mktemp("live")) as pair:
        yield pair


@pytest.fixture(scope="session")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A gateway of two workers for tests that begin with setting it up (`Live.set_up`): a reload takes a tenth of a start."""
    from tests.live import live as running

    with running(tmp_path_factory.mktemp("spare"), server={"workers": 2}) as pair:
        yield pair


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What this process has logged since the test began."""
    from gateway.observe import logs

    stream = io.BytesIO()
    logs.configure(stream=stream)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure()
