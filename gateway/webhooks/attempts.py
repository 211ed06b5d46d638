"""What is done with one delivery: judged and rendered anew, signed, sent, and its outcome noted in the lane."""

import random
import time
from collections.abc import Callable
from typing import Final

from gateway.observe import logs, trace, tracing, webhook_metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, webhook_notices
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_queue import Due, Outcome
from gateway.webhooks import header_lines, outcomes, schedule
from gateway.webhooks.health import Pace
from gateway.webhooks.held import Held
from gateway.webhooks.hosts import Hosts
from gateway.webhooks.messages import Body, Ended, Renderer, Signer, Wait, Withheld
from gateway.webhooks.outcomes import Verdict
from gateway.webhooks.places import ByteBudget, Places
from gateway.webhooks.sending import VETTED, Sent
from gateway.webhooks.skew import Skew

POISON: Final = 4
"""Claims without an outcome after which a row is parked: two beside others, and two alone."""

_BROKEN: Final = 300_000  # milliseconds until what failed here, and not at the endpoint, is tried again


class Attempts:
    """Makes attempts for the lanes of one courier. `now`: the database's time in milliseconds."""

    def __init__(
        self,
        sql: Sql,
        renderer: Renderer,
        signer: Signer,
        places: Places,
        now: Callable[[], int],
        agent: str,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._sql = sql
        self._renderer = renderer
        self._signer = signer
        self._places = places
        self._now = now
        self._chance = chance
        self._bytes = ByteBudget()
        self._skew = Skew()
        self.hosts = Hosts()
        self._common = header_lines.common(agent)

    async def attempt(self, held: Held, due: Due) -> None:
        """One delivery: at its end there is an outcome in `held`, or the row is given back. Never raises."""
        try:
            outcome = await self._outcome(held, due)
        except StoreUnavailable:
            held.given_back.append(due.delivery_id)
            return
        except Exception as error:  # noqa: BLE001 - one delivery is no reason to end the others
            logs.event("webhook delivery failed", "error", delivery=f"dlv_{due.delivery_id}", error=error)
            outcome = Outcome(due, None, None, None, self._now() + _BROKEN)
        if outcome is None:
            held.given_back.append(due.delivery_id)
            return
        held.outcomes.append(outcome)
        if outcome.status is not None:
            webhook_metrics.delivery(outcome.status, outcome.reason)

    async def _outcome(self, held: Held, due: Due) -> Outcome | None:
        event = held.events.get(due.event_id)
        if event is None:
            return Outcome(due, None, "cancelled", "forgotten", 0)
        if due.claims >= POISON:
            webhook_metrics.poison()
            logs.event("webhook poison", "error", delivery=f"dlv_{due.delivery_id}", type=event.type)
            return Outcome(due, None, "dead", "poison", 0)
        age = self._now() - due.accepted_at
        if age > schedule.OLDEST:
            return Outcome(due, None, "dead", "age", 0)
        match await self._renderer.render(held.recipient, event, waited=age / 1000):
            case Withheld(reason):
                return Outcome(due, None, "withheld", reason, 0)
            case Wait(seconds, _):
                return Outcome(due, None, None, None, self._now() + round(seconds * 1000))
            case Ended() as ended:
                return await self._end(held, due, ended)
            case Body() as body:
                await self._bytes.take(len(body.data))
                try:
                    return await self._sent(held, due, event, body)
                finally:
                    self._bytes.give_back(len(body.data))

    async def _end(self, held: Held, due: Due, ended: Ended) -> Outcome | None:
        held.stopped = True
        held.drop()
        await self._sql.run(
            webhook_notices.end,
            held.lane.endpoint_id,
            ended.status,  # type: ignore[arg-type]
            ended.reason,
            cancel=ended.cancel,
        )
        _told(held, ended.status, ended.reason)
        return Outcome(due, None, "cancelled", ended.reason, 0) if ended.cancel else None

    async def _sent(self, held: Held, due: Due, event: Event, body: Body) -> Outcome:
        if due.attempts == 0 and not due.rank:
            webhook_metrics.lag((self._now() - due.accepted_at) / 1000)
        signed = self._signer.sign(held.recipient.secrets, f"evt_{event.id}", int(self._now() / 1000), body.data)
        own = held.recipient.headers
        headers = header_lines.of_attempt(
            self._common, signed, due.attempts + 1, body.headers, own, replay=bool(due.rank)
        )
        sent = await held.wire.post(headers, body.data)
        if body.omitted is not None and sent.fine:
            webhook_metrics.omitted(body.omitted)
        webhook_metrics.attempt(sent.result, sent.seconds)
        host = held.recipient.endpoint.url_host
        self.hosts.note(host, sent.status, sent.result, time.monotonic())
        if sent.fine:
            skew = self._skew.note(host, sent.headers.get(b"date"), time.time())
            if skew is not None:
                webhook_metrics.clock_skew(skew)
        first = held.lane.succeeded_at is None
        verdict = outcomes.judged(held.lane, due, sent, body.data, self._now(), self._chance())
        held.note(self._now(), news=first or not sent.fine or verdict.recovered)
        now = time.monotonic()
        if first and sent.fine:
            endpoint = held.recipient.endpoint
            held.pace = Pace.of(held.lane, endpoint.max_in_flight, endpoint.rate)
        held.pace.answered(sent.seconds, sent.status, now)
        _log(held, due, event, sent)
        if sent.error is not None and sent.error.startswith(VETTED):
            _refused(held, sent.error)
        await self._noticed(held, verdict)
        return verdict.outcome

    async def _noticed(self, held: Held, verdict: Verdict) -> None:
        """What is new about the endpoint. Where the database is away it is told when the next attempt says so again."""
        lane = held.lane
        if verdict.blocked:
            held.pace.limit = 1.0
            held.drop()
            _told(held, "blocked", None)
        if verdict.recovered:
            _told(held, "opened", None)
        try:
            if verdict.disabled is not None:
                held.stopped = True
                held.drop()
                await self._sql.run(webhook_notices.end, lane.endpoint_id, "disabled", verdict.disabled, cancel=False)
                _told(held, "disabled", verdict.disabled)
            elif verdict.warned:
                await self._sql.run(webhook_notices.warn, lane.endpoint_id, "failing")
        except StoreUnavailable:
            held.stopped = False


def _log(held: Held, due: Due, event: Event, sent: Sent) -> None:
    started = trace.started()
    if started.marks is not None:
        host, port = held.recipient.endpoint.url_host, held.wire.port
        tracing.attempt(started, host, port, sent.status, sent.error, sent.seconds)
    logs.often(
        "webhook attempt",
        trace_id=started.trace_id,
        tenant=held.lane.tenant_id,
        endpoint=f"whk_{due.endpoint_id}",
        delivery=f"dlv_{due.delivery_id}",
        webhook=f"evt_{due.event_id}",
        type=event.type,
        attempt=due.attempts + 1,
        status=sent.status,
        reason=sent.error,
        ms=round(sent.seconds * 1000),
        host=held.recipient.endpoint.url_host,
    )


def _refused(held: Held, error: str) -> None:
    logs.event(
        "webhook egress refused",
        "warning",
        tenant=held.lane.tenant_id,
        endpoint=f"whk_{held.lane.endpoint_id}",
        host=held.recipient.endpoint.url_host,
        reason=error.removeprefix(VETTED),
    )


def _told(held: Held, state: str, reason: str | None) -> None:
    logs.event(
        "webhook lane",
        tenant=held.lane.tenant_id,
        endpoint=f"whk_{held.lane.endpoint_id}",
        host=held.recipient.endpoint.url_host,
        state=state,
        reason=reason,
    )
