"""The order of a tenant's events, and the lock that keeps it.

Whoever adds events to a tenant's log, or changes which of its endpoints get rows for them, holds the tenant's row until its
commit. So an event is numbered in the order of acceptance, nobody sees a later one before an earlier, and no event falls
between the log and the queue when an endpoint changes from one to the other.
Locks are taken in one order, or two would wait for each other: streams by tenant, then lanes by endpoint.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.stores.sql import many
from gateway.stores.sql.inserting import insert_of
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_models import StreamRow

_STREAMS: Final = Base.metadata.tables[StreamRow.__tablename__]


def hold(session: Session, tenant_id: str, more: int = 0) -> int:
    """Hold the tenant's row, count `more` events, and return the number of the last one."""
    insert = insert_of(session)
    statement = insert(StreamRow).values(tenant_id=tenant_id, sequence=more)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id"], set_={"sequence": StreamRow.sequence + more}
    )
    return int(session.execute(statement.returning(StreamRow.sequence)).scalar_one())


def hold_each(session: Session, more: Mapping[str, int]) -> dict[str, int]:
    """`hold` for several tenants at once: by tenant, how many events are counted, and the number of the last one."""
    if session.get_bind().dialect.name == "sqlite":
        return {tenant_id: hold(session, tenant_id, more[tenant_id]) for tenant_id in sorted(more)}
    rows = [{"tenant_id": tenant_id, "sequence": count} for tenant_id, count in more.items()]
    return {row.tenant_id: row.sequence for row in many.run(session, _holding, (), given=many.told(rows))}


def _holding() -> Any:
    from sqlalchemy.dialects.postgresql import insert

    columns = ("tenant_id", "sequence")
    given = many.recordset(_STREAMS, columns)
    statement = insert(_STREAMS).from_select(columns, select(given).order_by(given.c.tenant_id))
    counted = statement.on_conflict_do_update(
        index_elements=["tenant_id"], set_={"sequence": _STREAMS.c.sequence + statement.excluded.sequence}
    )
    return counted.returning(_STREAMS.c.tenant_id, _STREAMS.c.sequence)


def last(session: Session, tenant_id: str) -> int:
    """The number of the tenant's last event; 0 before the first."""
    return session.scalar(select(StreamRow.sequence).where(StreamRow.tenant_id == tenant_id)) or 0
