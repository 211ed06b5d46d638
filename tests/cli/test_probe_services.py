"""`gateway probe` in front of services that have only what they document: what it prints is the last column of the contract's table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import delete

from gateway.cli import main
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.observe import logs
from gateway.stores.sql import tenants
from gateway.stores.sql.models import TokenRow
from tests.live import Live, sandbox_running

VIA, OFF = {"via": "list"}, {"enabled": False}
# contract-waves.md, section 3, "on D alone": what is not named here is served as it is declared.
EXPECTED: dict[str, dict[str, Any]] = {
    "auth": {"users.search": OFF},
    "hr": {
        **dict.fromkeys(("employees.search", "employees.get", "departments.search", "attendance.get"), VIA),
        **dict.fromkeys(("leave_requests.get", "payroll_runs.get"), VIA),
        **{f"leave_requests.{step}": OFF for step in ("approve", "reject", "cancel")},
        **{f"payroll_runs.{step}": OFF for step in ("process", "mark_paid")},
    },
    "projects": {
        **dict.fromkeys(("projects.search", "projects.get", "project_tasks.get"), VIA),
        **{f"projects.{name}": OFF for name in ("update", "delete", "status")},
        **{f"project_tasks.{name}": OFF for name in ("delete", "list_time_logs", "delete_time_log")},
        "project_tasks.update": {"fields": ["assignee_id", "due_date", "start_date"]},
    },
    "helpdesk": {
        **dict.fromkeys(("tickets.search", "tickets.get", "sla_policies.search", "canned_responses.search"), VIA),
        "tickets.list_comments": OFF,
        "tickets.update": {"fields": ["assignee_id", "priority"]},
    },
}


@pytest.fixture(scope="module")
def elsewhere(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration of a deployment in front of services that have only the documented calls."""
    home = tmp_path_factory.mktemp("documented")
    with sandbox_running(home, "--documented-only", "--cap", "6000") as (url, key, _):
        config = yaml.safe_load((live.served.home / "config.yaml").read_text())
        (home / "key").write_text(key)
        for name in EXPECTED:
            config["services"][name]["base_url"] = url
        config["services"]["auth"]["service_key"] = {"file": str(home / "key")}
        path = home / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        yield path


@pytest.mark.parametrize("service", EXPECTED)
def test_what_is_printed_serves_every_documented_call_and_offers_nothing_else(
    live: Live, elsewhere: Path, service: str
) -> None:
    asked = ("--tenant", live.a.business_id, "--service", service, "--allow-writes", "--json")
    try:
        said = CliRunner().invoke(
            main, ["probe", *asked, "--config", str(elsewhere), "--data-dir", str(live.served.data_dir)]
        )
    finally:
        logs.configure()
    assert said.exit_code == 0, said.output
    (report,) = json.loads(said.stdout)["services"]
    assert report["left"] == []
    assert report["config"] == EXPECTED[service]


@contextmanager
def first_of_all(live: Live) -> Iterator[str]:
    """A tenant that is registered before all others, by name, and none of whose users has a token."""
    guest = live.guest
    with live._session() as session:
        sealed = seal_tenant_key(live._keys(), guest.business_id, guest.api_key)
        tenants.add(session, tenants.Tenant(guest.business_id, "A first", sealed, datetime.now(UTC)))
        # Others have had tokens of it.
        session.execute(delete(TokenRow).where(TokenRow.tenant_id == guest.business_id))
    yield guest.business_id
    with live._session() as session:
        tenants.remove(session, guest.business_id, datetime.now(UTC))


def test_unless_one_is_named_the_tenant_is_one_whose_users_are_known(live: Live, elsewhere: Path) -> None:
    asked = (
        "probe",
        "--service",
        "auth",
        "--json",
        "--config",
        str(elsewhere),
        "--data-dir",
        str(live.served.data_dir),
    )
    with first_of_all(live) as tenant:
        try:
            said, named = (CliRunner().invoke(main, [*asked, *more]) for more in ((), ("--tenant", tenant)))
        finally:
            logs.configure()
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert " as " in told["asked_for"] and told["services"][0]["config"] == EXPECTED["auth"]
    assert named.exit_code == 5 and "no user of this tenant has a token" in named.output
