"""A lane in the hands of a courier: what waits, what is on its way, and what became of the rest."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_lanes import LEASE, Lane, copied
from gateway.stores.sql.webhook_queue import SUSPECT, Due, Outcome
from gateway.stores.sql.webhook_turns import BATCH, Part
from gateway.webhooks.health import Pace
from gateway.webhooks.messages import Recipient
from gateway.webhooks.sending import WHOLE, Wire

LASTS: Final = LEASE / 1000
_RENEWED: Final = 2.0  # seconds after which a lease is renewed
_TOLD: Final = 1_000  # milliseconds between two writes of a lane that is as healthy as it was
_LOOK: Final = 0.25  # seconds after which a queue that had no more is asked again
_TURN: Final = 10.0  # seconds, or `BATCH` deliveries, after which a lane is given back when others wait


@dataclass(slots=True)
class Held:
    """Moments in seconds of the loop's clock.

    until      the end of the lease; dry: the queue had no more than it gave
    changed    the lane's health is to be written; stopped: nothing is begun any more
    handed_on  nothing more is taken, and the lane is given back for another courier
    """

    lane: Lane
    recipient: Recipient
    pace: Pace
    wire: Wire
    since: float
    until: float
    live: deque[Due] = field(default_factory=deque)
    again: deque[Due] = field(default_factory=deque)
    in_flight: dict[str, Due] = field(default_factory=dict)
    replays: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    events: dict[str, Event] = field(default_factory=dict)
    replaying: bool = False
    dry: bool = False
    changed: bool = False
    stopped: bool = False
    handed_on: bool = False
    served: int = 0
    looked_at: float = 0.0
    told_at: int = 0

    @property
    def waiting(self) -> int:
        """Deliveries in hand that were not begun."""
        return len(self.live) + len(self.again)

    @property
    def idle(self) -> bool:
        """Whether nothing is in hand."""
        return not self.waiting and not self.in_flight

    @property
    def alone(self) -> bool:
        """Whether what is in hand must have no company."""
        return any(due.claims >= SUSPECT for due in self.hand())

    def hand(self) -> Iterator[Due]:
        """Everything that was taken and is not settled yet."""
        yield from self.in_flight.values()
        yield from self.live
        yield from self.again

    def note(self, now_ms: int, *, news: bool) -> None:
        """The lane's health is to be written down: at once where there is `news`, else once a second."""
        if news or now_ms - self.told_at >= _TOLD:
            self.changed, self.told_at = True, now_ms

    def take(self, due: list[Due], asked: int) -> None:
        """What the queue gave when it was asked for so many."""
        for each in due:
            (self.again if each.rank else self.live).append(each)
        # One that comes alone says nothing of how many there are.
        self.dry = len(due) < asked and not self.alone

    def drop(self) -> None:
        """What was not begun is left for later, and not held against it."""
        self.given_back += [due.delivery_id for due in (*self.live, *self.again)]
        self.live.clear()
        self.again.clear()

    def next(self) -> Due:
        """The delivery that comes next."""
        return self.live.popleft() if self.live else self.again.popleft()

    def may_begin(self, now: float) -> bool:
        """Whether an attempt begun now ends before the lease does."""
        return not self.stopped and now < self.until - WHOLE

    def fillable(self) -> bool:
        """Whether the log has rows for it when the queue has none."""
        return self.dry and not self.stopped and (self.lane.cursor is not None or self.replaying)

    def over(self, now: float, *, others: bool) -> bool:
        """Whether its turn is over, and nothing more is taken. `others`: lanes wait for which there is no place."""
        return self.handed_on or (others and (self.served >= BATCH or now - self.since > _TURN))

    def leaves(self, now: float, now_ms: int, *, others: bool, stopping: bool) -> bool:
        """Whether the lane is given back now. `others`: lanes wait for which there is no place."""
        if not self.idle:
            return False
        blocked = self.lane.blocked_until > now_ms
        return (
            stopping or self.stopped or blocked or self.over(now, others=others) or (self.dry and not self.fillable())
        )

    def part(self, now: float, *, leave: bool, others: bool, stopping: bool) -> Part:
        """What is said of it in the next turn. Its outcomes are the turn's from now on."""
        outcomes, self.outcomes = self.outcomes, []
        given_back, self.given_back = self.given_back, []
        changed, self.changed = self.changed, False
        hand = [due.delivery_id for due in self.hand()]
        curious = not self.dry or now - self.looked_at > _LOOK
        ends = leave or stopping or self.stopped or self.alone or self.over(now, others=others)
        wants = curious and not ends and len(hand) <= BATCH // 4
        if wants:
            self.looked_at = now
        return Part(
            lane=copied(self.lane),
            outcomes=outcomes,
            in_hand=hand,
            given_back=given_back,
            more=BATCH - len(hand) if wants else 0,
            changed_at=self.recipient.endpoint.changed_at,
            changed=changed,
            leave=leave,
            renew=now >= self.until - LASTS + _RENEWED,
        )

    def returned(self, part: Part) -> None:
        """The turn did not come about: what it was given is to be said again."""
        self.outcomes = [*part.outcomes, *self.outcomes]
        self.given_back = [*part.given_back, *self.given_back]
        self.changed = self.changed or part.changed
