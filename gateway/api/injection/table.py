"""Which faults there are. Rooms above this one declare those of their own operations: `Dependencies.injections` has all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from adapters.core.faults import Conflict
from adapters.core.operation import Body
from gateway.api.injection import parts, services
from gateway.api.injection.declared import Injection, Seconds, Where
from gateway.problems import stopping, unforeseen
from gateway.stores.replays import InProgress, OutcomeUnknown, Reused, Stored
from gateway.upstream import Saturated, Suspended, Timeout, Unreachable

_WHY: Final = "a fault asked for it"

SERVED: Final = Where("a call that a service answers", lambda operation, _: bool(operation.service))
WRITING: Final = Where(
    "a call that changes something at a service", lambda operation, _: bool(operation.service) and not operation.reads
)
GUARDED: Final = Where("a call that needs a scope", lambda operation, _: bool(operation.scopes))
PAGED: Final = Where(
    "a search or a list with a cursor", lambda operation, _: operation.tail == "search" or "cursor" in operation.query
)
KEYED: Final = Where(
    "a create or an action with an Idempotency-Key",
    lambda operation, exchange: operation.replayable and b"idempotency-key" in exchange.headers,
)
SENDING: Final = Where("a call with a body", lambda operation, _: operation.body is not Body.NONE)
ANSWERED: Final = Where(
    "a call whose answer has a body and is sent by HTTP",
    lambda operation, exchange: operation.success != 204 and exchange.method != "HEAD" and not exchange.via,
)

INJECTIONS: Final = (
    Injection(
        name="slow",
        about="The service takes so long, `slow=1500ms`, and then answers as ever. With `X-Request-Timeout` below it: 504.",
        takes={"": Seconds(0.001, 30)},
        change=services.slow,
    ),
    Injection(
        name="cut",
        about="The answer breaks off in the middle of its body, and the connection with it.",
        where=ANSWERED,
        after=parts.cut,
    ),
    Injection(
        name="outcome_unknown",
        about="It is carried out, and the answer is lost: 504. The same request with its `Idempotency-Key` is then answered "
        "409 `idempotency_outcome_unknown`.",
        code="upstream_timeout",
        where=WRITING,
        change=services.lost,
    ),
    Injection(
        name="rate_limited",
        about="There have been too many requests; come back in `retry_after` seconds, 1 if it is left out.",
        code="rate_limited",
        takes={"retry_after": Seconds(1, 3600, 1)},
        change=parts.limited,
    ),
    Injection(
        name="upstream_unreachable",
        about="The service cannot be reached; nothing was done.",
        code="upstream_unreachable",
        where=SERVED,
        change=services.failing(lambda _: Unreachable(_WHY)),
    ),
    Injection(
        name="upstream_timeout",
        about="The service got the request and does not answer. Here nothing was done, which you cannot know.",
        code="upstream_timeout",
        where=SERVED,
        change=services.failing(lambda _: Timeout(_WHY, sent=True)),
    ),
    Injection(
        name="upstream_failed",
        about="The service answers 500.",
        code="upstream_failed",
        where=SERVED,
        change=services.answering(500, b"{}"),
    ),
    Injection(
        name="upstream_invalid",
        about="The service answers with what nobody understands.",
        code="upstream_invalid",
        where=SERVED,
        change=services.answering(200, b'{"data": ['),
    ),
    Injection(
        name="upstream_suspended",
        about="The service has failed so often that it is not asked; come back in `retry_after` seconds, 5 if it is left out.",
        code="upstream_suspended",
        where=SERVED,
        takes={"retry_after": Seconds(1, 3600, 5)},
        change=services.failing(lambda values: Suspended(_WHY, retry_after=values["retry_after"])),
    ),
    Injection(
        name="overloaded",
        about="Too many requests are under way.",
        code="overloaded",
        where=SERVED,
        change=services.failing(lambda _: Saturated(_WHY)),
    ),
    Injection(
        name="store_unavailable",
        about="A store that the answer depends on is away.",
        code="store_unavailable",
        change=parts.token(parts.unknown),
    ),
    Injection(
        name="identity_unavailable",
        about="The role that you have now cannot be determined.",
        code="identity_unavailable",
        change=parts.nobody_known,
    ),
    Injection(
        name="token_expired", about="The token has expired.", code="token_expired", change=parts.token(parts.expired)
    ),
    Injection(
        name="token_revoked", about="The token was revoked.", code="token_revoked", change=parts.token(parts.revoked)
    ),
    Injection(
        name="role_forbids",
        about="The user's role does not allow it.",
        code="role_forbids",
        where=GUARDED,
        change=parts.permitting(effective=False),
    ),
    Injection(
        name="scope_missing",
        about="The token has none of the scopes that it needs.",
        code="scope_missing",
        where=GUARDED,
        change=parts.permitting(effective=False, asked=False),
    ),
    Injection(
        name="version_retired",
        about="The contract that you ask for has ended.",
        code="version_retired",
        change=parts.retired,
    ),
    Injection(
        name="operation_gone",
        about="The contract does not have the operation.",
        code="operation_gone",
        change=parts.gone,
    ),
    Injection(
        name="not_supported", about="This deployment does not offer it.", code="not_supported", change=parts.missing
    ),
    Injection(
        name="cursor_invalid",
        about="The cursor, or the one that you might have sent, is of another search or too old.",
        code="cursor_invalid",
        where=PAGED,
        change=parts.stale,
    ),
    Injection(
        name="body_incomplete",
        about="The body ends early.",
        code="body_incomplete",
        where=SENDING,
        change=parts.body(parts.broken_off),
    ),
    Injection(
        name="body_timeout",
        about="The body does not arrive in time.",
        code="body_timeout",
        where=SENDING,
        change=parts.body(parts.never),
    ),
    Injection(
        name="conflict",
        about="The record's state does not allow it.",
        code="conflict",
        where=WRITING,
        change=parts.raising(Conflict),
    ),
    Injection(
        name="state_conflict",
        about="The record's status does not allow it; the example is of one that is `completed`.",
        code="state_conflict",
        where=WRITING,
        change=parts.raising(lambda: Conflict("completed", ("active",))),
    ),
    Injection(
        name="period_taken",
        about="There is such a record for this period already.",
        code="period_taken",
        where=WRITING,
        change=parts.raising(lambda: Conflict(code="period_taken")),
    ),
    Injection(
        name="idempotency_in_progress",
        about="The first request with this `Idempotency-Key` is still under way.",
        code="idempotency_in_progress",
        where=KEYED,
        change=parts.remembering(InProgress(1.0)),
    ),
    Injection(
        name="idempotency_key_reused",
        about="This `Idempotency-Key` was used for another request.",
        code="idempotency_key_reused",
        where=KEYED,
        change=parts.remembering(Reused()),
    ),
    Injection(
        name="idempotency_outcome_unknown",
        about="What came of the first request with this `Idempotency-Key` is not known.",
        code="idempotency_outcome_unknown",
        where=KEYED,
        change=parts.remembering(OutcomeUnknown()),
    ),
    Injection(
        name="idempotency_answer_not_kept",
        about="The first request with this `Idempotency-Key` was done, and its answer is no longer kept.",
        code="idempotency_answer_not_kept",
        where=KEYED,
        change=parts.remembering(Stored(201, ((b"content-type", b"application/json"),), None), secret=True),
    ),
    Injection(
        name="internal_error",
        about="Something unforeseen happens.",
        code="internal_error",
        change=parts.raising(unforeseen),
    ),
    Injection(
        name="shutting_down", about="The server is stopping.", code="shutting_down", change=parts.raising(stopping)
    ),
)


def named(injections: Iterable[Injection]) -> Mapping[str, Injection]:
    """The faults by their names."""
    return {each.name: each for each in injections}
