"""What apps subscribe to wherever they are connected."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.String(24).with_variant(sa.String(24, collation="C"), "postgresql")
BY_TEMPLATE = "ix_webhook_subscriptions_template_id_tenant_id_user_id"


def upgrade() -> None:
    op.create_table(
        "webhook_templates",
        sa.Column("id", ID, nullable=False),
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("url_sealed", sa.Text, nullable=False),
        sa.Column("url_host", sa.String(255), nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("payload", sa.String(8), nullable=False),
        sa.Column("contract", sa.String(10), nullable=False),
        sa.Column("secret_sealed", sa.Text, nullable=False),
        sa.Column("secret_prefix", sa.String(16), nullable=False),
        sa.Column("secret_made_at", Instant, nullable=False),
        sa.Column("before_sealed", sa.Text),
        sa.Column("before_prefix", sa.String(16)),
        sa.Column("before_until", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_templates"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_webhook_templates_client_id"),
        sa.UniqueConstraint("client_id", name="uq_webhook_templates_client_id"),
    )
    op.create_index(BY_TEMPLATE, "webhook_subscriptions", ["template_id", "tenant_id", "user_id"])


def downgrade() -> None:
    op.drop_index(BY_TEMPLATE, "webhook_subscriptions")
    op.drop_table("webhook_templates")
