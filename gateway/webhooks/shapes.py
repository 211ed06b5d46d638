"""The public records of webhooks: what subscribers send and are answered with. The gateway's own store holds them."""

from dataclasses import replace
from typing import Annotated, Final

from adapters import ids
from adapters.core.declare.kinds import (
    Boolean,
    Choice,
    CustomFields,
    Date,
    Integer,
    Line,
    Moment,
    Text,
    TextList,
    Whole,
)
from adapters.core.declare.record import Kept, ReadOnly, Record, optional, required
from adapters.core.declare.text_patterns import SPAN
from adapters.core.shapes import Shape, shape_of

MOST_EVENTS: Final = 20
STATUSES: Final = ("enabled", "paused", "disabled", "pending", "suspended")
DELIVERED: Final = ("pending", "delivered", "dead", "withheld", "cancelled")

Types = Annotated[list[str], TextList(Text(64, 1, example="webhook.test"), MOST_EVENTS, 1)]
_ID = "whk_7Qm2bV9xKc4TzRw1LfYp8HsN"
_DELIVERY = "dlv_7Qm2bV9xKc4TzRw1LfYp8HsN"
_EVENT = "evt_7Qm2bV9xKc4TzRw1LfYp8HsN"
_AT = "2026-09-12T10:00:00Z"
_TYPES = ["webhook_subscription.disabled"]


class SubscriptionBody(Record):
    """Where to, and what of."""

    url: Annotated[str, Text(2048, 8)] = required(
        "Where deliveries are posted: https, with a name.", "https://hooks.example.com/in"
    )
    events: Types = required("The types to be told of; there are no wildcards.", _TYPES)
    description: Line | None = optional("What it is for.", "Billing sync")
    version: Kept[Date | None] = optional(
        "The contract of the records; that of the request when left out.", "2026-09-01"
    )
    payload: Annotated[str, Choice(("full", "thin"))] = optional(
        "`full`: with the record; `thin`: with its id alone, which costs no call and shows nothing.", "full", "full"
    )
    headers: CustomFields | None = optional(
        "Up to 5 headers that your own gateway wants to see. Never shown again.", None
    )
    max_in_flight: Annotated[int, Integer(1, 64)] = optional("How many deliveries may be under way at once.", 8, 8)
    rate: Annotated[int, Integer(1, 1000)] | None = optional("At most so many deliveries a second.", None)


class Missed(Record):
    """A time whose events are not delivered by themselves; a replay brings them."""

    since: Moment = required("From when.", _AT)
    until: Moment = required("Until when.", "2026-09-12T11:00:00Z")


class WebhookSubscription(Record):
    """Who is told of what, where, and how it goes."""

    id: ids.WebhookSubscriptionId = required("Its id.", _ID)
    url: Line = required(
        "Where deliveries are posted; of somebody else's only the host is told.", "https://hooks.example.com/in"
    )
    events: Types = required("The types it is told of.", _TYPES)
    description: Line | None = optional("What it is for.", "Billing sync")
    version: Date = required("The contract of the records.", "2026-09-01")
    payload: Annotated[str, Choice(("full", "thin"))] = required("With the record, or with its id alone.", "full")
    header_names: Annotated[list[str], TextList()] = required("The names of its own headers.", [])
    max_in_flight: Whole = required("How many deliveries may be under way at once.", 8)
    rate: Whole | None = optional("At most so many deliveries a second.", None)
    status: Annotated[str, Choice(STATUSES)] = required(
        "Whether it is delivered to. `pending`: events are not sent to the gateway yet; `suspended`: its user is disabled.",
        "enabled",
    )
    reason: Line | None = optional("Why it is not enabled.", None)
    disabled_reason: Line | None = optional(
        "Of a disabled one: failing, gone, owner_revoked, owner_expired or contract_retired.", None
    )
    missing_scopes: Annotated[list[str], TextList()] = required(
        "Scopes that its owner lacks now: types that need them are withheld.", []
    )
    failing_since: Moment | None = optional("Since when nothing was taken.", None)
    last_success_at: Moment | None = optional("When something was taken last.", _AT)
    last_failure_at: Moment | None = optional("When something was not taken last.", None)
    backlog: Whole = required("How many deliveries wait.", 0)
    missed: Missed | None = optional("What was let go when it was resumed from now.", None)
    created_by_id: ids.UserId = required("Whose it is.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    created_at: Moment = required("When it was made.", _AT)
    updated_at: Moment = required("When it was last changed.", _AT)


class WebhookSubscriptionSecret(WebhookSubscription):
    """A subscription with its secret, which is shown this once."""

    secret: Line = required("What deliveries are signed with.", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")


class Attempt(Record):
    """One POST."""

    at: Moment = required("When it was sent.", _AT)
    status_code: Whole | None = optional("The status of the answer; null when there was none.", 503)
    error: Line | None = optional(
        "What went wrong where there was no answer: dns, connect, timeout, tls_…, vetted.", None
    )
    duration_ms: Whole = required("How long it took.", 240)
    body_sha256: Line = required("The SHA-256 of the body that was sent, in hex.", "9f86d081884c7d65")
    response_excerpt: Line | None = optional(
        "The beginning of a failure's body, as text; told to the owner alone.", "upstream unavailable"
    )


class Delivery(Record):
    """One event for one subscription."""

    id: ids.DeliveryId = required("Its id.", _DELIVERY)
    subscription_id: ids.WebhookSubscriptionId = required("Where it goes.", _ID)
    event_id: ids.EventId = required("The event, which is the `webhook-id` of every attempt.", _EVENT)
    event_type: Line = required("The event's type.", _TYPES[0])
    status: Annotated[str, Choice(DELIVERED)] = required("How it stands.", "pending")
    reason: Line | None = optional("Why it is dead, withheld or cancelled.", None)
    again: Boolean = required("Whether it repeats an earlier delivery of the event.", example=False)
    attempts: list[Attempt] = required("What was sent, in order.", [])
    next_attempt_at: Moment | None = optional("When it is tried next.", _AT)
    created_at: Moment = required("When it was made.", _AT)
    settled_at: Moment | None = optional("When it ended.", None)


class Event(Record):
    """Something that happened, as it was accepted."""

    id: ids.EventId = required("Its id.", _EVENT)
    type: Line = required("Its type.", _TYPES[0])
    object: Line = required("What its record is.", "webhook_subscription")
    object_id: Line = required("The id of its record, which can be read where that has an address.", _ID)
    sequence: Whole = required("Grows with every event of the workspace, in the order they were accepted.", 8123)
    origin: Annotated[str, Choice(("service", "reconciled", "gateway"))] = required(
        "Who told of it; `reconciled`: it was found out afterwards.", "service"
    )
    created_at: Moment = required("When it happened.", _AT)
    received_at: Moment = required("When it was accepted.", _AT)


class Resume(Record):
    """Where to go on."""

    from_: Annotated[str, Choice(("missed", "now"))] = optional(
        "`missed`: with all that was not delivered meanwhile; `now`: without it.", "missed", "missed"
    )


class RotateSecret(Record):
    """How long the secret before goes on signing."""

    overlap: Annotated[str, Text(8, 2, SPAN)] = optional("From 0s to 7d; both sign until then.", "24h", "24h")


class TestDelivery(Record):
    """What to try."""

    type: Annotated[str, Text(64, 1)] | None = optional(
        "A type, whose example is sent; `webhook.test` when left out.", None
    )


class Replay(Record):
    """Events once more, to one subscription, behind what comes."""

    id: ReadOnly[ids.ReplayId] = required("Its id.", "whr_7Qm2bV9xKc4TzRw1LfYp8HsN")
    since: Moment = required("From when.", _AT)
    until: Moment | None = optional("Until when; now when left out.", "2026-09-12T11:00:00Z")
    events: Types | None = optional("The types; those of the subscription when left out.", _TYPES)
    only: Annotated[str, Choice(("undelivered", "all"))] = optional(
        "Whether those are left out that were delivered.", "undelivered", "undelivered"
    )
    done: ReadOnly[Whole] = required("How many events have been looked at.", 0)
    total: ReadOnly[Whole] = required("How many there are.", 12)
    created_at: ReadOnly[Moment] = required("When it was asked for.", _AT)
    finished_at: ReadOnly[Moment | None] = optional("When it ended.", None)


def as_told(shape: Shape) -> Shape:
    """What the gateway holds has the public names."""
    fields = [
        replace(each, held=each.name, nested=as_told(each.nested) if each.nested else None) for each in shape.fields
    ]
    return Shape(shape.name, shape.description, tuple(fields))


def _shape(model: type[Record]) -> Shape:
    return as_told(shape_of(model, {}, unwritten=True))


def _besides(body: Shape, whole: Shape) -> Shape:
    """A body that knows what of the record it cannot set."""
    own = {each.name for each in body.fields}
    rest = (replace(each, read_only=True, required=False) for each in whole.fields if each.name not in own)
    return Shape(body.name, body.description, (*body.fields, *rest))


def _named(shape: Shape, **names: str) -> Shape:
    """For names that Python keeps for itself."""
    fields = [
        replace(each, name=names.get(each.name, each.name), today=names.get(each.name, each.today))
        for each in shape.fields
    ]
    return Shape(shape.name, shape.description, tuple(fields))


SUBSCRIPTION: Final = _shape(WebhookSubscription)
WITH_SECRET: Final = _shape(WebhookSubscriptionSecret)
BODY: Final = _besides(_shape(SubscriptionBody), WITH_SECRET)
DELIVERY: Final = _shape(Delivery)
EVENT: Final = _shape(Event)
RESUME: Final = _named(_shape(Resume), from_="from")
ROTATE: Final = _shape(RotateSecret)
TRIAL: Final = _shape(TestDelivery)
REPLAY: Final = _shape(Replay)
SEARCHED: Final = Shape(
    SUBSCRIPTION.name,
    SUBSCRIPTION.description,
    tuple(each for each in SUBSCRIPTION.fields if each.name in {"status", "events", "created_at", "updated_at"}),
)
"""What subscriptions are searched by."""
_OPERATORS: Final = {
    "type": ("eq", "neq", "in", "not_in"),
    "object_id": ("eq", "in"),
    "received_at": ("gt", "gte", "lt", "lte", "between"),
}
EVENTS_SEARCHED: Final = Shape(
    EVENT.name,
    EVENT.description,
    tuple(replace(each, operators={op: op for op in _OPERATORS.get(each.name, ())}) for each in EVENT.fields),
)
"""What the log is searched by."""
