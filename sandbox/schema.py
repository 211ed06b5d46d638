"""The tables of an entity, derived from its fields.

`<plural>`: one typed column `c_<field>` to search and sort by, `f_<field>` with the case-folded text, `search` with all
searched texts; kept apart from `<plural>_docs`, the ready JSON, so that scans stay narrow. `<plural>_items`: one line per
list item. Every index starts with the tenant's number and ends with the id, in the order that pages come in.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from sandbox.entity import Entity, Row
from sandbox.fields import FOLDED, Kind

_SQL_TYPE = {
    Kind.INTEGER: "INTEGER",
    Kind.FLAG: "INTEGER",
    Kind.INSTANT: "INTEGER",
    Kind.LIST: "INTEGER",
    Kind.NUMBER: "REAL",
}

BASE_TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE tenants (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL, api_key TEXT UNIQUE NOT NULL)",
    """CREATE TABLE users (
        number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, tenant INTEGER NOT NULL REFERENCES tenants, email TEXT UNIQUE NOT NULL,
        name TEXT NOT NULL, password TEXT NOT NULL, role TEXT NOT NULL, active INTEGER NOT NULL
    )""",
    "CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id))",
)


def columns(entity: Entity) -> list[str]:
    """The columns of the search table after `row`, in the order of `values`."""
    names = ["tenant", "search"]
    for field in entity.filterable:
        names.append(_column(field.name))
        if field.kind in FOLDED:
            names.append(f"f_{field.name}")
    return names


def _column(name: str) -> str:
    return "id" if name == "id" else f"c_{name}"


def values(entity: Entity, tenant: int, row: Row) -> list[Any]:
    found: list[Any] = [tenant, row.get("searchVector") or entity.search_text(row)]
    for field in entity.filterable:
        value = row[field.name]
        found.append(field.column(value))
        if field.kind in FOLDED:
            found.append(value.casefold() if value is not None else None)
    return found


def items(entity: Entity, number: int, row: Row) -> Iterator[tuple[int, str, str]]:
    for field in entity.lists:
        for item in row[field.name]:
            yield number, field.name, item


def tables(entity: Entity) -> Iterator[str]:
    typed = ["tenant INTEGER NOT NULL", "search TEXT NOT NULL"]
    for field in entity.filterable:
        typed.append(f"{_column(field.name)} {_SQL_TYPE.get(field.kind, 'TEXT')}")
        if field.kind in FOLDED:
            typed.append(f"f_{field.name} TEXT")
    yield f"CREATE TABLE {entity.plural} (row INTEGER PRIMARY KEY, {', '.join(typed)})"
    yield f"CREATE TABLE {entity.plural}_docs (row INTEGER PRIMARY KEY, doc BLOB NOT NULL)"
    if entity.lists:
        yield f"CREATE TABLE {entity.plural}_items (row INTEGER NOT NULL, field TEXT NOT NULL, item TEXT NOT NULL)"


def indexes(entity: Entity) -> Iterator[str]:
    """Made after a bulk load: that is several times faster than keeping them while loading."""
    table = entity.plural
    yield f"CREATE UNIQUE INDEX {table}_id ON {table} (id)"
    yield f"CREATE INDEX {table}_tenant ON {table} (tenant)"
    yield f"CREATE INDEX {table}_text ON {table} (tenant, search)"
    for name in entity.sorts:
        yield f"CREATE INDEX {table}_by_{name} ON {table} (tenant, c_{name}, id)"
    for name in _matched(entity):
        yield f"CREATE INDEX {table}_of_{name} ON {table} (tenant, c_{name}, c_createdAt, id)"
    for name in entity.prefixes:
        yield f"CREATE INDEX {table}_from_{name} ON {table} (tenant, f_{name})"
    if entity.lists:
        yield f"CREATE INDEX {table}_items_item ON {table}_items (field, item, row)"
        yield f"CREATE INDEX {table}_items_row ON {table}_items (row)"


def _matched(entity: Entity) -> Sequence[str]:
    """Columns that are asked for by equality and are not sorted by already."""
    of_kind = {Kind.REFERENCE, Kind.CHOICE, Kind.TEXT, Kind.FLAG}
    return [one.name for one in entity.filterable if one.kind in of_kind and one.name not in entity.sorts]


def load(raw: bytes) -> Row:
    row: Row = orjson.loads(raw)
    return row
