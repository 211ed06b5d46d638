"""The courier: takes lanes, sends what is due on them, and settles what became of it, all of one process in one loop.

lease lanes → render and send, each lane at its own pace → settle every 50 ms, take more → give lanes back

All that is said to the database is one transaction at a time (`webhook_turns`). While it is away nothing new is taken, and
what was sent is settled when it is back; a lane whose lease has ended meanwhile is another courier's, and so are its rows.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from gateway.egress.dialling import Dialler
from gateway.keys.keyring import Keyring, Unsealable
from gateway.observe import logs, webhook_metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, webhook_lanes, webhook_turns
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_queue import SUSPECT, Due
from gateway.stores.sql.webhook_turns import BATCH, Asks, Part, TurnResult
from gateway.webhooks import recipients
from gateway.webhooks.attempts import Attempts
from gateway.webhooks.clock import Clock
from gateway.webhooks.health import Pace
from gateway.webhooks.held import LASTS, Held
from gateway.webhooks.lane_shares import Shares
from gateway.webhooks.messages import Renderer, Signer
from gateway.webhooks.places import Places
from gateway.webhooks.refilling import refill
from gateway.webhooks.sending import Wire

LANES: Final = 256  # held at once
SETTLE: Final = 0.05  # seconds
POLL: Final = 0.25
UNSETTLED: Final = 256  # outcomes that wait for no moment longer
_RENEW: Final = 0.5
_AGAIN: Final = 0.25  # seconds after which a database that was away is asked again


class Courier:
    """`name`: one that no other courier has, now or earlier. `agent`: what receivers see as User-Agent."""

    def __init__(
        self,
        sql: Sql,
        keys: Keyring,
        renderer: Renderer,
        signer: Signer,
        dialler: Dialler,
        *,
        name: str,
        agent: str = "Gateway",
        lanes: int = LANES,
    ) -> None:
        self._sql = sql
        self._keys = keys
        self._dialler = dialler
        self._name = name
        self._lanes = lanes
        self._held: dict[str, Held] = {}
        self._places = Places()
        self.clock = Clock()
        self.attempts = Attempts(sql, renderer, signer, self._places, self.clock, agent)
        self._due_at = 0.0
        self._woken = asyncio.Event()
        self._stopping = False
        self._ran = asyncio.Event()
        self._ran.set()
        self._others = False
        self._roused = False
        self._sought_at = self._looked_at = 0.0
        self._shares = Shares()
        self._unsettled = 0
        self._tenants: set[str] = set()
        self._starved: dict[str, Held] = {}
        self._hanging_up: set[asyncio.Task[None]] = set()

    def wake(self, endpoint_ids: Iterable[str]) -> None:
        """There is something to do for these: events were accepted."""
        self._roused = True
        for endpoint_id in endpoint_ids:
            if (held := self._held.get(endpoint_id)) is not None:
                held.dry = False
        self._ask(0.0)

    async def run(self) -> None:
        """Deliver until `stop`."""
        self._ran.clear()
        while not self._stopping:
            await self._wait()
            try:
                if bool(self._held) or await self._sql.read(webhook_lanes.waiting, self.clock()):
                    await self._turn()
            except StoreUnavailable:
                self._ask(_AGAIN)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must go on
                logs.event("courier failed", "error", error=error)
                self._ask(1.0)
        self._ran.set()

    async def stop(self, grace: float) -> None:
        """Begin nothing, let attempts finish for `grace` seconds, settle, and give all lanes back."""
        self._stopping = True
        self._woken.set()
        # Of turns there is one at a time.
        await self._ran.wait()
        for held in self._held.values():
            held.drop()
        until = time.monotonic() + grace
        while self._held and time.monotonic() < until:
            try:
                await self._turn()
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN)
            if self._held:
                await asyncio.sleep(SETTLE)
        await asyncio.gather(*self._hanging_up, *(held.wire.close() for held in self._held.values()))

    def _ask(self, delay: float) -> None:
        """A turn in `delay` seconds at the latest."""
        self._due_at = min(self._due_at, time.monotonic() + delay)
        self._woken.set()

    async def _wait(self) -> None:
        while (left := self._due_at - time.monotonic()) > 0 and not self._stopping:
            self._woken.clear()
            try:
                async with asyncio.timeout(left):
                    await self._woken.wait()
            except TimeoutError:
                break
        self._due_at = time.monotonic() + (_RENEW if self._held else POLL)

    async def _turn(self) -> None:
        for held in [*self._held.values()]:
            if held.idle and held.fillable():
                await refill(self._sql, held, self.clock())
        now, now_ms = time.monotonic(), self.clock()
        parts: dict[str, Part] = {}
        for endpoint_id, held in self._held.items():
            leave = held.leaves(now, now_ms, others=self._others, stopping=self._stopping)
            parts[endpoint_id] = held.part(now, leave=leave, others=self._others, stopping=self._stopping)
        leaving = sum(part.leave for part in parts.values())
        seeks = self._roused or bool(leaving) or now >= self._sought_at + POLL
        places = self._lanes - len(self._held) + leaving if seeks and not self._stopping else 0
        handed = [each for each, part in parts.items() if part.leave and self._held[each].handed_on]
        asks = Asks(now >= self._looked_at + POLL, self._shares.looks(now), [*self._shares.left(now), *handed])
        self._roused = False
        try:
            got = await self._sql.run(webhook_turns.turn, self._name, list(parts.values()), places, asks)
        except BaseException:  # raised again: what was to be settled is kept for the next turn
            for endpoint_id, part in parts.items():
                self._held[endpoint_id].returned(part)
            raise
        if seeks:
            self._others, self._sought_at = len(got.leased) == places, now
        if got.looked:
            self._looked_at = now
        self._shares.leased((lane.endpoint_id for lane in got.leased), now)
        self._unsettled = 0
        self.clock.set(got.now)
        for endpoint_id, part in parts.items():
            self._said(endpoint_id, part, got, now + LASTS)
        for lane in got.leased:
            self._leased(lane, got, now)
        if got.share is not None:
            self._shares.note(got.share, self._held, now)
        self._tenants = {held.lane.tenant_id for held in self._held.values()}
        for held in [*self._held.values()]:
            self._pump(held)
        if any(held.idle and not held.dry for held in self._held.values()):
            self._ask(0.0)

    def _said(self, endpoint_id: str, part: Part, got: TurnResult, until: float) -> None:
        held = self._held[endpoint_id]
        if part.leave or endpoint_id in got.lost:
            if endpoint_id in got.lost:
                webhook_metrics.lease_lost()
            elif held.handed_on:
                self._shares.gone(endpoint_id, time.monotonic())
            self._let_go(endpoint_id)
            return
        if part.renew:
            held.until = until
        held.lane.cursor = got.cursors.get(endpoint_id, held.lane.cursor)
        if got.looked:
            held.replaying = endpoint_id in got.replaying
        if endpoint_id in got.stopped:
            held.stopped = True
            held.drop()
        if endpoint_id in got.endpoints:
            self._renewed(held, got)
        if part.more and endpoint_id in got.due:
            held.take(got.due[endpoint_id], part.more)
            # Those of what is in hand, and no others: a lane that is never empty would keep them all.
            held.events = {
                due.event_id: event
                for due in held.hand()
                if (event := got.events.get(due.event_id) or held.events.get(due.event_id)) is not None
            }

    def _renewed(self, held: Held, got: TurnResult) -> None:
        """The owner has changed the endpoint."""
        endpoint = got.endpoints[held.lane.endpoint_id]
        try:
            recipient = recipients.opened(self._keys, endpoint, got.secrets[endpoint.id])
        except Unsealable:
            held.stopped = True
            held.drop()
            return
        if recipient.url != held.recipient.url:
            self._hang_up(held.wire)
            held.wire = Wire(self._dialler, recipient.url, endpoint.max_in_flight)
        held.recipient = recipient
        held.pace = Pace.of(held.lane, endpoint.max_in_flight, endpoint.rate)

    def _leased(self, lane: Lane, got: TurnResult, now: float) -> None:
        endpoint = got.endpoints.get(lane.endpoint_id)
        if endpoint is None:
            return
        try:
            recipient = recipients.opened(self._keys, endpoint, got.secrets[endpoint.id])
        except Unsealable as error:
            logs.event("webhook endpoint cannot be opened", "error", endpoint=f"whk_{endpoint.id}", error=error)
            return  # the lease ends by itself: the keyring may be another then
        held = Held(
            lane=lane,
            recipient=recipient,
            pace=Pace.of(lane, endpoint.max_in_flight, endpoint.rate),
            wire=Wire(self._dialler, recipient.url, endpoint.max_in_flight),
            since=now,
            until=now + LASTS,
            replaying=lane.endpoint_id in got.replaying,
        )
        due = got.due[lane.endpoint_id]
        held.events = {each.event_id: got.events[each.event_id] for each in due if each.event_id in got.events}
        held.take(due, BATCH)
        self._held[lane.endpoint_id] = held

    def _let_go(self, endpoint_id: str) -> None:
        self._hang_up(self._held.pop(endpoint_id).wire)

    def _hang_up(self, wire: Wire) -> None:
        task = asyncio.ensure_future(wire.close())
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    # sending

    def _pump(self, held: Held) -> bool:
        """Begins what may be begun; whether anything was."""
        now, began = time.monotonic(), False
        tenant, host = held.lane.tenant_id, held.recipient.endpoint.url_host
        while held.waiting and not self._stopping and held.may_begin(now) and held.lane.blocked_until <= self.clock():
            if not held.pace.room(len(held.in_flight), held.replays, now, replay=not held.live):
                if held.pace.next_at > now:
                    asyncio.get_running_loop().call_later(held.pace.next_at - now, self._pump_again, held)
                break
            if not self._places.free(tenant, host, alone=len(self._tenants) == 1):
                self._starved[held.lane.endpoint_id] = held
                break
            self._begin(held, held.next(), now)
            began = True
        if held.waiting and held.lane.blocked_until > self.clock():
            held.drop()
        return began

    def _pump_again(self, held: Held) -> None:
        if self._held.get(held.lane.endpoint_id) is held:
            self._pump(held)

    def _begin(self, held: Held, due: Due, now: float) -> None:
        held.in_flight[due.delivery_id] = due
        held.replays += due.rank
        held.served += 1
        held.pace.sent(now)
        tenant, host = held.lane.tenant_id, held.recipient.endpoint.url_host
        self._places.take(tenant, host)
        task = asyncio.ensure_future(self.attempts.attempt(held, due))
        task.add_done_callback(lambda _: self._ended(held, due, tenant, host))

    def _ended(self, held: Held, due: Due, tenant: str, host: str) -> None:
        self._places.give_back(tenant, host)
        held.in_flight.pop(due.delivery_id, None)
        held.replays -= due.rank
        if self._held.get(held.lane.endpoint_id) is not held:
            return
        if not self._pump(held):
            self._pump_starved()
        self._unsettled += 1
        # What is tried alone holds up its whole lane until it is settled, and what a lane has in hand comes to its end.
        hurried = self._unsettled >= UNSETTLED or len(held.outcomes) >= BATCH * 3 // 4 or due.claims >= SUSPECT
        self._ask(0.0 if hurried else SETTLE)

    def _pump_starved(self) -> None:
        for endpoint_id in [*self._starved]:
            other = self._starved.pop(endpoint_id)
            if self._held.get(endpoint_id) is other and self._pump(other):
                return
