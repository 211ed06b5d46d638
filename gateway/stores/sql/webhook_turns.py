"""A courier's turn at the database: what became of its deliveries, and what it does next, in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.stores.sql import (
    many,
    webhook_clock,
    webhook_endpoints,
    webhook_events,
    webhook_housekeeping,
    webhook_lanes,
    webhook_queue,
    webhook_replays,
    webhook_secrets,
    webhook_templates,
)
from gateway.stores.sql.webhook_endpoints import OPEN, Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_models import EndpointRow
from gateway.stores.sql.webhook_queue import Due, Outcome
from gateway.stores.sql.webhook_secrets import WebhookSecret

BATCH: Final = 64  # deliveries in hand of one lane
_LIVES: Final = 25_000  # milliseconds in which a courier that lives has said so, twice


@dataclass(frozen=True, slots=True)
class Part:
    """What a courier says of one lane.

    in_hand   ids of deliveries that it has still; given_back: of those that it took and will not try
    more      how many further deliveries it wants; changed_at: how new its knowledge of the endpoint is
    changed   the lane's health is other than it was; leave: the courier gives the lane back
    renew     the lane is to be held for longer
    """

    lane: Lane
    outcomes: Sequence[Outcome]
    in_hand: Sequence[str]
    given_back: Sequence[str]
    more: int
    changed_at: datetime
    changed: bool
    leave: bool
    renew: bool = True


@dataclass(frozen=True, slots=True)
class Asks:
    """What not every turn has to know.

    look      whether owners have stopped or changed an endpoint, or replay: to be asked four times a second
    share     how many lanes are this courier's; besides: lanes that it leaves to the others
    """

    look: bool = True
    share: bool = False
    besides: Collection[str] = ()


_ALL: Final = Asks()


@dataclass(slots=True)
class TurnResult:
    """What it gets. `lost`: lanes that are another's; `stopped`: whose endpoint is not delivered to any more, with its status.

    `looked`: whether `stopped`, `replaying` and what owners have changed are known of all lanes, or of new ones only.
    """

    now: int
    looked: bool = True
    share: int | None = None
    lost: set[str] = field(default_factory=set)
    stopped: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, int | None] = field(default_factory=dict)
    replaying: set[str] = field(default_factory=set)
    leased: list[Lane] = field(default_factory=list)
    due: dict[str, list[Due]] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    secrets: dict[str, tuple[WebhookSecret, ...]] = field(default_factory=dict)


def turn(session: Session, courier: str, parts: Sequence[Part], places: int, asks: Asks = _ALL) -> TurnResult:
    """Settles, gives back, renews, takes more, and leases up to `places` lanes."""
    got = TurnResult(webhook_clock.now(session), asks.look)
    wanted = _settled(session, parts, got) if parts else {}
    if places:
        got.leased = webhook_lanes.lease(session, courier, places, got.now, asks.besides)
        wanted |= {lane.endpoint_id: (BATCH, ()) for lane in got.leased}
    if wanted:
        got.due = webhook_queue.take(session, wanted, got.now)
    _known(session, [lane.endpoint_id for lane in got.leased], got)
    known = got.cursors if asks.look else ()
    got.replaying = webhook_replays.running(session, [*known, *(lane.endpoint_id for lane in got.leased)])
    events = {due.event_id for taken in got.due.values() for due in taken}
    if events:
        got.events = webhook_events.some(session, events)
    if asks.share and parts:
        got.share = webhook_lanes.share(session, webhook_housekeeping.living(session, got.now, _LIVES), got.now)
    return got


def _settled(session: Session, parts: Sequence[Part], got: TurnResult) -> dict[str, tuple[int, Sequence[str]]]:
    """What is wanted of the lanes that go on."""
    held = webhook_lanes.held(session, [part.lane for part in parts], asleep=any(part.leave for part in parts))
    got.lost = {part.lane.endpoint_id for part in parts} - held.keys()
    kept = [part for part in parts if part.lane.endpoint_id in held]
    webhook_queue.settle(session, [outcome for part in kept for outcome in part.outcomes], got.now)
    webhook_queue.give_back(session, [each for part in kept for each in part.given_back])
    webhook_lanes.write(session, [part.lane for part in kept if part.changed])
    webhook_lanes.renew(session, [part.lane for part in kept if part.renew and not part.leave], got.now)
    webhook_lanes.release(session, [part.lane.endpoint_id for part in kept if part.leave], got.now)
    staying = [part for part in kept if not part.leave]
    got.cursors = {part.lane.endpoint_id: held[part.lane.endpoint_id] for part in staying}
    if got.looked:
        _noticed(session, staying, got)
    going = [part for part in staying if part.more and part.lane.endpoint_id not in got.stopped]
    return {part.lane.endpoint_id: (part.more, part.in_hand) for part in going}


def _noticed(session: Session, staying: Sequence[Part], got: TurnResult) -> None:
    """Endpoints that were changed or stopped by somebody else since the courier read them."""
    query = select(EndpointRow.id, EndpointRow.status, EndpointRow.changed_at)
    query = query.where(many.among(session, EndpointRow.id, [part.lane.endpoint_id for part in staying]))
    now = {row.id: (row.status, row.changed_at) for row in session.execute(query)} if staying else {}
    changed = []
    for part in staying:
        status, changed_at = now.get(part.lane.endpoint_id, ("deleted", part.changed_at))
        if status not in OPEN:
            got.stopped[part.lane.endpoint_id] = status
        elif changed_at != part.changed_at:
            changed.append(part.lane.endpoint_id)
    _known(session, changed, got)


def _known(session: Session, ids: Sequence[str], got: TurnResult) -> None:
    if ids:
        got.endpoints |= webhook_endpoints.some(session, ids)
        at = webhook_clock.moment(got.now)
        got.secrets |= webhook_secrets.of(session, ids, at)
        made_of = {each.id: each.template_id for each in map(got.endpoints.get, ids) if each and each.template_id}
        shared = webhook_templates.secrets(session, set(made_of.values()), at)
        got.secrets |= {endpoint_id: shared.get(template_id, ()) for endpoint_id, template_id in made_of.items()}
