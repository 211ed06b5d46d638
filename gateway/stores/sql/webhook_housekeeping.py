"""What couriers do for all: say that they live, take turns, forget what is old, and look how much there is."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from gateway.stores.sql.inserting import insert_of
from gateway.stores.sql.webhook_models import (
    AttemptRow,
    CourierRow,
    DeliveryRow,
    EventRow,
    GapRow,
    QueueRow,
    ReplayRow,
    UnreadableRow,
)

AT_ONCE: Final = 1_000  # rows deleted in one transaction
UNREADABLE: Final = 1_000  # kept


def beat(session: Session, courier: str, now: int) -> int | None:
    """This courier lives. Returns when any last did before (None: never), to see how long none was there."""
    last: int | None = session.scalar(select(func.max(CourierRow.at)).where(CourierRow.holder.is_(None)))
    insert = insert_of(session)
    statement = insert(CourierRow).values(id=courier, at=now, holder=None)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"at": now}))
    session.execute(
        delete(CourierRow).where(
            CourierRow.holder.is_(None), CourierRow.at < now - 86_400_000, CourierRow.id != courier
        )
    )
    return last


def living(session: Session, now: int, within: int = 60_000) -> int:
    """How many couriers have lately said so."""
    query = select(func.count()).where(CourierRow.holder.is_(None), CourierRow.at > now - within)
    return session.scalar(query) or 0


def turn(session: Session, task: str, courier: str, now: int, lasts: int) -> bool:
    """Whether the courier has the turn at a task that one of all couriers does; it keeps it for `lasts` milliseconds."""
    insert = insert_of(session)
    statement = insert(CourierRow).values(id=task, at=now + lasts, holder=courier)
    statement = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={"at": now + lasts, "holder": courier},
        where=or_(CourierRow.at <= now, CourierRow.holder == courier),
    )
    return session.execute(statement.returning(CourierRow.id)).first() is not None


def forget(session: Session, before: datetime, successes_before: datetime) -> int:
    """Deletes at most `AT_ONCE` rows of each kind that are older; how many it were. Nothing that is still in the queue goes."""
    queued = exists().where(QueueRow.delivery_id == DeliveryRow.id)
    wanted = exists().where(QueueRow.event_id == EventRow.id)
    done = AttemptRow.status.between(200, 299)
    deleted = 0
    for row, old in (
        (AttemptRow, or_(AttemptRow.at < before, done & (AttemptRow.at < successes_before))),
        (DeliveryRow, (DeliveryRow.created_at < before) & ~queued),
        (EventRow, (EventRow.received_at < before) & ~wanted),
        (ReplayRow, ReplayRow.finished_at < before),
        (GapRow, GapRow.until < before),
        (UnreadableRow, UnreadableRow.at < before),
    ):
        deleted += _forget(session, row.__table__, old)  # type: ignore[arg-type]
    return deleted


def keep_unreadable(session: Session, row_id: str, tenant_id: str, at: datetime, sealed: str) -> None:
    """The beginning of what was no event, sealed by purpose `webhook-unreadable`, subject the tenant; the last ones only."""
    session.add(UnreadableRow(id=row_id, tenant_id=tenant_id, at=at, sealed=sealed))
    session.flush()
    last = select(UnreadableRow.id).order_by(UnreadableRow.id.desc()).offset(UNREADABLE).limit(1)
    if (oldest := session.scalar(last)) is not None:
        session.execute(delete(UnreadableRow).where(UnreadableRow.id <= oldest))


def stored(session: Session) -> int:
    """Bytes that the tables of webhooks take, about: of SQLite the whole file."""
    if session.get_bind().dialect.name == "sqlite":
        pragma = session.connection().exec_driver_sql
        pages, free, size = (
            int(pragma(f"PRAGMA {name}").scalar_one()) for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size
    tables = (EventRow, DeliveryRow, QueueRow, AttemptRow)
    return sum(int(session.scalar(select(func.pg_total_relation_size(row.__tablename__))) or 0) for row in tables)


def _forget(session: Session, table: Table, old: ColumnElement[bool]) -> int:
    key = [*table.primary_key.columns]
    found = session.execute(select(*key).where(old).limit(AT_ONCE)).all()
    if not found:
        return 0

    these = key[0].in_([row[0] for row in found]) if len(key) == 1 else tuple_(*key).in_([tuple(row) for row in found])
    session.execute(delete(table).where(these))
    return len(found)
