"""A database of the newest layout with one tenant, for couriers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.stores.sql import tenants
from tests.live import Live
from tests.stores.conftest import sql, url
from tests.stores.records import TENANT
from tests.webhooks.delivering import Post, opened
from tests.webhooks.subscribing import PATH, People


@pytest.fixture
def post(migrated_file: Path, tmp_path: Path) -> Iterator[Post]:
    sql = opened(migrated_file, tmp_path)
    with sql.session() as session:
        tenants.add(session, TENANT)
    yield Post(sql)
    sql.close()


@pytest.fixture
def people(live: Live) -> Iterator[People]:
    found = People(live)
    yield found
    for made, token in found.made:
        live.call("DELETE", f"{PATH}/{made}", token=token)


__all__ = ["sql", "url"]
