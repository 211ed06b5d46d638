"""From where each principal was used."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "places",
        sa.Column("principal", sa.String(24), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("first_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("principal", "address", name="pk_places"),
    )


def downgrade() -> None:
    op.drop_table("places")
