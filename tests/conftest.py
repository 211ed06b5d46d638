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

# Files that take long, the longest first: at the end of a run one process would work on them while the others have nothing
# left to do.
LONG = (
    "generators/test_generators.py",
    "webhooks/test_kills.py",
    "openapi/test_schemathesis.py",
    "spectral/test_spectral.py",
    "extending/test_deployment.py",
    "console/test_browser.py",
    "cli/test_probe.py",
    "api/test_large_transfers.py",
    "oauth/test_browser.py",
    "openapi/test_trying.py",
    "deploy/test_manifests.py",
    "conformance/test_resources.py",
    "extending/test_packages.py",
    "process/test_refusals.py",
    "process/test_readme.py",
    "openapi/test_reference_page.py",
    "sandbox/test_events.py",
    "webhooks/test_rendering.py",
    "chaos/test_replicas.py",
    "downstream/test_protocol.py",
    "adapters/test_throwaway.py",
    "api/test_volume.py",
    "sandboxes/test_apart.py",
    "process/test_serve.py",
    "process/test_webhooks.py",
    "openapi/test_strictness.py",
    "openapi/test_served.py",
    "sdk/typescript/test_package.py",
    "console/test_leaks.py",
    "api/test_limits.py",
    "sandbox/test_process.py",
    "process/test_signals.py",
    "console/test_webhooks.py",
    "oauth/test_commands.py",
    "process/test_start.py",
    "attacks/test_isolation.py",
    "agents/clients/test_conformance.py",
    "oauth/test_lifetimes.py",
    "sdk/typescript/test_behaviours.py",
    "console/test_forms.py",
    "sdk/typescript/test_samples.py",
    "laws/test_anchored_listing.py",
    "process/test_couriers.py",
    "agents/clients/test_clients.py",
    "console/test_tokens.py",
    "laws/test_ids.py",
    "sdk/test_served.py",
    "stores/test_limit_laws.py",
    "sdk/typescript/test_guide.py",
    "sdk/test_python_quality.py",
    "stores/test_sql_lost.py",
    "oauth/test_refresh_races.py",
    "process/test_reload.py",
    "cli/test_root.py",
    "openapi/test_documents.py",
    "process/test_hung_database.py",
    "cli/test_alone.py",
    "stores/test_sql.py",
    "stores/test_webhook_races.py",
    "agents/test_permissions.py",
    "stores/test_sql_tokens.py",
    "sdk/test_python_samples.py",
    "sandboxes/test_data.py",
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
