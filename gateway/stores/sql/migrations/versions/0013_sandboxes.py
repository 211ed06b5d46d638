"""Sandboxes: tenants in test mode, with whom they belong to and when they end."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column("mode", sa.String(4), nullable=False, server_default="live"))
    op.add_column("tenants", sa.Column("owner_id", sa.String(64), nullable=True))
    op.add_column("tenants", sa.Column("expires_at", Instant, nullable=True))
    op.create_index("ix_tenants_owner_id", "tenants", ["owner_id"])
    op.create_index("ix_tenants_expires_at", "tenants", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_tenants_expires_at", "tenants")
    op.drop_index("ix_tenants_owner_id", "tenants")
    op.drop_column("tenants", "expires_at")
    op.drop_column("tenants", "owner_id")
    op.drop_column("tenants", "mode")
