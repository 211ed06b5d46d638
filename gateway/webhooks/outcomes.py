"""What an attempt means: for its delivery, and for how its endpoint is treated. Pure, but for the clock it is given."""

import hashlib
from dataclasses import dataclass

from gateway.stores.sql import webhook_clock
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_queue import Attempt, Due, Outcome
from gateway.webhooks import health, schedule
from gateway.webhooks.sending import Sent


@dataclass(frozen=True, slots=True)
class Verdict:
    """`disabled`: why the endpoint is not called any more; `blocked`, `recovered`, `warned`: what is new about the lane."""

    outcome: Outcome
    disabled: str | None
    blocked: bool
    recovered: bool
    warned: bool


def judged(lane: Lane, due: Due, sent: Sent, body: bytes, now: int, chance: float) -> Verdict:
    """Notes the attempt in the lane and says what becomes of the delivery. `now`: milliseconds, when it ended."""
    number = due.attempts + 1
    attempt = Attempt(
        number=number,
        at=webhook_clock.moment(now - round(sent.seconds * 1000)),
        ms=round(sent.seconds * 1000),
        status=sent.status,
        error=sent.error,
        address=sent.address,
        body_sha256=hashlib.sha256(body).digest(),
        body_bytes=len(body),
        answer_head=sent.head,
    )
    if sent.fine:
        recovered = health.succeeded(lane, now)
        return Verdict(Outcome(due, attempt, "delivered", None, 0), None, False, recovered, False)
    blocked = health.failed(lane, now, sent.status)
    asked = sent.headers.get(b"webhook-delivery", b"").strip().lower()
    disabled = "gone" if asked == b"disable" else health.given_up(lane, now)
    warned = disabled is None and health.warning(lane, now)
    if asked == b"abort-message":
        return Verdict(Outcome(due, attempt, "dead", "aborted", 0), disabled, blocked, False, warned)
    pause = schedule.retry_after(sent.headers, now / 1000) if sent.status in {429, 503} else 0
    due_at = schedule.again(
        now, due.accepted_at, number, chance, not_before=pause, gone=sent.status == 410 and number < 3
    )
    if due_at is None:
        reason = "attempts" if number >= len(schedule.DELAYS) else "age"
        return Verdict(Outcome(due, attempt, "dead", reason, 0), disabled, blocked, False, warned)
    return Verdict(Outcome(due, attempt, None, None, due_at), disabled, blocked, False, warned)
