"""Sandboxes: how far ahead their clocks are, and which idempotency keys they know."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column("clock_ahead", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("tenants", sa.Column("replay_era", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("tenants", "replay_era")
    op.drop_column("tenants", "clock_ahead")
