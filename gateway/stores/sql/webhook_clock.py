"""The time by which lanes and queues are kept: the database's, in milliseconds since 1970, the same for every replica."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Integer, cast, func, select
from sqlalchemy.orm import Session


def now(session: Session) -> int:
    """The present moment."""
    if session.get_bind().dialect.name == "sqlite":
        days = func.julianday("now") - 2440587.5
        return int(session.scalar(select(cast(days * 86_400_000, Integer))) or 0)
    return int(session.scalar(select(cast(func.date_part("epoch", func.clock_timestamp()) * 1000, BigInteger))) or 0)


def moment(milliseconds: int) -> datetime:
    """As every other table keeps it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """The inverse of `moment`."""
    return round(at.timestamp() * 1000)
