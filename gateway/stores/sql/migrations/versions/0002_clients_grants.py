"""OAuth: clients and their secrets, consents, codes, grants and refresh tokens."""

import sqlalchemy as sa
from alembic import op

from gateway.stores.sql.models import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("auth_method", sa.String(32), nullable=False),
        sa.Column("redirect_uris", sa.JSON, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("grant_types", sa.Text, nullable=False),
        sa.Column("logo_uri", sa.Text),
        sa.Column("client_uri", sa.Text),
        sa.Column("owner_tenant_id", sa.String(64)),
        sa.Column("owner_user_id", sa.String(64)),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("registration_hash", sa.LargeBinary(32)),
        sa.Column("registration_key_id", sa.String(8)),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("disabled_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
        sa.ForeignKeyConstraint(["owner_tenant_id"], ["tenants.id"], name="fk_clients_owner_tenant_id"),
    )
    op.create_index("ix_clients_owner_tenant_id_owner_user_id", "clients", ["owner_tenant_id", "owner_user_id"])
    op.create_table(
        "client_secrets",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hash_key_id", sa.String(8), nullable=False),
        sa.Column("display_prefix", sa.String(64), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_client_secrets"),
        sa.UniqueConstraint("hash", name="uq_client_secrets_hash"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_client_secrets_client_id"),
    )
    op.create_index("ix_client_secrets_client_id", "client_secrets", ["client_id"])
    op.create_index("ix_client_secrets_hash_key_id", "client_secrets", ["hash_key_id"])
    op.create_table(
        "consents",
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("granted_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "tenant_id", "user_id", name="pk_consents"),
        *_owned("consents"),
    )
    op.create_table(
        "codes",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        *_authorization(),
        sa.Column("grant_id", sa.String(24), nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("challenge", sa.String(43), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant),
        sa.PrimaryKeyConstraint("hash", name="pk_codes"),
        *_owned("codes"),
    )
    op.create_index("ix_codes_expires_at", "codes", ["expires_at"])
    op.create_table(
        "grants",
        sa.Column("id", sa.String(24), nullable=False),
        *_authorization(),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant),
        sa.Column("revoked_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        *_owned("grants"),
    )
    op.create_index("ix_grants_tenant_id_user_id", "grants", ["tenant_id", "user_id"])
    op.create_index("ix_grants_client_id_created_at", "grants", ["client_id", "created_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("grant_id", sa.String(24), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hash_key_id", sa.String(8), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant),
        sa.Column("successor_id", sa.String(24)),
        sa.Column("successor_sealed", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        sa.UniqueConstraint("hash", name="uq_refresh_tokens_hash"),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_refresh_tokens_grant_id"),
    )
    op.create_index("ix_refresh_tokens_grant_id", "refresh_tokens", ["grant_id"])
    op.create_index("ix_refresh_tokens_hash_key_id", "refresh_tokens", ["hash_key_id"])


def downgrade() -> None:
    for table in ("refresh_tokens", "grants", "codes", "consents", "client_secrets", "clients"):
        op.drop_table(table)


def _authorization() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("user_email", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
    )


def _owned(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=f"fk_{table}_client_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id"),
    )
