"""Tokens, grants and codes are for one resource. What there is already is for the API."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("tokens", "grants", "codes")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("audience", sa.String(8), nullable=False, server_default="api"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "audience")
