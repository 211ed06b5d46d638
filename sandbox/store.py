"""Rows in SQLite: get, insert, replace, delete, search. One connection; calls are synchronous and short."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sandbox import schema
from sandbox.entities import ENTITIES
from sandbox.entity import Entity
from sandbox.fields import Field
from sandbox.ids import Key
from sandbox.scene import Row

_COUNTS_KEPT = 4096
# so many rows are sorted faster than they are met on a walk through a large index
_FEW = 500
_TENANT_MEMBER = b'"tenantId":"%s"'


@dataclass(frozen=True, slots=True)
class Query:
    """conditions: SQL after the tenant's; order: a column · descending · offset, limit: rows."""

    conditions: str
    parameters: Sequence[Any]
    order: str
    descending: bool
    offset: int
    limit: int


def connect(path: Path | str, cache_kib: int = 65536) -> sqlite3.Connection:
    """A connection in autocommit mode (transactions are opened explicitly) that waits up to 30 s for a lock."""
    if str(path) != ":memory:":
        # Passwords of the seed are in it; SQLite would let everybody read it.
        Path(path).touch(0o600)
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, cached_statements=512, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    connection.execute("PRAGMA mmap_size = 1073741824")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:  # raised again: whatever it was, the transaction is void
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class Store:
    """named: the id of the only tenant, where the rows were seeded under another one's."""

    def __init__(self, connection: sqlite3.Connection, named: str | None = None) -> None:
        self.connection = connection
        self._statements = _STATEMENTS
        self._named: tuple[bytes, bytes] | None = None
        if named is not None:
            ((seeded,),) = connection.execute("SELECT id FROM tenants").fetchall()
            self._named = (_TENANT_MEMBER % seeded.encode(), _TENANT_MEMBER % named.encode())
        # totals are asked with every page and only change when the entity is written
        self._totals: dict[str, dict[tuple[Any, ...], int]] = {entity.plural: {} for entity in ENTITIES}

    def document(self, entity: Entity, tenant: int, key: Key) -> bytes | None:
        found = self.connection.execute(self._statements[entity.plural].document, (key, tenant)).fetchone()
        return self._shown(found[0]) if found is not None else None

    def exists(self, entity: Entity, tenant: int, key: Key) -> bool:
        return self.connection.execute(self._statements[entity.plural].exists, (key, tenant)).fetchone() is not None

    def insert(self, entity: Entity, tenant: int, rows: Iterable[Row]) -> list[bytes]:
        """Adds rows in one go (the caller holds the transaction) and returns their documents."""
        statements = self._statements[entity.plural]
        number = self.connection.execute(statements.last).fetchone()[0] or 0
        columns: list[tuple[Any, ...]] = []
        documents: list[tuple[int, bytes]] = []
        items: list[tuple[int, str, str]] = []
        for row in rows:
            number += 1
            columns.append((number, *schema.values(entity, tenant, row)))
            documents.append((number, orjson.dumps(row)))
            items.extend(schema.items(entity, number, row))
        self.connection.executemany(statements.insert, columns)
        self.connection.executemany(statements.insert_document, documents)
        if items:
            self.connection.executemany(statements.insert_item, items)
        self.changed(entity)
        return [document for _, document in documents]

    def replace(self, entity: Entity, tenant: int, row: Row) -> bytes:
        """Writes a row over the one with its id (the caller holds the transaction)."""
        statements = self._statements[entity.plural]
        number = self.connection.execute(statements.exists, (row["id"], tenant)).fetchone()[0]
        document = orjson.dumps(row)
        self.connection.execute(statements.update, (*schema.values(entity, tenant, row), number))
        self.connection.execute(statements.update_document, (document, number))
        if entity.lists:
            self.connection.execute(statements.delete_items, (number,))
            self.connection.executemany(statements.insert_item, schema.items(entity, number, row))
        self.changed(entity)
        return document

    def delete(self, entity: Entity, tenant: int, key: Key) -> Row | None:
        """Removes a row, what belongs to it and every reference to it (the caller holds the transaction); None when there is none."""
        statements = self._statements[entity.plural]
        document = self.document(entity, tenant, key)
        if document is None:
            return None
        number = self.connection.execute(statements.exists, (key, tenant)).fetchone()
        for statement in statements.delete:
            self.connection.execute(statement, number)
        self.changed(entity)
        for other in ENTITIES:
            for field in other.references:
                if field.refers == entity.name:
                    self._forget(other, field, tenant, key)
        return schema.load(document)

    def _forget(self, entity: Entity, field: Field, tenant: int, key: Key) -> None:
        for document in self.documents(entity, tenant, f"c_{field.name} = ?", (key,)):
            row = schema.load(document)
            if field.owner:
                self.delete(entity, tenant, row["id"])
            else:
                self.replace(entity, tenant, {**row, field.name: None})

    def following(self, name: str) -> int:
        """The next number of a sequence."""
        sql = "INSERT INTO sequences VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value"
        value: int = self.connection.execute(sql, (name,)).fetchone()[0]
        return value

    def documents(
        self, entity: Entity, tenant: int, conditions: str = "1", parameters: Sequence[Any] = ()
    ) -> list[bytes]:
        """Every row that meets the conditions, in no order."""
        sql = self._statements[entity.plural].all.format(conditions)
        return [self._shown(document) for (document,) in self.connection.execute(sql, (tenant, *parameters)).fetchall()]

    def page(self, entity: Entity, tenant: int, query: Query, total: int | None = None) -> list[bytes]:
        """The rows of the page; with the total known, a search that finds few does not walk the whole order."""
        if total is not None and query.offset >= total:
            return []
        direction = "DESC" if query.descending else "ASC"
        statements = self._statements[entity.plural]
        page = statements.page if total is None or total > _FEW else statements.page_of_few
        sql = page.format(query.conditions, query.order, direction)
        found = self.connection.execute(sql, (tenant, *query.parameters, query.limit, query.offset))
        return [self._shown(document) for (document,) in found.fetchall()]

    def total(self, entity: Entity, tenant: int, query: Query) -> int:
        kept = self._totals[entity.plural]
        key = (tenant, query.conditions, *query.parameters)
        total = kept.get(key)
        if total is None:
            sql = self._statements[entity.plural].count.format(query.conditions)
            total = int(self.connection.execute(sql, (tenant, *query.parameters)).fetchone()[0])
            if len(kept) >= _COUNTS_KEPT:
                kept.clear()
            kept[key] = total
        return total

    def changed(self, entity: Entity) -> None:
        """Says that rows of the entity were written."""
        self._totals[entity.plural].clear()

    def changed_all(self) -> None:
        for entity in ENTITIES:
            self.changed(entity)

    def batch(self, entity: Entity, tenant: int, after: int, size: int) -> list[tuple[int, bytes]]:
        """The next rows in order of creation: (number, document), numbers greater than `after`."""
        sql = self._statements[entity.plural].batch
        return self.connection.execute(sql, (tenant, after, size)).fetchall()

    def _shown(self, document: bytes) -> bytes:
        # the member stands before any that a client writes
        return document.replace(*self._named, 1) if self._named is not None else document


class _Statements:
    """The SQL of one entity. Table and column names come from the declarations, values are always parameters."""

    def __init__(self, entity: Entity) -> None:
        table, docs, items = entity.plural, f"{entity.plural}_docs", f"{entity.plural}_items"
        names = schema.columns(entity)
        self.document = f"SELECT doc FROM {docs} WHERE row IN (SELECT row FROM {table} WHERE id = ? AND tenant = ?)"  # noqa: S608  (see the class)
        self.exists = f"SELECT row FROM {table} WHERE id = ? AND tenant = ?"  # noqa: S608  (see the class)
        self.last = f"SELECT max(row) FROM {table}"  # noqa: S608  (see the class)
        self.insert = f"INSERT INTO {table} (row, {', '.join(names)}) VALUES (?{', ?' * len(names)})"  # noqa: S608  (see the class)
        self.insert_document = f"INSERT INTO {docs} (row, doc) VALUES (?, ?)"  # noqa: S608  (see the class)
        self.insert_item = f"INSERT INTO {items} (row, field, item) VALUES (?, ?, ?)"  # noqa: S608  (see the class)
        self.update = f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)} WHERE row = ?"  # noqa: S608  (see the class)
        self.update_document = f"UPDATE {docs} SET doc = ? WHERE row = ?"  # noqa: S608  (see the class)
        self.delete_items = f"DELETE FROM {items} WHERE row = ?"  # noqa: S608  (see the class)
        holders = (table, docs, items) if entity.lists else (table, docs)
        self.delete = tuple(f"DELETE FROM {holder} WHERE row = ?" for holder in holders)  # noqa: S608  (see the class)
        self.all = f"SELECT doc FROM {docs} WHERE row IN (SELECT row FROM {table} WHERE tenant = ? AND ({{}}))"  # noqa: S608  (see the class)
        # the rows of the page first, then their documents: the sort never carries a document
        page = (
            f"SELECT (SELECT doc FROM {docs} d WHERE d.row = p.row) FROM (SELECT row FROM {table}"  # noqa: S608  (see the class)
            " WHERE {} ORDER BY {}{{1}} {{2}}, {}id {{2}} LIMIT ? OFFSET ?) p"
        )
        self.page = page.format("tenant = ? AND {0}", "", "")
        # the plus keeps the order's own index out of it
        found = f"row IN (SELECT row FROM {table} WHERE tenant = ? AND {{0}})"  # noqa: S608  (see the class)
        self.page_of_few = page.format(found, "+", "+")
        self.count = f"SELECT count(*) FROM {table} WHERE tenant = ? AND {{}}"  # noqa: S608  (see the class)
        self.batch = (
            f"SELECT t.row, d.doc FROM {table} t CROSS JOIN {docs} d ON d.row = t.row"  # noqa: S608  (see the class)
            " WHERE t.tenant = ? AND t.row > ? ORDER BY t.row LIMIT ?"
        )


_STATEMENTS = {entity.plural: _Statements(entity) for entity in ENTITIES}
