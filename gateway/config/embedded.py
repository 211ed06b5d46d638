"""The word for what the gateway brings itself, and the file of the database that is."""

from typing import Final

EMBEDDED: Final = "embedded"
DATABASE: Final = "gateway.db"
"""In the data directory."""
