"""The listings of operators, read from whichever database."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.stores.listings import Listing, Row


def rows(session: Session, listing: Listing, values: dict[str, Any]) -> list[Row]:
    """The rows of a listing."""
    return [listing.row(dict(found)) for found in session.execute(text(listing.sql), values).mappings()]
