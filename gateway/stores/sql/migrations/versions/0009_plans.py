"""Plans of tenants, and what usage is made of beside requests."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column("plan", sa.String(32), nullable=True))
    op.create_table(
        "usage_marks",
        sa.Column("principal", sa.String(24), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("contract", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("principal", "day", "contract", "kind", "name", name="pk_usage_marks"),
    )
    op.create_index("ix_usage_marks_day", "usage_marks", ["day"])


def downgrade() -> None:
    op.drop_table("usage_marks")
    op.drop_column("tenants", "plan")
