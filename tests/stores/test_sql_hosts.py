"""A PostgreSQL of several hosts: each is tried in time, whichever is gone, and told by name with what came of it."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import event, make_url

from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, tenants, urls
from gateway.stores.sql.engine import open_engine
from gateway.stores.sql.migrate import migrate
from tests.stores.postgres import fresh_database, hung


@contextmanager
def silent() -> Iterator[int]:
    """The port of a host that takes connections and says nothing, as one does whose disk is gone, or whose network."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def behind(port: int, url: str) -> str:
    """The database at `url`, as the second host after 127.0.0.1 and this port."""
    place = make_url(url)
    (folder,) = parse_qs(urlsplit(url).query)["host"]
    return f"postgresql://{place.username}@/{place.database}?host=127.0.0.1:{port}&host={folder}:5432"


async def test_a_primary_that_says_nothing_does_not_keep_anybody_from_its_successor(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url, silent() as port:
        migrate(url)
        with closing(Sql(behind(port, url), pool_size=2)) as sql:
            assert await sql.read(tenants.list) == ()
            began = time.monotonic()
            # Another connection is not kept waiting for the one that is known to be gone.
            await asyncio.gather(*(sql.read(tenants.list) for _ in range(2)))
            assert time.monotonic() - began < 1.5


async def test_calls_that_may_take_less_than_a_host_is_waited_for_find_the_next_one_all_the_same(
    postgres_url: str,
) -> None:
    with fresh_database(postgres_url) as url, silent() as port:
        migrate(url)
        with closing(Sql(behind(port, url), pool_size=1, timeout=0.5)) as sql:
            async with asyncio.timeout(10):
                while True:
                    try:
                        assert await sql.read(tenants.list) == ()
                        break
                    except StoreUnavailable:
                        continue
            for _ in range(3):
                assert await sql.read(tenants.list) == ()


async def test_a_connection_that_comes_too_late_for_its_call_is_there_for_the_next(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1, timeout=0.5)) as sql:
            made: list[object] = []
            event.listen(sql._engine, "connect", lambda *_: made.append(None))
            with hung(postgres_url), pytest.raises(StoreUnavailable):
                await sql.read(tenants.list)
            async with asyncio.timeout(10):
                await sql._free.acquire()
                sql._free.release()
            assert await sql.read(tenants.list) == ()
            assert len(made) == 1


def test_of_several_hosts_each_is_named_with_what_came_of_it(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_read_only = on".encode())
        name = make_url(url).database
        with closing(Sql(behind(1, url))) as sql, pytest.raises(StoreUnavailable) as said, sql.session():
            pass
    listed = f"127.0.0.1:1,the local socket/{name}"
    reasons = "127.0.0.1:1 Connection refused; the local socket session is read-only"
    assert str(said.value) == f"the database failed: {listed}: {reasons}"


@pytest.mark.parametrize(
    ("written", "hosts", "ports", "where"),
    [
        ("h1,h2:5433/d", "h1,h2", "5432,5433", "h1:5432,h2:5433/d"),
        ("[::1]:5433,[fe80::1],h3/d", "::1,fe80::1,h3", "5433,5432,5432", "[::1]:5433,[fe80::1]:5432,h3:5432/d"),
        ("/d?host=h1:1&host=[::1]:2", "h1,::1", "1,2", "h1:1,[::1]:2/d"),
        ("/d?host=h1,h2&port=1,2", "h1,h2", "1,2", "h1:1,h2:2/d"),
        ("/d?host=h1,h2&port=7", "h1,h2", "7,7", "h1:7,h2:7/d"),
        ("/d?host=h1:7", "h1", "7", "h1:7/d"),
        ("/d?host=h1,h2", "h1,h2", "5432,5432", "h1:5432,h2:5432/d"),
        ("/d?host=/tmp/a:5433&host=/tmp/b", "/tmp/a,/tmp/b", "5433,5432", "the local socket,the local socket/d"),
    ],
)
def test_several_hosts_are_what_the_driver_is_given(written: str, hosts: str, ports: str, where: str) -> None:
    engine = open_engine(f"postgresql://u@{written}", pool_size=1, timeout=5.0)
    _, options = engine.dialect.create_connect_args(engine.url)
    assert (options["host"], str(options["port"])) == (hosts, ports)
    assert (options.get("target_session_attrs") == "read-write") is ("," in hosts)
    assert urls.where(engine.url) == where
