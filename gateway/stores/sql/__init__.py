"""What must outlive everything: tenants, tokens and the audit log, in SQLite or PostgreSQL."""

from sqlalchemy.orm import Session

from gateway.stores.sql.engine import Sql

__all__ = ["Session", "Sql"]
