"""Clients of other issuers, as they were seen here."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_clients",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("user_email", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.Column("revoked_reason", sa.Text, nullable=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_external_clients"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_external_clients_tenant_id"),
    )
    op.create_index("ix_external_clients_tenant_id", "external_clients", ["tenant_id"])


def downgrade() -> None:
    op.drop_table("external_clients")
