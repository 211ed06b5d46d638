"""`gateway doctor`, of events and their deliveries: what the alerts about them ask for, as far as the database knows it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.config import Settings
from gateway.process.doctor_others import Finding
from gateway.stores.sql import Session, Sql, webhook_clock, webhook_housekeeping, webhook_queue, webhook_registrations

_LATE: Final = 300.0  # seconds for which a delivery may have been due
_FULL: Final = 0.8
_DEAD: Final = 5  # dead rows for each that lives, when there are
_FEW: Final = 1_000  # or more
_SKEW: Final = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class _Seen:
    """ahead: of our clock before the database's, in seconds; oldest: for how many seconds a delivery has been due."""

    ahead: float
    couriers: int
    depth: int
    oldest: float
    pending: int
    stored: int
    tuples: tuple[int, int] | None


def _looked(session: Session) -> _Seen:
    now = webhook_clock.now(session)
    ahead = time.time() - now / 1000
    depth, oldest = webhook_queue.depth(session, now)
    return _Seen(
        ahead=ahead,
        couriers=webhook_housekeeping.living(session, now),
        depth=depth,
        oldest=oldest / 1000,
        pending=webhook_registrations.states(session).get("pending", 0),
        stored=webhook_housekeeping.stored(session),
        tuples=webhook_queue.tuples(session),
    )


async def examine_webhooks(settings: Settings, sql: Sql, *, running: bool) -> list[Finding]:
    """Of a database that is migrated; raises StoreUnavailable. running: whether a gateway runs on the data directory."""
    seen = await sql.read(_looked)
    return [
        _couriers(settings, seen, running=running),
        _deliveries(seen),
        _registrations(seen),
        _stored(settings, seen),
        *_of_postgresql(seen),
    ]


def _couriers(settings: Settings, seen: _Seen, *, running: bool) -> Finding:
    wanted = settings.webhooks.couriers * settings.server.replicas
    detail = f"{seen.couriers} of {wanted} have said within a minute that they live"
    if seen.couriers >= wanted:
        return Finding("couriers", "ok", detail)
    if not running and not seen.couriers:
        return Finding("couriers", "skipped", "none runs")
    return Finding("couriers", "warning" if seen.couriers else "failed", detail, "Look for `courier died` in the log.")


def _deliveries(seen: _Seen) -> Finding:
    if seen.oldest <= _LATE:
        return Finding("deliveries", "ok", f"{seen.depth} wait, none is late")
    detail = f"{seen.depth} wait, the oldest has been due for {seen.oldest:.0f} s"
    return Finding("deliveries", "warning", detail, "See whether couriers run, and are enough (`webhooks.couriers`).")


def _registrations(seen: _Seen) -> Finding:
    if not seen.pending:
        return Finding("registrations", "ok", "the settings service sends the events of every subscriber's tenant")
    detail = f"those of {seen.pending} tenants are pending"
    return Finding("registrations", "warning", detail, "`gateway webhooks registrations` says whose and why.")


def _stored(settings: Settings, seen: _Seen) -> Finding:
    share = seen.stored / settings.webhooks.max_stored
    detail = f"{share:.0%} of what events may take (`webhooks.max_stored`)"
    if share <= _FULL:
        return Finding("stored events", "ok", detail)
    state, fix = "warning" if share < 1 else "failed", "Make `webhooks.max_stored` larger, or `webhooks.keep` shorter."
    return Finding("stored events", state, detail, fix)


def _of_postgresql(seen: _Seen) -> Iterator[Finding]:
    if seen.tuples is None:
        return
    live, dead = seen.tuples
    detail = f"{dead} dead rows beside {live}"
    if dead <= _FEW or dead <= _DEAD * live:
        yield Finding("queue", "ok", detail)
    else:
        yield Finding("queue", "warning", detail, "Look for what keeps the vacuum from it: an old transaction or slot.")
    ahead = f"{seen.ahead:+.2f} s against the database's"
    late = abs(seen.ahead) > _SKEW
    yield Finding("clock of sql", "warning" if late else "ok", ahead, "Let NTP keep both." if late else "")
