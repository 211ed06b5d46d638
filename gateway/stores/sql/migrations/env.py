"""Run by Alembic: the connection, its transaction and its lock come from ``gateway.stores.sql.migrate``."""

from alembic import context

from gateway.stores.sql.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
