"""The tables of the authorization server. Secrets, codes and refresh tokens are kept as keyed hashes only."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.stores.sql.models import Base, Instant


class ClientRow(Base):
    __tablename__ = "clients"
    __table_args__ = (Index("ix_clients_owner_tenant_id_owner_user_id", "owner_tenant_id", "owner_user_id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    auth_method: Mapped[str] = mapped_column(String(32))
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    scopes: Mapped[str] = mapped_column(Text)
    grant_types: Mapped[str] = mapped_column(Text)
    logo_uri: Mapped[str | None] = mapped_column(Text)
    client_uri: Mapped[str | None] = mapped_column(Text)
    owner_tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenants.id"))
    owner_user_id: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(16))
    registration_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    registration_key_id: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    document_url: Mapped[str | None] = mapped_column(Text)
    document_until: Mapped[datetime | None] = mapped_column(Instant)


class ClientSecretRow(Base):
    __tablename__ = "client_secrets"

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), index=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hash_key_id: Mapped[str] = mapped_column(String(8), index=True)
    display_prefix: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ConsentRow(Base):
    __tablename__ = "consents"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    scopes: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(Instant)


class CodeRow(Base):
    __tablename__ = "codes"

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"))
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(String(64))
    user_email: Mapped[str] = mapped_column(Text)
    grant_id: Mapped[str] = mapped_column(String(24))
    redirect_uri: Mapped[str] = mapped_column(Text)
    challenge: Mapped[str] = mapped_column(String(43))
    scopes: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(String(8), server_default="api")
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class GrantRow(Base):
    __tablename__ = "grants"
    __table_args__ = (
        Index("ix_grants_tenant_id_user_id", "tenant_id", "user_id"),
        Index("ix_grants_client_id_created_at", "client_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"))
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(String(64))
    user_email: Mapped[str] = mapped_column(Text)
    scopes: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(String(8), server_default="api")
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_reason: Mapped[str | None] = mapped_column(Text)


class RefreshRow(Base):
    __tablename__ = "refresh_tokens"

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hash_key_id: Mapped[str] = mapped_column(String(8), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    successor_id: Mapped[str | None] = mapped_column(String(24))
    successor_sealed: Mapped[str | None] = mapped_column(Text)
