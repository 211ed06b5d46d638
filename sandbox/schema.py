"""The tables of an entity, derived from its fields.

`<plural>`: one typed column `c_<field>` to search and sort by, `f_<field>` with the case-folded text, `search` with all
searched texts; kept apart from `<plural>_docs`, the ready JSON, so that scans stay narrow. `<plural>_items`: one line per
list item. Every index starts with the tenant's number and ends with the id, in the order that pages come in.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.scene import Row

_SQL_TYPE = {
    Kind.INTEGER: "INTEGER",
    Kind.FLAG: "INTEGER",
    Kind.INSTANT: "INTEGER",
    Kind.LIST: "INTEGER",
    Kind.NUMBER: "REAL",
    Kind.DECIMAL: "REAL",
    Kind.MONEY: "REAL",
    Kind.MONEY_TEXT: "REAL",
}

BASE_TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE tenants (
        number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL, api_key TEXT UNIQUE NOT NULL,
        currency TEXT NOT NULL, tax_rate INTEGER NOT NULL, closed_through TEXT NOT NULL, negative_stock INTEGER NOT NULL
    )""",
    """CREATE TABLE users (
        number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, tenant INTEGER NOT NULL REFERENCES tenants, email TEXT UNIQUE NOT NULL,
        name TEXT NOT NULL, password TEXT NOT NULL, role TEXT NOT NULL, active INTEGER NOT NULL,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    )""",
    "CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id))",
    "CREATE TABLE subscriptions (id TEXT PRIMARY KEY, tenant INTEGER NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, created_at TEXT NOT NULL)",
    "CREATE TABLE sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    # amount: in minor units of the books' currency, debit positive
    "CREATE TABLE postings (tenant INTEGER NOT NULL, source TEXT NOT NULL, book TEXT NOT NULL, day TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL)",
    "CREATE INDEX postings_source ON postings (source)",
    "CREATE INDEX postings_day ON postings (tenant, day)",
)


def columns(entity: Entity) -> list[str]:
    """The columns of the search table after `row`, in the order of `values`."""
    names = ["tenant", "search"]
    for name, _, folded in entity.stored:
        names.append(_column(name))
        if folded:
            names.append(f"f_{name}")
    return names


def _column(name: str) -> str:
    return "id" if name == "id" else f"c_{name}"


def values(entity: Entity, tenant: int, row: Row) -> list[Any]:
    found: list[Any] = [tenant, row.get("searchVector") or entity.search_text(row)]
    for name, convert, folded in entity.stored:
        value = row[name]
        if value is None:
            found.extend((None, None) if folded else (None,))
        elif folded:
            found.extend((value, value.casefold()))
        else:
            found.append(value if convert is None else convert(value))
    return found


def items(entity: Entity, number: int, row: Row) -> Iterator[tuple[int, str, str]]:
    for field in entity.lists:
        for item in row[field.name]:
            yield number, field.name, item


def tables(entity: Entity) -> Iterator[str]:
    typed = ["tenant INTEGER NOT NULL", "search TEXT NOT NULL"]
    for name, _, folded in entity.stored:
        typed.append(f"{_column(name)} {_sql_type(entity.by_name[name])}")
        if folded:
            typed.append(f"f_{name} TEXT")
    yield f"CREATE TABLE {entity.plural} (row INTEGER PRIMARY KEY, {', '.join(typed)})"
    yield f"CREATE TABLE {entity.plural}_docs (row INTEGER PRIMARY KEY, doc BLOB NOT NULL)"
    if entity.lists:
        yield f"CREATE TABLE {entity.plural}_items (row INTEGER NOT NULL, field TEXT NOT NULL, item TEXT NOT NULL)"


def _sql_type(field: Field) -> str:
    return "INTEGER" if field.number else _SQL_TYPE.get(field.kind, "TEXT")


def indexes(entity: Entity) -> Iterator[str]:
    """Made after a bulk load: that is several times faster than keeping them while loading."""
    table = entity.plural
    yield f"CREATE UNIQUE INDEX {table}_id ON {table} (id)"
    if entity.large:
        yield f"CREATE INDEX {table}_tenant ON {table} (tenant)"
        yield f"CREATE INDEX {table}_text ON {table} (tenant, search)"
    for name in entity.sorts if entity.large else ("createdAt",):
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
    of_kind = {Kind.REFERENCE, Kind.CHOICE, Kind.TEXT, Kind.FLAG} if entity.large else {Kind.REFERENCE}
    return [one.name for one in entity.columns if one.kind in of_kind and one.name not in entity.sorts]


def load(raw: bytes) -> Row:
    row: Row = orjson.loads(raw)
    return row
