"""Statements about many rows at once. Each has one text for any number of rows: it is compiled once, and is one round trip.

PostgreSQL is given arrays. SQLite is in this process, where a row more costs no journey.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, any_, bindparam, func, insert, select, update
from sqlalchemy import column as named
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

Rows = Sequence[Mapping[str, Any]]


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column is one of these, which JSON can hold."""
    if _sqlite(session):
        listed = func.json_each(bindparam(None, orjson.dumps([*values]).decode())).table_valued("value")
        found: ColumnElement[bool] = column.in_(select(listed.c.value))
        return found
    return column == any_(_array(column, [*values]))  # type: ignore[no-any-return]


def add(session: Session, table: Table, rows: Rows) -> None:
    """Inserts rows that name the same columns."""
    if not rows:
        return
    if _sqlite(session):
        session.execute(insert(table), list(rows))
    else:
        session.execute(insert(table).from_select([*rows[0]], select(_given(table, rows))))


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
    left, right = zip(*values, strict=True)
    arrays = func.unnest(_array(first, list(left)), _array(second, list(right)))
    return arrays.table_valued(_typed(first), _typed(second)).render_derived(name="asked")


def _given(table: Table, rows: Rows) -> TableValuedAlias:
    columns = [table.c[name] for name in rows[0]]
    arrays = func.unnest(*(_array(column, [row[column.name] for row in rows]) for column in columns))
    return arrays.table_valued(*map(_typed, columns)).render_derived(name="given")


def _typed(column: Any) -> Any:
    return named(column.name, column.type)


def _array(column: Any, values: list[Any]) -> Any:
    # Imported here for the reason that inserting.py has: workers on SQLite need nothing of it.
    from sqlalchemy.dialects.postgresql import ARRAY

    return bindparam(None, values, type_=ARRAY(column.type), unique=True)


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
