"""What `/v1/test` takes and answers about faults, calls and events."""

from typing import Annotated, Final

from adapters import ids
from adapters.core.declare.kinds import Boolean, Choice, Date, Integer, Line, Moment, Text, Whole
from adapters.core.declare.record import Between, Record, optional, required
from adapters.core.declare.text_patterns import ROUTE
from adapters.core.shapes import Shape, shape_of
from gateway.webhooks.shapes import as_told

MOST_FAULTS: Final = 50
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "*")

Written = Annotated[str, Text(100_000)]
_AT = "2026-09-12T10:00:00Z"


class StandingFault(Record):
    """Calls that meet a fault without asking for it."""

    method: Annotated[str, Choice(METHODS)] = optional("Of calls with this method; `*`: with any.", "POST", "*")
    path: Annotated[str, Text(200, 4, ROUTE)] = required(
        "Of calls of this path, as it is sent or as the reference writes it.", "/v1/webhook_subscriptions/{id}"
    )
    times: Annotated[int, Integer(1, 1000)] | None = optional(
        "How many calls meet it; every one when left out, until it is taken away or a day is over.", 2
    )
    fault: Annotated[str, Text(200, 1)] = required("As in `Test-Fault`.", "rate_limited; retry_after=3")


class StandingFaults(Record):
    """All of them: those that were there before are gone. Of two that a call could meet, it meets the first."""

    faults: Annotated[list[StandingFault], Between(0, MOST_FAULTS)] = required(
        "At most 50.",
        [{"method": "POST", "path": "/v1/webhook_subscriptions", "times": 2, "fault": "upstream_timeout"}],
    )


class StandingFaultLeft(StandingFault):
    """A standing fault, and how often it will still be met."""

    remaining: Whole | None = optional("How many calls will still meet it; null for every one.", 1)


class NotedHeader(Record):
    """A header line."""

    name: Line = required("Its name, in lower case.", "content-type")
    value: Written = required("Its value; `[concealed]` where it is a secret.", "application/json")


class NotedRequest(Record):
    """What was sent."""

    method: Line = required("The method.", "POST")
    path: Written = required("The path.", "/v1/webhook_subscriptions")
    query: Written | None = optional("The query.", None)
    headers: list[NotedHeader] = required("The header lines.", [{"name": "content-type", "value": "application/json"}])
    body: Written | None = optional("The body as text, secrets concealed.", '{"events":["webhook.test"]}')
    truncated: Boolean = required("Whether the end of the body is missing, as it was long.", example=False)


class NotedAnswer(Record):
    """What was answered."""

    status: Whole = required("The status.", 201)
    headers: list[NotedHeader] = required("The header lines.", [{"name": "version", "value": "2026-09-01"}])
    body: Written | None = optional(
        "The body as text, secrets concealed; null where there was none, or it was a file.", None
    )
    truncated: Boolean = required("Whether the end of the body is missing, as it was long.", example=False)


class InternalCall(Record):
    """A call to a service behind the API."""

    service: Line = required("Which service.", "settings")
    method: Line = required("The method.", "POST")
    path: Written = required("The path and query.", "/api/settings/webhooks")
    body: Written | None = optional("The body as text.", '{"event":"created"}')
    status: Whole | None = optional("The status of its answer; null when there was none.", 201)
    error: Line | None = optional("Why there was none: unreachable, timeout, saturated, suspended, broken.", None)
    duration_ms: Whole = required("How long it took.", 4)


class TestCall(Record):
    """A call with a test token, and what became of it."""

    __test__ = False  # a name that pytest would take for a test

    id: Line = required("Its `X-Request-Id`.", "req_4bf92f3577b34da6a3ce929d")
    number: Whole = required("Grows with every call of the sandbox.", 17)
    at: Moment = required("When it came.", _AT)
    duration_ms: Whole = required("How long the answer took.", 12)
    operation: Line = required("Which operation it was.", "webhook_subscriptions.create")
    contract: Date | None = optional("The contract that answered; null when it did not come so far.", "2026-09-01")
    code: Line | None = optional("The code of the problem that was answered.", None)
    fault: Line | None = optional("The fault that it met.", None)
    token_id: ids.TokenId = required("The token it came with.", "tok_7Qm2bV9xKc4TzRw1LfYp8HsN")
    request: NotedRequest = required(
        "What was sent.",
        {
            "method": "POST",
            "path": "/v1/webhook_subscriptions",
            "query": None,
            "headers": [{"name": "content-type", "value": "application/json"}],
            "body": '{"events":["webhook.test"]}',
            "truncated": False,
        },
    )
    answer: NotedAnswer = required(
        "What was answered.",
        {"status": 201, "headers": [{"name": "version", "value": "2026-09-01"}], "body": None, "truncated": False},
    )
    calls: list[InternalCall] = required(
        "The calls to services between the two, in the order they ended.",
        [
            {
                "service": "settings",
                "method": "POST",
                "path": "/api/settings/webhooks",
                "body": '{"event":"created"}',
                "status": 201,
                "error": None,
                "duration_ms": 4,
            }
        ],
    )


class EmitBody(Record):
    """What the event is about."""

    object_id: Line | None = optional("The id of the record; the newest of its kind when left out.", None)


def _shape(model: type[Record]) -> Shape:
    return as_told(shape_of(model, {}, unwritten=True))


FAULTS: Final = _shape(StandingFaults)
FAULT: Final = _shape(StandingFaultLeft)
CALL: Final = _shape(TestCall)
EMIT: Final = _shape(EmitBody)
