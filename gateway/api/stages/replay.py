"""`Idempotency-Key` on creates and actions: one request, one effect, one answer (contract.md, "Idempotency").

Reserved only after everything else has let the request through. What is known not to have happened is released; what
may have happened is remembered as such, and never blindly done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable

import orjson

from adapters.core.calls import Answer, Input
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Accepted, Permitted
from gateway.api.rereading import REPLAYED, Reading
from gateway.api.secret_answers import SecretAnswers
from gateway.observe import logs, metrics
from gateway.problems import BadRequest, Conflicting, Problem, Unavailable, Unprocessable
from gateway.stores.errors import StoreUnavailable
from gateway.stores.replays import InProgress, OutcomeUnknown, Reservation, Reserved, Reused, Settled, Stored


def replay(operation: Operation, dependencies: Dependencies, proceed: Accepted) -> Accepted:
    """Answers a repeated request from memory; raises 409, 422, or 503 when the store cannot promise a single effect."""
    if not operation.replayable:
        return proceed
    replays, reading = dependencies.replays, Reading.of(operation, dependencies.operations)
    secrets = SecretAnswers(dependencies.keyring)
    deduplicates = any(
        service.deduplicates for name, service in dependencies.settings.services.items() if name == operation.service
    )

    def replayed(permitted: Permitted, given: Input) -> Awaitable[Answer]:
        key = permitted.exchange.headers.get(b"idempotency-key")
        # A dry run has no effect that could be had twice, and leaves the key to the run that has.
        return proceed(permitted, given) if key is None or given.dry_run else reserved(permitted, given, key)

    async def reserved(permitted: Permitted, given: Input, key: bytes) -> Answer:
        if not 1 <= len(key) <= 255 or not all(0x20 <= byte <= 0x7E for byte in key):
            raise BadRequest("idempotency_key_invalid", "An Idempotency-Key is 1 to 255 printable ASCII characters.")
        exchange, caller = permitted.exchange, permitted.caller
        # The record as it was understood, not as it was spelled: %5F and _ are one path.
        path = "/".join((operation.name, *map(str, given.ids)))
        principal = f"{caller.principal}~{caller.era}" if caller.era else caller.principal
        place = (caller.tenant_id, principal, operation.method, path, key.decode("ascii"))
        # To an action, no body and {} are one request: it has no fields.
        content = orjson.dumps([exchange.version, exchange.document or None], option=orjson.OPT_SORT_KEYS)
        fingerprint = hashlib.sha256(content).digest()
        # A corrected body under the key that was freed is another request to a service that remembers keys, too.
        own = hashlib.sha256("\n".join(place).encode() + fingerprint)
        exchange.idempotency_key = own.hexdigest().encode("ascii")
        try:
            found = await replays.reserve(*place, fingerprint, again=deduplicates)
        except StoreUnavailable as error:
            metrics.store_lost("redis")
            metrics.fail_mode("idempotency_refused")
            detail = "The Idempotency-Key cannot be honoured at the moment; nothing was done. Try again shortly."
            raise Unavailable("store_unavailable", detail, headers=((b"retry-after", b"1"),)) from error
        match found:
            case Reserved(handle):
                return await _once(permitted, given, handle)
            case Stored():
                return await _again(permitted, given, found)
        raise _refused(found)

    async def _once(permitted: Permitted, given: Input, handle: Reservation) -> Answer:
        try:
            answer = await proceed(permitted, given)
        except BaseException:  # raised again: a cancelled request leaves its key settled too
            # What a service refused was not carried out, and leaves the key to the corrected request.
            wrote = permitted.exchange.wrote
            await _settled(replays.ambiguous(handle) if wrote else replays.release(handle))
            raise
        headers = [(b"content-type", answer.content_type), *answer.headers]
        body = secrets.seal(permitted.caller.tenant_id, answer.body) if operation.secret else answer.body
        if await _settled(replays.finish(handle, answer.status, headers, body)) is Settled.WITHOUT_BODY:
            metrics.answer_not_kept()
        return answer

    async def _again(permitted: Permitted, given: Input, stored: Stored) -> Answer:
        metrics.replayed()
        kept = {name: value for name, value in stored.headers if name != b"content-type"}
        media = next(value for name, value in stored.headers if name == b"content-type")
        body = stored.body
        # Whoever sees less by now is not told what they saw then.
        if body is None or permitted.face is not operation.faces[permitted.exchange.version]:
            # What is shown once is in no record that could be read again.
            if reading is None or operation.secret:
                raise _not_kept(stored.status)
            body = await reading.body(permitted, given.ids, kept.get(b"location", b""), proceed)
        elif operation.secret:
            body = secrets.open(permitted.caller.tenant_id, body)
        return Answer(stored.status, body, (*kept.items(), REPLAYED), media)

    return replayed


async def _settled(settling: Awaitable[Settled]) -> Settled:
    """End a reservation. When the store is lost by now, that is tried again until the lease ends it as of unknown outcome, which is true."""
    try:
        return await settling
    except StoreUnavailable as error:
        metrics.store_lost("redis")
        metrics.fail_mode("idempotency_unsettled")
        logs.event("outcome for an idempotency key not kept yet", "warning", error=error)
    return Settled.NOT


def _not_kept(status: int) -> Conflicting:
    return Conflicting(
        "idempotency_answer_not_kept",
        f"The first request with this Idempotency-Key was carried out, and answered with {status}. Its answer was not "
        "kept; do not send the request again.",
        headers=(REPLAYED,),
    )


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
