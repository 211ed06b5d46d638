"""Fixtures that several suites share. What a gateway needs is imported with the first one: most tests are of less."""

from __future__ import annotations

import gc
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

# Few tests that take long, the longest first: at the end of a run one process would work on them while the others have nothing
# left to do.
LONG = (
    "chaos/test_replicas.py",
    "generators/test_generators.py",
    "openapi/test_schemathesis.py",
    "console/test_browser.py",
    "process/test_serve.py",
    "openapi/test_served.py",
    "cli/test_probe.py",
    "extending/test_deployment.py",
    "openapi/test_reference_page.py",
    "process/test_readme.py",
    "deploy/test_manifests.py",
    "adapters/test_throwaway.py",
    "agents/clients/test_clients.py",
    "sdk/typescript/test_package.py",
    "openapi/test_documents.py",
    "process/test_signals.py",
    "api/test_limits.py",
    "process/test_hung_database.py",
    "api/test_volume.py",
    "spectral/test_spectral.py",
    "sandbox/test_process.py",
    "process/test_start.py",
    "oauth/test_browser.py",
    "api/test_large_transfers.py",
    "process/test_refusals.py",
    "stores/test_limit_laws.py",
    "sdk/test_python_quality.py",
    "process/test_reload.py",
    "stores/test_webhook_races.py",
    "observe/test_tracing.py",
    "oauth/test_commands.py",
    "openapi/test_trying.py",
    "downstream/test_fuzz.py",
    "agents/clients/test_conformance.py",
    "oauth/test_lifetimes.py",
    "process/test_couriers.py",
    "observe/test_dashboards.py",
    "process/test_preloader.py",
    "sdk/typescript/test_samples.py",
    "sdk/typescript/test_guide.py",
    "agents/test_permissions.py",
    "oauth/test_client_documents.py",
    "api/test_plans.py",
    "process/test_webhooks.py",
    "sdk/test_served.py",
    "api/test_costs.py",
    "process/test_sandbox.py",
    "sandboxes/test_python_fixture.py",
    "agents/test_tasks.py",
    "sdk/test_python_guide.py",
    "oauth/test_standard_clients.py",
    "oauth/test_revocation.py",
    "stores/test_nodes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, and then those of many tests, as `--dist loadfile` would have it."""
    places = {Path(__file__).parent / file: place for place, file in enumerate(LONG)}
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (places.get(item.path, len(LONG)), -counts[item.path]))


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end. Whoever has the collector run, or asks what there is, need not go through them each time."""
    gc.collect()
    gc.freeze()


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
