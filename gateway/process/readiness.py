"""Whether this instance can do its work: what `/readyz` asks, in the way that the workers ask it."""

import time
from collections.abc import Mapping
from typing import Final

from gateway.keys.keyring import Keyring
from gateway.keys.keyring_file import KeptKeyring
from gateway.observe.admin import Check
from gateway.process import first_start
from gateway.process.workers import Workers
from gateway.stores.address import WRITES
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Sql
from gateway.stores.sql.migrate import ready

_AGREES: Final = 30.0  # seconds for which a keyring that agreed with the database is believed to do so


def checks(line: RedisConnection, sql: Sql, keys: Keyring, workers: Workers) -> Mapping[str, Check]:
    """By name. Both stores are asked to write: one that only reads serves nobody, and a demoted primary goes on reading."""
    agreed, once = -_AGREES, False

    async def complete() -> bool:
        return workers.complete

    async def redis() -> bool:
        await line.command(*WRITES)
        return True

    async def database() -> bool:
        return await sql.run(ready)

    async def keyring() -> bool:
        nonlocal agreed, once
        if time.monotonic() < agreed + _AGREES:
            return True
        if isinstance(keys, KeptKeyring):
            keys.refresh()
        try:
            await first_start.check_keyring(keys, sql)
        except StoreUnavailable:
            # That nobody can tell is the database's failure, and told as such.
            if once:
                return True
            raise
        agreed, once = time.monotonic(), True
        return True

    return {"workers": complete, "redis": redis, "sql": database, "keyring": keyring}
