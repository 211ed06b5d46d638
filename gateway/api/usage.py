"""Counting requests for the people whose tokens they came with: a dictionary in the process, written down in batches."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Final

from gateway.auth.caller import Caller
from gateway.stores.sql import Session, known_addresses, usage
from gateway.stores.sql.batches import Batch
from gateway.stores.sql.known_addresses import Place
from gateway.stores.sql.usage import Count, Mark, Marked

KEPT: Final = timedelta(days=400)
MOST_SEEN: Final = 100_000

_DAY: Final = 86_400

_Key = tuple[str, int, str, str, str, str]
_Taken = tuple[dict[_Key, int], dict[_Key, int], list[Place]]


class Usage:
    """The counts of one worker that SQL does not know yet."""

    def __init__(self) -> None:
        self._counts: dict[_Key, int] = {}
        self._marks: dict[_Key, int] = {}
        self._seen: set[tuple[str, str]] = set()
        self._places: list[Place] = []
        self._forgotten: date | None = None

    def note(self, caller: Caller, contract: str, status: int, address: str) -> None:
        """One answered request; on the path of every request, so nothing but an addition and a look into a set."""
        outcome = "ok" if status < 400 else _outcome(status)
        key = (caller.principal, int(time.time() // _DAY), contract, outcome, caller.tenant_id, caller.user_id)
        self._counts[key] = self._counts.get(key, 0) + 1
        if (caller.principal, address) not in self._seen:
            self._noted(caller, address)

    def mark(self, caller: Caller, contract: str, marks: tuple[Mark, ...]) -> None:
        """What that request met; most meet nothing."""
        day = int(time.time() // _DAY)
        for kind, name in marks:
            key = (caller.principal, day, contract, kind, name, caller.tenant_id)
            self._marks[key] = self._marks.get(key, 0) + 1

    @property
    def batches(self) -> tuple[Batch, Batch]:
        """The counts to be written down, and once a day what is too old to be forgotten.

        Not together: a day of everybody's rows may take longer than the counts can wait.
        """
        return (
            Batch("usage not recorded yet", self._take, _write, self._keep),
            Batch("old usage not forgotten yet", self._take_old, usage.forget, self._keep_old),
        )

    def _take(self) -> _Taken | None:
        counts, self._counts = self._counts, {}
        marks, self._marks = self._marks, {}
        places, self._places = self._places, []
        return (counts, marks, places) if counts else None

    def _keep(self, taken: _Taken) -> None:
        counts, marks, places = taken
        for kept, again in ((self._counts, counts), (self._marks, marks)):
            for key, requests in again.items():
                kept[key] = kept.get(key, 0) + requests
        self._places += places

    def _take_old(self) -> date | None:
        today = datetime.now(UTC).date()
        if self._forgotten == today:
            return None
        self._forgotten = today
        return today - KEPT

    def _keep_old(self, _: date) -> None:
        self._forgotten = None

    def _noted(self, caller: Caller, address: str) -> None:
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add((caller.principal, address))
        subject = f"grant:{caller.principal}" if caller.kind == "app" else f"token:{caller.token_id}"
        if caller.issuer:
            subject = f"external:{caller.principal}"
        self._places.append(Place(caller.principal, address, caller.tenant_id, caller.user_id, subject))


def _outcome(status: int) -> str:
    if status == 429:
        return "limited"
    return "refused" if status < 500 else "failed"


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * _DAY, UTC).date()


def _write(session: Session, taken: _Taken) -> None:
    counts, marks, places = taken
    rows = [
        Count(principal, _date(day), contract, outcome, tenant_id, user_id, requests)
        for (principal, day, contract, outcome, tenant_id, user_id), requests in counts.items()
    ]
    usage.add(session, rows)
    marked = [
        Marked(principal, _date(day), contract, kind, name, tenant_id, requests)
        for (principal, day, contract, kind, name, tenant_id), requests in marks.items()
    ]
    usage.mark(session, marked)
    known_addresses.note(session, places, datetime.now(UTC))
