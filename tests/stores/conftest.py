"""A real Valkey for the whole session, which each test finds empty, and a database of its own for each test of SQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.process.embedded import valkey
from gateway.stores import redis_url
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Session, Sql, tenants
from tests.stores.nodes import Node, cluster, watched
from tests.stores.postgres import fresh_database
from tests.stores.records import TENANT


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield runner.run(stack.enter_async_context(valkey.running(tmp_path_factory.mktemp("v"))))
        runner.run(stack.aclose())


@pytest.fixture
async def line(valkey_url: str) -> AsyncIterator[RedisConnection]:
    line = await redis_url.connect(valkey_url, timeout=5.0)
    await line.command("FLUSHALL")
    yield line
    await line.aclose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gateway.db"
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the newest layout: a copy, because each migration takes its time."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path)
        yield f"sqlite:///{tmp_path}/gateway.db"
    else:
        template = request.getfixturevalue("migrated_database")
        with fresh_database(request.getfixturevalue("postgres_url"), template) as url:
            yield url


@pytest.fixture
def sql(url: str) -> Iterator[Sql]:
    sql = Sql(url)
    with sql.session() as session:
        tenants.add(session, TENANT)
    yield sql
    sql.close()


@pytest.fixture
def session(sql: Sql) -> Iterator[Session]:
    with sql.session() as session:
        yield session


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Node], list[Node]]]:
    with watched(tmp_path_factory.mktemp("sentinel")) as found:
        yield found


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    with cluster(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes
