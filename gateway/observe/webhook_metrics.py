"""What couriers count. No label is a tenant, a host, or anything that a stranger chooses; types of events are ours."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from gateway.observe.metrics import Gains, counter, gauge, histogram

# An attempt may take 20 s, and an event that waits for its first one is late after a minute.
_WHOLE: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 25.0)
_LAG: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    3600.0,
)

_events = counter("webhook_events_total", "Events accepted.", "type", "origin")
_ingest = counter("webhook_ingest_total", "Posts to the ingest port.", "outcome")
_ingest_seconds = histogram("webhook_ingest_seconds", "Time until a post to the ingest port was answered.")
_deliveries = counter("webhook_deliveries_total", "Deliveries that came to an end.", "outcome")
_withheld = counter("webhook_withheld_total", "Deliveries withheld from owners who may not see them.", "reason")
_omitted = counter("webhook_omitted_total", "Bodies sent without their record.", "reason")
_hydrations = counter("webhook_hydrations_total", "Records asked for, for bodies.", "outcome")
_attempts = counter("webhook_attempts_total", "Posts to endpoints.", "result")
_attempt_seconds = histogram("webhook_attempt_seconds", "Time that a post to an endpoint took.", bounds=_WHOLE)
_lag_seconds = histogram(
    "webhook_lag_seconds", "Time from the acceptance of an event to its first attempt.", bounds=_LAG
)
_lease_lost = counter("webhook_lease_lost_total", "Lanes that another courier had taken over.")
_poison = counter("webhook_poison_total", "Deliveries parked because their couriers ended.")
_repaired = counter("webhook_lanes_repaired_total", "Lanes that slept although something was due.")
_gap_seconds = counter("webhook_gap_seconds_total", "Seconds in which events may have been missed.")
_depth = gauge("webhook_queue_depth", "Rows of the queue.")
_oldest = gauge("webhook_oldest_due_seconds", "For how long the oldest row has been due.")
_lanes = gauge("webhook_lanes", "Lanes by state.", "state")
_registrations = gauge("webhook_registrations", "Subscriptions of ours with the settings service.", "state")
_tuples = gauge(
    "webhook_queue_tuples", "Rows of the queue as PostgreSQL keeps them, about: live and dead ones.", "state"
)
_stored = gauge("webhook_stored_bytes", "Bytes that the tables of webhooks take.")
_stored_limit = gauge("webhook_stored_limit_bytes", "Bytes that they may take.")
_hosts = gauge(
    "webhook_hosts", "Hosts called within the hour, by what came of the last attempt.", "result", over="livesum"
)
_skew = gauge("webhook_clock_skew_seconds", "Our clock minus those of the receivers, the median of hosts.")
_couriers = gauge("webhook_couriers", "Couriers that lately said that they live.")

STATES: Final = ("idle", "leased", "blocked", "cursor", "disabled")
REGISTERED: Final = ("pending", "active", "retiring")

# What nobody has counted yet is 0: the first one is as much of an increase as the second.
INGESTED: Final = ("accepted", "unavailable", "full", "tenant_mismatch", "malformed")
ENDED: Final = ("delivered", "dead", "withheld", "cancelled")
for _each in INGESTED:
    _ingest.labels(_each)
for _each in ENDED:
    _deliveries.labels(_each)

_kept_back = cache(_withheld.labels)
_left_out = cache(_omitted.labels)
_asked = cache(_hydrations.labels)


@cache
def _accepted(event_type: str, origin: str) -> Gains:
    return Gains(counter=_events.labels(event_type, origin))


@cache
def _posted(outcome: str) -> Gains:
    return Gains(_ingest_seconds, counter=_ingest.labels(outcome))


@cache
def _ended(outcome: str) -> Gains:
    return Gains(counter=_deliveries.labels(outcome))


@cache
def _tried(result: str) -> Gains:
    return Gains(_attempt_seconds, counter=_attempts.labels(result), bounds=_WHOLE)


@cache
def _waited() -> Gains:
    return Gains(_lag_seconds, bounds=_LAG)


def event(event_type: str, origin: str) -> None:
    """Count an event that was accepted."""
    _accepted(event_type, origin).add()


def ingest(outcome: str, seconds: float) -> None:
    """Count a post: accepted, repeated, unknown_capability, tenant_mismatch, malformed, too_large, unknown_type, …"""
    _posted(outcome).add(seconds)


def delivery(outcome: str, reason: str | None) -> None:
    """Count a delivery that ended: delivered, dead, withheld, cancelled."""
    _ended(outcome).add()
    if outcome == "withheld":
        _kept_back(reason or "").inc()


def hydration(outcome: str) -> None:
    """Count a record that was asked for: read, not_visible, not_offered, budget, unavailable."""
    _asked(outcome).inc()


def omitted(reason: str) -> None:
    """Count a body without its record."""
    _left_out(reason).inc()


def attempt(result: str, seconds: float) -> None:
    """Count a post to an endpoint: 2xx, 3xx, 4xx, 429, 5xx, dns, vetted, connect, tls, timeout, reset."""
    _tried(result).add(seconds)


def lag(seconds: float) -> None:
    """Record how long an event waited for its first attempt."""
    _waited().add(max(0.0, seconds))


def lease_lost() -> None:
    """Count a lane that was taken over."""
    _lease_lost.inc()


def poison() -> None:
    """Count a delivery that was parked."""
    _poison.inc()


def repaired(lanes: int) -> None:
    """Count lanes that were found asleep."""
    _repaired.inc(lanes)


def gap(seconds: float) -> None:
    """Count seconds in which nothing was received."""
    _gap_seconds.inc(seconds)


def clock_skew(seconds: float) -> None:
    """By how much our clock is ahead of the receivers'."""
    _skew.set(seconds)


def called(hosts: Mapping[str, int]) -> None:
    """How many hosts this courier has lately called, by what came of the last attempt."""
    for result, count in hosts.items():
        _hosts.labels(result).set(count)


def stored(taken: int, most: int) -> None:
    """Bytes that the tables take, and that they may take."""
    _stored.set(taken)
    _stored_limit.set(most)


def looked(
    depth: int,
    oldest: float,
    lanes: dict[str, int],
    registrations: dict[str, int],
    couriers: int,
    tuples: tuple[int, int] | None,
) -> None:
    """What one courier saw for all. tuples: live and dead ones of the queue, where the database tells."""
    _depth.set(depth)
    _oldest.set(oldest)
    for state in STATES:
        _lanes.labels(state).set(lanes.get(state, 0))
    for state in REGISTERED:
        _registrations.labels(state).set(registrations.get(state, 0))
    _couriers.set(couriers)
    for state, count in zip(("live", "dead"), tuples or (), strict=False):
        _tuples.labels(state).set(count)
