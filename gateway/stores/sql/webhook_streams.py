"""The order of a tenant's events, and the lock that keeps it.

Whoever adds events to a tenant's log, or changes which of its endpoints get rows for them, holds the tenant's row until its
commit. So an event is numbered in the order of acceptance, nobody sees a later one before an earlier, and no event falls
between the log and the queue when an endpoint changes from one to the other.
Locks are taken in one order, or two would wait for each other: streams by tenant, then lanes by endpoint.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.stores.sql.inserting import insert_of
from gateway.stores.sql.webhook_models import StreamRow


def hold(session: Session, tenant_id: str, more: int = 0) -> int:
    """Hold the tenant's row, count `more` events, and return the number of the last one."""
    insert = insert_of(session)
    statement = insert(StreamRow).values(tenant_id=tenant_id, sequence=more)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id"], set_={"sequence": StreamRow.sequence + more}
    )
    return int(session.execute(statement.returning(StreamRow.sequence)).scalar_one())


def last(session: Session, tenant_id: str) -> int:
    """The number of the tenant's last event; 0 before the first."""
    return session.scalar(select(StreamRow.sequence).where(StreamRow.tenant_id == tenant_id)) or 0
