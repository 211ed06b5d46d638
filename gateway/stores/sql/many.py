"""Statements about many rows at once. Each has one text for any number of rows: it is compiled once, and is one round trip.

PostgreSQL is given one text of JSON, which is written here in a hundredth of the time that its driver takes to write arrays.
SQLite is in this process, where a row more costs no journey.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, CursorResult, Table, Text, any_, bindparam, cast, func, insert, select, update
from sqlalchemy import column as named
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from gateway.stores.sql.inserting import insert_of

Rows = Sequence[Mapping[str, Any]]


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column, of text, is one of these."""
    given = bindparam(None, listed(values), type_=Text, unique=True)
    return _among(column, given, sqlite=_sqlite(session))


def among_given(column: Any, name: str, *, sqlite: bool) -> ColumnElement[bool]:
    """The same for a statement of `run`: one of those that are `listed` as its parameter `name`."""
    return _among(column, bindparam(name, type_=Text), sqlite=sqlite)


def listed(values: Collection[Any]) -> str:
    """What `among_given` is given."""
    return _json([*values])


def _among(column: Any, given: Any, *, sqlite: bool) -> ColumnElement[bool]:
    if sqlite:
        each = func.json_each(given).table_valued("value")
        found: ColumnElement[bool] = column.in_(select(each.c.value))
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
        run(session, _adding, (table, *rows[0]), given=told(rows))


def add_new(session: Session, table: Table, rows: Rows, unique: Sequence[str]) -> set[str]:
    """Inserts those of the rows, which name the same columns, for which there is none with the same `unique` ones; their ids."""
    if not rows:
        return set()
    if not _sqlite(session):
        return set(run(session, _adding_new, (table, tuple(unique), *rows[0]), given=told(rows)).scalars())
    inserted = insert_of(session)(table).on_conflict_do_nothing(index_elements=unique)
    ids = {row["id"] for row in rows}
    # Ids are new, each: of a row that was not inserted there is none.
    if session.execute(inserted, list(rows)).rowcount == len(rows):  # type: ignore[attr-defined]
        return ids
    return set(session.scalars(select(table.c.id).where(among(session, table.c.id, ids))))


def change(session: Session, table: Table, key: str, rows: Rows) -> None:
    """Sets columns of the rows that `key` names; all name the same columns."""
    if not rows:
        return
    if _sqlite(session):
        columns = [name for name in rows[0] if name != key]
        statement = update(table).where(table.c[key] == bindparam(f"of_{key}"))
        named = [{f"of_{key}": row[key]} | {name: row[name] for name in columns} for row in rows]
        session.execute(statement.values({name: bindparam(name) for name in columns}), named)
    else:
        run(session, _changing, (table, key, *rows[0]), given=told(rows))


def run(session: Session, make: Callable[..., Any], of: tuple[Any, ...], **given: Any) -> CursorResult[Any]:
    """Runs the statement `make(*of)`, which is made and compiled once in a process: to make it, and to find what was compiled of
    one that is alike, takes longer than to send it.

    given: its parameters, and what it answers, are as the driver has them. Moments of SQLite are none of the driver's.
    """
    dialect = session.get_bind().dialect
    known = _compiled.get((dialect.name, make, of))
    if known is None:
        compiled = make(*of).compile(dialect=dialect)
        known = _compiled[dialect.name, make, of] = str(compiled), dict(compiled.params), compiled.positiontup
    text, constants, order = known
    values = {**constants, **given}
    placed: Any = values if order is None else tuple(values[name] for name in order)
    return session.connection().exec_driver_sql(text, placed)


_compiled: Final[dict[Any, tuple[str, dict[str, Any], Sequence[str] | None]]] = {}


def _adding(table: Table, *columns: str) -> Any:
    return insert(table).from_select(columns, select(recordset(table, columns)))


def _adding_new(table: Table, unique: Sequence[str], *columns: str) -> Any:
    from sqlalchemy.dialects.postgresql import insert as of_postgresql

    adding = of_postgresql(table).from_select(columns, select(recordset(table, columns)))
    return adding.on_conflict_do_nothing(index_elements=unique).returning(table.c.id)


def _changing(table: Table, key: str, *columns: str) -> Any:
    given = recordset(table, columns)
    values = {name: given.c[name] for name in columns if name != key}
    return update(table).where(table.c[key] == given.c[key]).values(values)


def pairs(first: Any, second: Any, values: Sequence[tuple[Any, Any]]) -> TableValuedAlias:
    """Of PostgreSQL: rows of two columns, called and typed as these, to join with."""
    rows = told([{first.name: one, second.name: other} for one, other in values])
    return _recordset(bindparam(None, rows, type_=Text, unique=True), [first, second], "asked")


def recordset(table: Table, columns: Sequence[str], name: str = "given") -> TableValuedAlias:
    """Of PostgreSQL, for a statement of `run`: the rows that are `told` as its parameter `name`, with these columns of the table."""
    return _recordset(bindparam(name, type_=Text), [table.c[each] for each in columns], name)


def told(rows: Rows) -> str:
    """What a `recordset` is given."""
    return _json([*rows])


def _recordset(given: Any, columns: Sequence[Any], name: str) -> TableValuedAlias:
    typed = (named(column.name, column.type) for column in columns)
    rows = func.json_to_recordset(cast(given, _json_type())).table_valued(*typed)
    return rows.render_derived(name=name, with_types=True)


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
