"""From which addresses a principal (a chain of rotated tokens, or an app's grant) was used: each is told of once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.stores.sql import audit
from gateway.stores.sql.audit import Event
from gateway.stores.sql.inserting import insert_of
from gateway.stores.sql.usage_models import PlaceRow

MOST: Final = 100  # addresses of one principal; one that has so many roams, and a further one tells nobody anything


class Place(NamedTuple):
    """A use. ``subject`` is what the audit calls the token or grant."""

    principal: str
    address: str
    tenant_id: str
    user_id: str
    subject: str


def note(session: Session, places: Iterable[Place], now: datetime) -> None:
    """Keeps the addresses that were unknown, each with an entry in the audit log."""
    insert = insert_of(session)
    for place in sorted(set(places)):
        known = select(func.count()).select_from(PlaceRow).where(PlaceRow.principal == place.principal)
        if (session.scalar(known) or 0) < MOST:
            row = {"principal": place.principal, "address": place.address, "first_at": now}
            added = insert(PlaceRow).values(row).on_conflict_do_nothing().returning(PlaceRow.principal)
            if session.scalar(added) is not None:
                detail = {"user": place.user_id}
                event = Event(
                    at=now,
                    tenant_id=place.tenant_id,
                    actor=place.subject,
                    action="token.use",
                    subject=place.subject,
                    address=place.address,
                    detail=detail,
                )
                audit.append(session, event)
