"""Webhooks: subscriptions and their secrets, events, deliveries and their queue, registrations with the services."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.String(24).with_variant(sa.String(24, collation="C"), "postgresql")
TABLES = (
    "webhook_subscriptions",
    "webhook_secrets",
    "webhook_streams",
    "webhook_events",
    "webhook_deliveries",
    "webhook_queue",
    "webhook_lanes",
    "webhook_attempts",
    "webhook_registrations",
    "webhook_replays",
    "webhook_gaps",
    "webhook_couriers",
    "webhook_unreadable",
)


def upgrade() -> None:
    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64)),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("url_sealed", sa.Text, nullable=False),
        sa.Column("url_host", sa.String(255), nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("payload", sa.String(8), nullable=False),
        sa.Column("contract", sa.String(10), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("headers_sealed", sa.Text),
        sa.Column("max_in_flight", sa.SmallInteger, nullable=False),
        sa.Column("rate", sa.Integer),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("template_id", sa.String(64)),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_subscriptions"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhook_subscriptions_tenant_id"),
    )
    op.create_index("ix_webhook_subscriptions_owner_id", "webhook_subscriptions", ["owner_id"])
    op.create_index(
        "ix_webhook_subscriptions_tenant_id_created_at_id", "webhook_subscriptions", ["tenant_id", "created_at", "id"]
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("display_prefix", sa.String(16), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_secrets"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_subscriptions.id"], name="fk_webhook_secrets_endpoint_id"),
    )
    op.create_index("ix_webhook_secrets_endpoint_id", "webhook_secrets", ["endpoint_id"])
    op.create_table(
        "webhook_streams",
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_webhook_streams"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("audience", sa.String(64)),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("facts_sealed", sa.Text),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_events"),
        sa.UniqueConstraint("tenant_id", "fingerprint", name="uq_webhook_events_tenant_id_fingerprint"),
        sa.UniqueConstraint("tenant_id", "sequence", name="uq_webhook_events_tenant_id_sequence"),
    )
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("round", sa.String(24), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("last_status", sa.SmallInteger),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("first_at", Instant),
        sa.Column("settled_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint(
            "endpoint_id", "event_id", "round", name="uq_webhook_deliveries_endpoint_id_event_id_round"
        ),
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_index("ix_webhook_deliveries_endpoint_id_id", "webhook_deliveries", ["endpoint_id", "id"])
    op.create_table(
        "webhook_queue",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("rank", sa.SmallInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("claims", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_webhook_queue"),
    )
    op.create_index("ix_webhook_queue_endpoint_id_rank_due_at", "webhook_queue", ["endpoint_id", "rank", "due_at"])
    op.create_table(
        "webhook_lanes",
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("next_due", sa.BigInteger, nullable=False),
        sa.Column("leased_by", sa.String(64)),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("served_at", sa.BigInteger, nullable=False),
        sa.Column("blocked_until", sa.BigInteger, nullable=False),
        sa.Column("blocks", sa.SmallInteger, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("streak", sa.Integer, nullable=False),
        sa.Column("warned", sa.SmallInteger, nullable=False),
        sa.Column("gone_at", sa.BigInteger),
        sa.Column("succeeded_at", sa.BigInteger),
        sa.Column("failed_at", sa.BigInteger),
        sa.Column("cursor", sa.BigInteger),
        sa.Column("missed_since", Instant),
        sa.Column("missed_until", Instant),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_webhook_lanes"),
    )
    op.create_index("ix_webhook_lanes_next_due", "webhook_lanes", ["next_due"])
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("error", sa.String(32)),
        sa.Column("address", sa.String(64)),
        sa.Column("body_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("body_bytes", sa.Integer, nullable=False),
        sa.Column("answer_head", sa.Text),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_webhook_attempts"),
    )
    op.create_index("ix_webhook_attempts_at", "webhook_attempts", ["at"])
    op.create_table(
        "webhook_registrations",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("capability_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hash_key_id", sa.String(8), nullable=False),
        sa.Column("capability_sealed", sa.Text, nullable=False),
        sa.Column("internal_id", sa.String(64)),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("checked_at", Instant),
        sa.Column("heard_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_registrations"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhook_registrations_tenant_id"),
        sa.UniqueConstraint("capability_hash", name="uq_webhook_registrations_capability_hash"),
    )
    op.create_index("ix_webhook_registrations_tenant_id", "webhook_registrations", ["tenant_id"])
    op.create_table(
        "webhook_replays",
        sa.Column("id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("only", sa.String(12), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("finished_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_replays"),
    )
    op.create_index("ix_webhook_replays_endpoint_id", "webhook_replays", ["endpoint_id"])
    op.create_table(
        "webhook_gaps",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", sa.String(64)),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.Column("reconciled_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_gaps"),
    )
    op.create_table(
        "webhook_couriers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_couriers"),
    )
    op.create_table(
        "webhook_unreadable",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_unreadable"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Rows that change within hours, in place where there is room, and are gone: what they leave must go soon.
        for table in ("webhook_queue", "webhook_lanes"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
