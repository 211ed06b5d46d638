"""Apps that are described by a document of their own: where it is, and until when it need not be read again."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("document_url", sa.Text()))
    op.add_column("clients", sa.Column("document_until", Instant))


def downgrade() -> None:
    op.drop_column("clients", "document_until")
    op.drop_column("clients", "document_url")
