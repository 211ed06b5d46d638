"""The tables of webhooks: who subscribed, what happened, and what is on its way.

`webhook_queue` and `webhook_lanes` are written for every delivery: they are narrow, and count time as the database does, in
milliseconds since 1970, so that replicas need not agree on theirs. All else keeps moments as every other table does.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.stores.sql.models import Base, Instant

NEVER: Final = 2**62
"""A moment that does not come: a lane that has nothing to do."""

# Ids begin with their moment: in the order of bytes, whatever the locale of the database, that is the order of time.
Id = String(24).with_variant(String(24, collation="C"), "postgresql")


class EndpointRow(Base):
    __tablename__ = "webhook_subscriptions"
    __table_args__ = (
        Index("ix_webhook_subscriptions_tenant_id_created_at_id", "tenant_id", "created_at", "id"),
        Index("ix_webhook_subscriptions_owner_id", "owner_id"),
        Index("ix_webhook_subscriptions_template_id_tenant_id_user_id", "template_id", "tenant_id", "user_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    owner_kind: Mapped[str] = mapped_column(String(8))
    owner_id: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(Text)
    url_sealed: Mapped[str] = mapped_column(Text)
    url_host: Mapped[str] = mapped_column(String(255))
    events: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(String(8))
    contract: Mapped[str] = mapped_column(String(10))
    description: Mapped[str | None] = mapped_column(Text)
    headers_sealed: Mapped[str | None] = mapped_column(Text)
    max_in_flight: Mapped[int] = mapped_column(SmallInteger)
    rate: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    template_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class WebhookSecretRow(Base):
    __tablename__ = "webhook_secrets"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_subscriptions.id"), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    display_prefix: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class TemplateRow(Base):
    """What an app subscribes to wherever it is connected. Its secrets are those of all subscriptions made of it: two at most."""

    __tablename__ = "webhook_templates"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), unique=True)
    url_sealed: Mapped[str] = mapped_column(Text)
    url_host: Mapped[str] = mapped_column(String(255))
    events: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(String(8))
    contract: Mapped[str] = mapped_column(String(10))
    secret_sealed: Mapped[str] = mapped_column(Text)
    secret_prefix: Mapped[str] = mapped_column(String(16))
    secret_made_at: Mapped[datetime] = mapped_column(Instant)
    before_sealed: Mapped[str | None] = mapped_column(Text)
    before_prefix: Mapped[str | None] = mapped_column(String(16))
    before_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class StreamRow(Base):
    """The tenant's row that every acceptance holds: its events have an order, and nobody sees a later one first."""

    __tablename__ = "webhook_streams"

    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class EventRow(Base):
    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("tenant_id", "fingerprint"),
        UniqueConstraint("tenant_id", "sequence"),
        Index("ix_webhook_events_received_at", "received_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(255))
    audience: Mapped[str | None] = mapped_column(String(64))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    facts_sealed: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(16))


class DeliveryRow(Base):
    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id", "round"),
        Index("ix_webhook_deliveries_endpoint_id_id", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(Id)
    event_id: Mapped[str] = mapped_column(Id)
    # Of a replay or a redelivery its id; empty for the first time. NULLs would be distinct and let one event in twice.
    round: Mapped[str] = mapped_column(String(24))
    status: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    last_status: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)
    first_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class QueueRow(Base):
    __tablename__ = "webhook_queue"
    __table_args__ = (Index("ix_webhook_queue_endpoint_id_rank_due_at", "endpoint_id", "rank", "due_at"),)

    delivery_id: Mapped[str] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(Id)
    event_id: Mapped[str] = mapped_column(Id)
    rank: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[int] = mapped_column(BigInteger)
    accepted_at: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    claims: Mapped[int] = mapped_column(SmallInteger)


class LaneRow(Base):
    __tablename__ = "webhook_lanes"
    __table_args__ = (Index("ix_webhook_lanes_next_due", "next_due"),)

    endpoint_id: Mapped[str] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    next_due: Mapped[int] = mapped_column(BigInteger)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    leased_until: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(BigInteger)
    served_at: Mapped[int] = mapped_column(BigInteger)
    blocked_until: Mapped[int] = mapped_column(BigInteger)
    blocks: Mapped[int] = mapped_column(SmallInteger)
    failing_since: Mapped[int | None] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer)
    streak: Mapped[int] = mapped_column(Integer)
    warned: Mapped[int] = mapped_column(SmallInteger)
    gone_at: Mapped[int | None] = mapped_column(BigInteger)
    succeeded_at: Mapped[int | None] = mapped_column(BigInteger)
    failed_at: Mapped[int | None] = mapped_column(BigInteger)
    cursor: Mapped[int | None] = mapped_column(BigInteger)
    missed_since: Mapped[datetime | None] = mapped_column(Instant)
    missed_until: Mapped[datetime | None] = mapped_column(Instant)


class AttemptRow(Base):
    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_at", "at"),)

    delivery_id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    ms: Mapped[int] = mapped_column(Integer)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str | None] = mapped_column(String(32))
    address: Mapped[str | None] = mapped_column(String(64))
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    body_bytes: Mapped[int] = mapped_column(Integer)
    answer_head: Mapped[str | None] = mapped_column(Text)


class RegistrationRow(Base):
    __tablename__ = "webhook_registrations"
    __table_args__ = (Index("ix_webhook_registrations_tenant_id", "tenant_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    capability_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hash_key_id: Mapped[str] = mapped_column(String(8))
    capability_sealed: Mapped[str] = mapped_column(Text)
    internal_id: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    heard_at: Mapped[datetime | None] = mapped_column(Instant)


class ReplayRow(Base):
    __tablename__ = "webhook_replays"
    __table_args__ = (Index("ix_webhook_replays_endpoint_id", "endpoint_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(Id)
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)
    events: Mapped[str] = mapped_column(Text)
    only: Mapped[str] = mapped_column(String(12))
    position: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)
    done: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class GapRow(Base):
    """A time in which events may have been missed; `tenant_id` is NULL when it was everybody's."""

    __tablename__ = "webhook_gaps"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(32))
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)
    reconciled_at: Mapped[datetime | None] = mapped_column(Instant)


class CourierRow(Base):
    """When a courier said last that it lives, and for which task of all couriers (`housekeeping`, …) one holds the turn."""

    __tablename__ = "webhook_couriers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    holder: Mapped[str | None] = mapped_column(String(64))


class UnreadableRow(Base):
    """What came with a good capability and was no event: the service has changed, and this is what it sends now."""

    __tablename__ = "webhook_unreadable"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)
    sealed: Mapped[str] = mapped_column(Text)
