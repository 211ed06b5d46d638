"""The tables of usage: one row for each day, principal, contract and outcome; one for each thing that such requests met; and one
for each address of a principal.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.stores.sql.models import Base, Instant


class UsageRow(Base):
    __tablename__ = "usage"
    __table_args__ = (Index("ix_usage_tenant_id_day", "tenant_id", "day"), Index("ix_usage_day", "day"))

    principal: Mapped[str] = mapped_column(String(24), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    contract: Mapped[str] = mapped_column(String(10), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(8), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64))
    requests: Mapped[int] = mapped_column(BigInteger)


class MarkRow(Base):
    """kind: ``shadow``, then ``name`` is the policy that would have refused; ``change``, one of the contract; or ``tool``, one of agents."""

    __tablename__ = "usage_marks"
    __table_args__ = (Index("ix_usage_marks_day", "day"),)

    principal: Mapped[str] = mapped_column(String(24), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    contract: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    requests: Mapped[int] = mapped_column(BigInteger)


class PlaceRow(Base):
    __tablename__ = "places"

    principal: Mapped[str] = mapped_column(String(24), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_at: Mapped[datetime] = mapped_column(Instant)
