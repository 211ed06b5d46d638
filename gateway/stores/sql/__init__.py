"""What must outlive everything: tenants, tokens, apps and what they were granted, events, the audit log, usage. SQLite or PostgreSQL."""

from sqlalchemy.orm import Session

from gateway.stores.sql import oauth_models, usage_models, webhook_models
from gateway.stores.sql.database import Sql

__all__ = ["Session", "Sql", "oauth_models", "usage_models", "webhook_models"]
