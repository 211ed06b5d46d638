"""What must outlive everything: tenants, tokens and the audit log, in SQLite or PostgreSQL."""

from gateway.stores.sql.engine import Sql

__all__ = ["Sql"]
