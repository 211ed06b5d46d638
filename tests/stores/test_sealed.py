"""What is stored sealed survives the key it was sealed with: every column of it, on both databases."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger, select, update
from sqlalchemy.types import TypeEngine

from gateway.keys.keyring import Keyring
from gateway.stores.sql import Session, sealed
from gateway.stores.sql.models import Base, Instant
from gateway.stores.sql.oauth_models import ClientRow
from gateway.stores.sql.sealed import PLACES, SHORT_LIVED, Place
from gateway.stores.sql.webhook_models import (
    EndpointRow,
    EventRow,
    RegistrationRow,
    TemplateRow,
    UnreadableRow,
    WebhookSecretRow,
)
from tests.stores.records import TENANT

OLD = Keyring.load(Keyring.create())
NEW = OLD.rotate("hashing").rotate("sealing")


def emptied(kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, Integer | BigInteger | SmallInteger):
        return 1
    if isinstance(kind, LargeBinary):
        return os.urandom(32)
    return datetime.now(UTC) if isinstance(kind, Instant) else "x"


def put(session: Session, row: type[Base], **given: Any) -> None:
    """A row that has something everywhere where something has to be."""
    needed = {each.key: emptied(each.type) for each in row.__table__.columns if not each.nullable}
    session.add(row(**needed | given))
    session.flush()


@pytest.fixture
def stored(session: Session) -> Session:
    """A row in every table that has something sealed; subjects as they are in use."""
    put(session, ClientRow, id="c1")
    put(session, TemplateRow, id="t1", client_id="c1", before_sealed="x")
    put(session, EndpointRow, id="e1", tenant_id=TENANT.id, headers_sealed="x")
    put(session, EndpointRow, id="e2", tenant_id=TENANT.id, template_id="t1")
    put(session, WebhookSecretRow, endpoint_id="e1")
    capability = OLD.seal("webhook-capability", TENANT.id, b"cap", b"")
    put(
        session,
        RegistrationRow,
        tenant_id=TENANT.id,
        capability_hash=OLD.hash(b"cap"),
        hash_key_id=OLD.hashing_id,
        capability_sealed=capability,
    )
    put(session, EventRow, tenant_id=TENANT.id, facts_sealed="x")
    put(session, UnreadableRow, tenant_id=TENANT.id)
    for place in PLACES:
        row: Any = place.column.class_
        for row_id, subject in session.execute(select(row.id, place.subject)).all():
            text = (
                OLD.seal(place.purpose, subject, place.name.encode(), b"")
                if place.column.key != "capability_sealed"
                else capability
            )
            session.execute(update(row).where(row.id == row_id).values({place.column: text}))
    session.flush()
    return session


def texts(session: Session, place: Place) -> list[tuple[str, str]]:
    return [(text, subject) for text, subject in session.execute(select(place.column, place.subject)) if text]


def test_every_sealed_column_has_its_place_or_is_short_lived() -> None:
    named = {f"{table.name}.{column.name}" for table in Base.metadata.sorted_tables for column in table.columns}
    found = {name for name in named if name.rpartition(".")[2].endswith("sealed")}
    assert found == {place.name for place in PLACES} | SHORT_LIVED


def test_what_was_sealed_with_a_key_is_open_when_it_has_gone(stored: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "BATCH", 1)
    for place in PLACES:
        after, seen = sealed.reseal(stored, NEW, place, ""), 1
        while after[0]:
            assert after[1] == 0
            after, seen = sealed.reseal(stored, NEW, place, after[0]), seen + 1
    sealed.rehash(stored, NEW)
    left = NEW.retire(OLD.ids("sealing")[0]).retire(OLD.hashing_id)
    for place in PLACES:
        found = texts(stored, place)
        assert found, place.name
        for text, subject in found:
            assert left.open(place.purpose, subject, text, b"") in (place.name.encode(), b"cap")
    (registration,) = stored.scalars(select(RegistrationRow)).all()
    assert registration.capability_hash == left.hash(b"cap") and registration.hash_key_id == left.hashing_id


def test_what_no_key_opens_is_counted_and_kept(stored: Session) -> None:
    stranger = Keyring.load(Keyring.create())
    for place in PLACES:
        before = texts(stored, place)
        assert sealed.reseal(stored, stranger, place, "") == ("", len(before))
        assert texts(stored, place) == before


def test_what_is_sealed_with_the_current_key_is_left_alone(stored: Session) -> None:
    before = {place.name: texts(stored, place) for place in PLACES}
    for place in PLACES:
        assert sealed.reseal(stored, OLD, place, "") == ("", 0)
    assert {place.name: texts(stored, place) for place in PLACES} == before
