"""Statements about many rows at once. Each has one text for any number of rows: it is compiled once, and is one round trip.

PostgreSQL is given one text of JSON, which is written here in a hundredth of the time that its driver takes to write arrays.
SQLite is in this process, where a row more costs no journey.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, Text, any_, bindparam, cast, func, insert, select, update
from sqlalchemy import column as named
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from gateway.stores.sql.inserting import insert_of

Rows = Sequence[Mapping[str, Any]]


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column, of text, is one of these."""
    given = bindparam(None, _json([*values]), type_=Text, unique=True)
    if _sqlite(session):
        listed = func.json_each(given).table_valued("value")
        found: ColumnElement[bool] = column.in_(select(listed.c.value))
        return found
    texts = func.json_array_elements_text(cast(given, _json_type())).column_valued("text")
    # An array, and no join with what nobody knows the length of.
    return column == any_(func.array(select(texts).scalar_subquery()))  # type: ignore[no-any-return]


def add(session: Session, table: Table, rows: Rows) -> None:
    """Inserts rows that name the same columns."""
    if not rows:
        return
    if _sqlite(session):
        session.execute(insert(table), list(rows))
    else:
        session.execute(insert(table).from_select([*rows[0]], select(_given(table, rows))))


def add_new(session: Session, table: Table, rows: Rows, unique: Sequence[str]) -> set[str]:
    """Inserts those of the rows, which name the same columns, for which there is none with the same `unique` ones; their ids."""
    if not rows:
        return set()
    statement = insert_of(session)(table)
    if _sqlite(session):
        statement = statement.on_conflict_do_nothing(index_elements=unique).returning(table.c.id)
        return set(session.execute(statement, list(rows)).scalars())
    statement = statement.from_select([*rows[0]], select(_given(table, rows)))
    return set(session.scalars(statement.on_conflict_do_nothing(index_elements=unique).returning(table.c.id)))


def change(session: Session, table: Table, key: str, rows: Rows) -> None:
    """Sets columns of the rows that `key` names; all name the same columns."""
    if not rows:
        return
    columns = [name for name in rows[0] if name != key]
    if _sqlite(session):
        statement = update(table).where(table.c[key] == bindparam(f"of_{key}"))
        named = [{f"of_{key}": row[key]} | {name: row[name] for name in columns} for row in rows]
        session.execute(statement.values({name: bindparam(name) for name in columns}), named)
    else:
        given = _given(table, rows)
        values = {name: given.c[name] for name in columns}
        session.execute(update(table).where(table.c[key] == given.c[key]).values(values))


def pairs(first: Any, second: Any, values: Sequence[tuple[Any, Any]]) -> TableValuedAlias:
    """Of PostgreSQL: rows of two columns, called and typed as these, to join with."""
    return _recordset([first, second], [{first.name: one, second.name: other} for one, other in values], "asked")


def _given(table: Table, rows: Rows) -> TableValuedAlias:
    return _recordset([table.c[name] for name in rows[0]], rows, "given")


def _recordset(columns: Sequence[Any], rows: Rows, name: str) -> TableValuedAlias:
    given = cast(bindparam(None, _json([*rows]), type_=Text, unique=True), _json_type())
    typed = (named(column.name, column.type) for column in columns)
    return func.json_to_recordset(given).table_valued(*typed).render_derived(name=name, with_types=True)


def _json(values: Sequence[Any]) -> str:
    return orjson.dumps(values, default=_bytes).decode()


def _bytes(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} is not kept in rows")


def _json_type() -> Any:
    # Imported here for the reason that inserting.py has: workers on SQLite need nothing of it.
    from sqlalchemy.dialects.postgresql import JSON

    return JSON


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
