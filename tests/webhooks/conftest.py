"""A database of the newest layout with one tenant, for couriers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.stores.sql import tenants
from gateway.stores.sql.migrate import migrate
from tests.stores.records import TENANT
from tests.webhooks.delivering import Post, opened


@pytest.fixture(scope="session")
def migrated_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "gateway.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def post(migrated_template: Path, tmp_path: Path) -> Iterator[Post]:
    sql = opened(migrated_template, tmp_path)
    with sql.session() as session:
        tenants.add(session, TENANT)
    yield Post(sql)
    sql.close()
