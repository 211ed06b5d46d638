"""Usage by day, principal, contract and outcome."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("principal", sa.String(24), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("contract", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("principal", "day", "contract", "outcome", name="pk_usage"),
    )
    op.create_index("ix_usage_tenant_id_day", "usage", ["tenant_id", "day"])


def downgrade() -> None:
    op.drop_table("usage")
