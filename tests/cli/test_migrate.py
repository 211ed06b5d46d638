"""`gateway migrate`: the database's layout brought on, or back while nobody uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from gateway.cli import main
from gateway.observe import logs
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.migrate import is_current, known
from gateway.stores.sql.tenants import Tenant
from tests.live import Live
from tests.process.serving import founded, is_one_line

NEWEST = known()[-1]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield founded(tmp_path)
    logs.configure()


def migrated(data_dir: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(main, ["migrate", *arguments, "--json", "--data-dir", str(data_dir)])
    return done.exit_code, json.loads(done.output)


def test_an_empty_database_is_brought_to_the_newest_layout_and_one_that_has_it_is_left_alone(data_dir: Path) -> None:
    code, refused = migrated(data_dir, "--to", "0013")
    assert code == 4 and refused["error"]["message"] == "the database is empty"
    assert migrated(data_dir) == (0, {"layout": NEWEST, "before": None, "newest": NEWEST})
    assert migrated(data_dir) == (0, {"layout": NEWEST, "before": NEWEST, "newest": NEWEST})


def test_it_is_taken_back_for_an_older_release_and_on_again_with_what_was_in_it(data_dir: Path) -> None:
    url = f"sqlite:///{data_dir}/gateway.db"
    migrated(data_dir)
    with closing(Sql(url)) as sql, sql.session() as session:
        tenants.add(session, Tenant("clx1", "Acme", None, datetime.now(UTC)))
    assert migrated(data_dir, "--to", "0013") == (0, {"layout": "0013", "before": NEWEST, "newest": NEWEST})
    assert not is_current(url)
    assert migrated(data_dir)[1]["before"] == "0013"
    with closing(Sql(url)) as sql, sql.session(read_only=True) as session:
        assert tenants.get(session, "clx1") is not None


def test_layouts_that_there_are_not_and_those_of_later_releases_are_refused(data_dir: Path) -> None:
    migrated(data_dir)
    code, refused = migrated(data_dir, "--to", "13")
    assert code == 4 and "0001 to" in refused["error"]["message"]
    engine = create_engine(f"sqlite:///{data_dir}/gateway.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    code, refused = migrated(data_dir, "--to", "0013")
    assert code == 3 and "a later release" in refused["error"]["message"]
    assert migrated(data_dir) == (0, {"layout": "9999", "before": "9999", "newest": NEWEST})


def test_nothing_is_taken_back_under_a_gateway_that_runs(live: Live) -> None:
    config = ("--config", str(live.served.home / "config.yaml"))
    is_one_line(live.served.run("migrate", "--to", "0013", *config), "stop every gateway first", 3)
    done = live.served.run("migrate", *config)
    assert done.returncode == 0 and f"has the layout {NEWEST} already" in done.stdout
