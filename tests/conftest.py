"""Fixtures that several suites share. What a gateway needs is imported with the first one: most tests are of less."""

from __future__ import annotations

import gc
import io
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import httpx._transports.default as transports
import orjson
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.live import Live


# How long an example takes depends on who else is on the machine, and says nothing of what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# Each client, and each call without one, would read all authorities that there are, which takes longer than what it asks for.
vars(transports)["create_ssl_context"] = cache(httpx.create_ssl_context)

# Files that take long, the longest first: at the end of a run one process would work on them while the others have nothing
# left to do.
LONG = (
    "generators/test_generators.py",
    "openapi/test_schemathesis.py",
    "spectral/test_spectral.py",
    "attacks/test_hostile_requests.py",
    "chaos/test_replicas.py",
    "webhooks/test_kills.py",
    "console/test_browser.py",
    "openapi/test_reference_page.py",
    "downstream/test_protocol.py",
    "openapi/test_strictness.py",
    "process/test_couriers.py",
    "adapters/test_throwaway.py",
    "conformance/test_resources.py",
    "extending/test_deployment.py",
    "cli/test_probe.py",
    "openapi/test_trying.py",
    "openapi/test_published.py",
    "deploy/test_manifests.py",
    "api/test_large_transfers.py",
    "process/test_serve.py",
    "oauth/test_browser.py",
    "process/test_readme.py",
    "api/test_volume.py",
    "process/test_start.py",
    "process/test_refusals.py",
    "sandboxes/test_apart.py",
    "sdk/typescript/test_behaviours.py",
    "process/test_signals.py",
    "console/test_forms.py",
    "laws/test_ids.py",
    "api/test_limits.py",
    "process/test_workers.py",
    "chaos/test_slow_disk.py",
    "chaos/test_cut_network.py",
    "stores/test_sql_lost.py",
    "webhooks/test_rendering.py",
    "attacks/test_isolation.py",
    "sandbox/test_events.py",
    "webhooks/test_registrar_kills.py",
    "sdk/test_python_samples.py",
    "issuers/test_external.py",
    "agents/clients/test_conformance.py",
    "webhooks/test_courier.py",
    "console/test_webhooks.py",
    "sdk/test_served.py",
    "stores/test_limit_laws.py",
    "upstream/test_reuse.py",
    "sandbox/test_process.py",
    "oauth/test_commands.py",
    "console/test_tokens.py",
    "upstream/test_plain.py",
    "process/test_webhooks.py",
    "sandboxes/test_data.py",
    "stores/test_sql_tokens.py",
    "console/test_leaks.py",
    "stores/test_webhook_races.py",
    "webhooks/test_lane_shares.py",
    "process/test_hung_database.py",
    "sandboxes/test_instant_button.py",
    "conformance/test_filters.py",
    "stores/test_sql.py",
    "openapi/test_served.py",
    "openapi/test_documents.py",
    "openapi/test_pages.py",
    "agents/clients/test_clients.py",
    "sdk/test_python_guide.py",
    "oauth/test_refresh.py",
    "console/test_apps.py",
    "agents/test_permissions.py",
    "process/test_sandbox.py",
    "downstream/test_early_answers.py",
    "attacks/test_tokens.py",
    "agents/test_endpoint.py",
    "observe/test_tracing.py",
    "cli/test_root.py",
    "cli/test_alone.py",
    "sdk/test_python_quality.py",
    "observe/test_outside_v1.py",
    "attacks/test_cost.py",
    "openapi/test_examples.py",
    "observe/test_dashboards.py",
    "api/test_transfers.py",
    "webhooks/test_soak.py",
    "sdk/typescript/test_package.py",
    "console/test_agents.py",
    "webhooks/test_reconciling.py",
    "attacks/test_hostile_service.py",
    "oauth/test_token_endpoint.py",
    "sandboxes/test_python_fixture.py",
    "cli/test_probe_commerce.py",
    "laws/test_anchored_listing.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, and then those of many tests, as `--dist loadfile` would have it."""
    places = {Path(__file__).parent / file: place for place, file in enumerate(LONG)}
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (places.get(item.path, len(LONG)), -counts[item.path]))


def pytest_collection() -> None:
    """What is collected stays: to look for what could go again and again takes a third of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end. Whoever has the collector run, or asks what there is, need not go through them each time."""
    gc.collect()
    gc.freeze()
    gc.enable()


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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of one PostgreSQL for the whole session; `fresh_database` makes what a test uses of it."""
    from tests.stores.postgres import running_postgres

    with running_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def migrated_database(postgres_url: str) -> Iterator[str]:
    """The name of a database of the newest layout there, to be copied."""
    from sqlalchemy import make_url

    from gateway.stores.sql.migrate import migrate
    from tests.stores.postgres import fresh_database

    with fresh_database(postgres_url) as address:
        migrate(address)
        yield str(make_url(address).database)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of SQLite."""
    from gateway.stores.sql.migrate import migrate

    path = tmp_path_factory.mktemp("migrated") / "gateway.db"
    migrate(f"sqlite:///{path}")
    return path
