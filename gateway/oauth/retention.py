"""What apps leave behind is forgotten once it is of no use: refresh tokens that expired, access tokens a day after they did.

Refreshing cleans up its own family. Families that nobody refreshes any more are what this is for.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from gateway.oauth.token_families import KEPT
from gateway.stores.sql import Session, grants
from gateway.stores.sql.batches import Batch

MOST: Final = 5_000  # rows of each kind in one transaction, which has to end in time; the rest is for the next flush


class Retention:
    """One worker's part in it: once a day, and then as often as there was more than fits into a transaction."""

    def __init__(self) -> None:
        self._done: date | None = None

    @property
    def batch(self) -> Batch:
        """To be written down among the others."""
        return Batch("expired tokens not forgotten yet", self._take, self._forget, self._keep)

    def _take(self) -> date | None:
        today = datetime.now(UTC).date()
        if self._done == today:
            return None
        self._done = today
        return today

    def _forget(self, session: Session, _: date) -> None:
        now = datetime.now(UTC)
        if MOST in grants.forget_expired(session, now, now - KEPT, most=MOST):
            self._done = None

    def _keep(self, _: date) -> None:
        self._done = None
