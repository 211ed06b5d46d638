"""Apps that are described by a document of their own: where it is, and until when it need not be read again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("document_url", sa.Text()))
    op.add_column("clients", sa.Column("document_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("clients", "document_until")
    op.drop_column("clients", "document_url")
