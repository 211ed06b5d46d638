"""What SQL keeps sealed for good, and how it moves to the keyring's current key: without that, retiring a key would lose it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.keys import purposes
from gateway.keys.keyring import Keyring, Unsealable
from gateway.stores.sql.models import TenantRow
from gateway.stores.sql.webhook_models import (
    EndpointRow,
    EventRow,
    RegistrationRow,
    TemplateRow,
    UnreadableRow,
    WebhookSecretRow,
)

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed text, the purpose it is sealed for, and the column or expression that it is sealed to."""

    column: InstrumentedAttribute[Any]
    purpose: str
    subject: Any

    @property
    def name(self) -> str:
        """`table.column`."""
        return f"{self.column.class_.__tablename__}.{self.column.key}"


PLACES: Final = (
    Place(TenantRow.api_key_sealed, purposes.TENANT_KEY, TenantRow.id),
    Place(EndpointRow.url_sealed, purposes.URL, func.coalesce(EndpointRow.template_id, EndpointRow.id)),
    Place(EndpointRow.headers_sealed, purposes.HEADERS, EndpointRow.id),
    Place(WebhookSecretRow.sealed, purposes.SECRET, WebhookSecretRow.endpoint_id),
    Place(TemplateRow.url_sealed, purposes.URL, TemplateRow.id),
    Place(TemplateRow.secret_sealed, purposes.SECRET, TemplateRow.id),
    Place(TemplateRow.before_sealed, purposes.SECRET, TemplateRow.id),
    Place(RegistrationRow.capability_sealed, purposes.CAPABILITY, RegistrationRow.tenant_id),
    Place(EventRow.facts_sealed, purposes.FACTS, EventRow.tenant_id),
    Place(UnreadableRow.sealed, purposes.UNREADABLE, UnreadableRow.tenant_id),
)
SHORT_LIVED: Final = frozenset({"refresh_tokens.successor_sealed"})
"""Sealed columns that are worth nothing by the time a key is retired."""


def reseal(session: Session, keys: Keyring, place: Place, after: str) -> tuple[str, int]:
    """Move the next rows behind the id `after` to the current key. The last id that was looked at, empty at the end; and how many
    no key of `keys` opens, which stay as they are.
    """
    row, lost = place.column.class_, 0
    found = session.execute(
        select(row.id, place.column, place.subject)
        .where(place.column.is_not(None), row.id > after)
        .order_by(row.id)
        .limit(BATCH)
    ).all()
    for row_id, text, subject in found:
        if keys.seals_like(text):
            continue
        try:
            again = keys.seal(place.purpose, subject, keys.open(place.purpose, subject, text, b""), b"")
        except Unsealable:
            lost += 1
            continue
        # Only while it is what was read: whoever changed it meanwhile has sealed it with the current key.
        session.execute(
            update(row).where(row.id == row_id, place.column == text).values({place.column: again}),
            execution_options={"synchronize_session": False},
        )
    return (found[-1][0] if len(found) == BATCH else ""), lost


def rehash(session: Session, keys: Keyring) -> None:
    """Let the capabilities that services post events with be found by the current hashing key."""
    of: Sequence[tuple[str, str, str]] = [
        (row_id, tenant, text)
        for row_id, tenant, text in session.execute(
            select(RegistrationRow.id, RegistrationRow.tenant_id, RegistrationRow.capability_sealed).where(
                RegistrationRow.hash_key_id != keys.hashing_id
            )
        )
    ]
    for row_id, tenant, text in of:
        try:
            capability = keys.open(purposes.CAPABILITY, tenant, text, b"")
        except Unsealable:
            continue
        session.execute(
            update(RegistrationRow)
            .where(RegistrationRow.id == row_id, RegistrationRow.capability_sealed == text)
            .values(capability_hash=keys.hash(capability), hash_key_id=keys.hashing_id),
            execution_options={"synchronize_session": False},
        )
