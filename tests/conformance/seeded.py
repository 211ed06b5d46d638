"""What the sandbox always seeds for its first tenant: records that bodies have to refer to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import Any

import orjson

from adapters.core.declare.ids import IdType
from sandbox.seed import fill

_CONTACTS = 2000


@cache
def rows(table: str) -> list[dict[str, Any]]:
    """The tenant's rows, as its service holds them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        fill(database, _CONTACTS)
        found = database.execute(f"SELECT doc FROM {table}_docs JOIN {table} USING (row) WHERE tenant = 1 ORDER BY row")
        return [orjson.loads(doc) for (doc,) in found]


def first(of: IdType, table: str, **having: Any) -> str:
    """The public id of the tenant's first row that holds all this."""
    return of.encode(next(row["id"] for row in rows(table) if having.items() <= row.items()))
