"""Tenants that were removed, and what has expired found by when it did, to be forgotten."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column("removed_at", Instant, nullable=True))
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_index("ix_tokens_kind_expires_at", "tokens", ["kind", "expires_at"])


def downgrade() -> None:
    op.drop_index("ix_tokens_kind_expires_at", "tokens")
    op.drop_index("ix_refresh_tokens_expires_at", "refresh_tokens")
    op.drop_column("tenants", "removed_at")
