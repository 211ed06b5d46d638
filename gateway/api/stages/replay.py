"""`Idempotency-Key` on creates and actions: one request, one effect, one answer (contract.md, "Idempotency").

Reserved only after everything else has let the request through. What is known not to have happened is released; what
may have happened is remembered as such, and never blindly done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable

import orjson

from adapters.core.calls import Answer
from adapters.core.faults import Conflict, Invalid, RecordNotFound
from adapters.core.operation import Operation
from gateway import problems
from gateway.api.dependencies import Services
from gateway.api.exchange import Exchange, Handler
from gateway.observe import logs, metrics
from gateway.problems import BadRequest, Conflicting, Problem, Unavailable, Unprocessable
from gateway.stores.errors import StoreUnavailable
from gateway.stores.replays import InProgress, OutcomeUnknown, Reservation, Reserved, Reused, Stored

_FINAL = (RecordNotFound, Invalid, Conflict)
_REPLAYED = (b"idempotent-replayed", b"true")


def replay(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """Answers a repeated request from memory; raises 409, 422, or 503 when the store cannot promise a single effect."""
    if not operation.replayable:
        return proceed
    replays = services.replays
    deduplicates = operation.service in services.settings.services and (
        services.settings.services[operation.service].deduplicates  # type: ignore[index]
    )

    def replayed(exchange: Exchange) -> Awaitable[Answer]:
        key = exchange.headers.get(b"idempotency-key")
        return proceed(exchange) if key is None else reserved(exchange, key)

    async def reserved(exchange: Exchange, key: bytes) -> Answer:
        if not 1 <= len(key) <= 255 or not all(0x20 <= byte <= 0x7E for byte in key):
            raise BadRequest("idempotency_key_invalid", "An Idempotency-Key is 1 to 255 printable ASCII characters.")
        caller = exchange.caller
        assert caller is not None
        # The record as it was understood, not as it was spelled: %5F and _ are one path.
        path = "/".join((operation.name, *exchange.input.ids))
        place = (caller.tenant_id, caller.principal, operation.method, path, key.decode("ascii"))
        exchange.idempotency_key = hashlib.sha256("\n".join(place).encode()).hexdigest().encode("ascii")
        # To an action, no body and {} are one request: it has no fields.
        content = orjson.dumps([exchange.version, exchange.document or None], option=orjson.OPT_SORT_KEYS)
        try:
            found = await replays.reserve(*place, hashlib.sha256(content).digest(), again=deduplicates)
        except StoreUnavailable:
            metrics.store_lost("redis")
            metrics.fail_mode("idempotency_refused")
            detail = "The Idempotency-Key cannot be honoured at the moment; nothing was done. Try again shortly."
            raise Unavailable("store_unavailable", detail, headers=((b"retry-after", b"1"),)) from None
        match found:
            case Stored(status, headers, body):
                metrics.replayed()
                kept = {name: value for name, value in headers if name != b"content-type"}
                media = next(value for name, value in headers if name == b"content-type")
                return Answer(status, body, (*kept.items(), _REPLAYED), media)
            case Reserved(handle):
                return await _once(exchange, handle)
        raise _refused(found)

    async def _once(exchange: Exchange, handle: Reservation) -> Answer:
        try:
            answer = await proceed(exchange)
        except _FINAL as fault:
            problem = problems.of(fault)
            assert problem is not None
            await _settle(replays.finish, handle, *_parts(services.render(problem, exchange)))
            raise
        except BaseException:  # raised again: a cancelled request leaves its key settled too
            await _settle(replays.ambiguous if exchange.wrote else replays.release, handle)
            raise
        await _settle(replays.finish, handle, *_parts(answer))
        return answer

    return replayed


async def _settle(act: object, *arguments: object) -> None:
    """End a reservation. When the store is lost by now, the lease ends it as of unknown outcome, which is true."""
    try:
        await act(*arguments)  # type: ignore[operator]
    except StoreUnavailable as error:
        metrics.store_lost("redis")
        metrics.fail_mode("idempotency_unsettled")
        logs.event("idempotency key left to its lease", "warning", error=error)


def _parts(answer: Answer) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return answer.status, [(b"content-type", answer.content_type), *answer.headers], answer.body


def _refused(found: InProgress | Reused | OutcomeUnknown) -> Problem:
    match found:
        case InProgress(retry_after):
            wait = b"%d" % max(1, int(-(-retry_after // 1)))
            detail = "A request with this Idempotency-Key is still under way."
            return Conflicting("idempotency_in_progress", detail, headers=((b"retry-after", wait),))
        case Reused():
            errors = [
                {
                    "pointer": "",
                    "code": "idempotency_key_reused",
                    "message": "The body or the contract differs from those of the first request with this key.",
                }
            ]
            detail = "This Idempotency-Key was used for another request."
            return Unprocessable("idempotency_key_reused", detail, members={"errors": errors})
    return Conflicting(
        "idempotency_outcome_unknown",
        "An earlier request with this Idempotency-Key failed in a way that leaves open whether it took effect. "
        "Look for its result before you send it again with a new key.",
    )
