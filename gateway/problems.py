"""Every way a request can fail, and the only renderer of RFC 9457 problem documents.

    Problem
    ├── BadRequest            400  bad-request
    ├── Unauthorized          401  unauthorized
    ├── Forbidden             403  forbidden
    ├── NotFound              404  not-found
    ├── MethodNotAllowed      405  method-not-allowed
    ├── NotAcceptable         406  not-acceptable
    ├── RequestTimeout        408  request-timeout
    ├── Conflicting           409  conflict
    ├── Gone                  410  gone
    ├── PreconditionFailed    412  precondition-failed
    ├── PayloadTooLarge       413  payload-too-large
    ├── UnsupportedMediaType  415  unsupported-media-type
    ├── Unprocessable         422  validation
    ├── RateLimited           429  rate-limited
    ├── ServerError           500  server-error
    ├── NotSupported          501  not-supported
    ├── BadGateway            502  bad-gateway
    ├── Unavailable           503  unavailable
    └── GatewayTimeout        504  timeout

Stages raise; `explain` renders. `detail` is for the client, and never quotes an internal body, host, stack or SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, ClassVar

import orjson

from adapters.core import faults
from adapters.core.calls import Answer
from gateway.stores.errors import NoSuchRow, StoreUnavailable
from gateway.upstream import errors as upstream

CONTENT_TYPE = b"application/problem+json"

_UNUSABLE = "The service behind this operation gave no usable answer."
_TOO_LARGE = "The service behind this operation gave too large an answer. A list may fit with a lower `limit`."

Headers = tuple[tuple[bytes, bytes], ...]


class Problem(Exception):
    """A failure with everything its document needs. `members` are extension members, `headers` extra response headers."""

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.members = members or {}
        self.headers = headers


class BadRequest(Problem):
    status, slug, title = 400, "bad-request", "Bad request"


class Unauthorized(Problem):
    status, slug, title = 401, "unauthorized", "Unauthorized"


class Forbidden(Problem):
    status, slug, title = 403, "forbidden", "Forbidden"


class NotFound(Problem):
    status, slug, title = 404, "not-found", "Not found"


class MethodNotAllowed(Problem):
    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class NotAcceptable(Problem):
    status, slug, title = 406, "not-acceptable", "Not acceptable"


class RequestTimeout(Problem):
    status, slug, title = 408, "request-timeout", "Request timeout"


class Conflicting(Problem):
    status, slug, title = 409, "conflict", "Conflict"


class Gone(Problem):
    status, slug, title = 410, "gone", "Gone"


class PreconditionFailed(Problem):
    status, slug, title = 412, "precondition-failed", "Precondition failed"


class PayloadTooLarge(Problem):
    status, slug, title = 413, "payload-too-large", "Payload too large"


class UnsupportedMediaType(Problem):
    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class Unprocessable(Problem):
    status, slug, title = 422, "validation", "Validation failed"


class RateLimited(Problem):
    status, slug, title = 429, "rate-limited", "Rate limited"


class ServerError(Problem):
    status, slug, title = 500, "server-error", "Server error"


class NotSupported(Problem):
    status, slug, title = 501, "not-supported", "Not supported"


class BadGateway(Problem):
    status, slug, title = 502, "bad-gateway", "Bad gateway"


class Unavailable(Problem):
    status, slug, title = 503, "unavailable", "Unavailable"


class GatewayTimeout(Problem):
    status, slug, title = 504, "timeout", "Timeout"


ALL: tuple[type[Problem], ...] = tuple(Problem.__subclasses__())


def render(problem: Problem, *, base: str, instance: str, trace_id: str) -> Answer:
    """The problem as `application/problem+json`. `base` is the brand's problem base, `instance` the request's path."""
    document = {
        "type": f"{base}/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "trace_id": trace_id,
        "code": problem.code,
        **problem.members,
    }
    return Answer(problem.status, orjson.dumps(document), problem.headers, CONTENT_TYPE)


def of(error: BaseException) -> Problem | None:
    """The problem that an adapter's fault or a failed internal call is to the client; None for anything unforeseen."""
    match error:
        case Problem():
            return error
        case faults.Malformed():
            return BadRequest(error.code, str(error))
        case faults.BadParameter():
            return BadRequest(error.code, str(error))
        case faults.StaleCursor():
            return BadRequest(
                "cursor_invalid",
                "The cursor is too old, or not one of this search: it belongs to one tenant, one contract and one set "
                "of filters, order and limit. Start again without it.",
            )
        case faults.Invalid():
            return Unprocessable(
                "validation_failed", "The request was understood but is not valid.", members={"errors": _entries(error)}
            )
        case faults.RecordNotFound() | NoSuchRow():
            return NotFound("record_not_found", "There is no such record, or it is not visible to you.")
        case faults.Conflict() | faults.RoleForbids():
            return _refused(error)
        case faults.ServiceThrottled():
            detail = "The workspace's budget at the service behind this operation is used up."
            return throttled(error.retry_after, ["service"], detail, error.limit)
        case faults.ServiceFailed() | faults.ServiceInvalid() | upstream.UpstreamError():
            return _of_service(error)
        case StoreUnavailable():
            headers = ((b"retry-after", b"1"),)
            return Unavailable("store_unavailable", "A store is not available. Try again shortly.", headers=headers)
    return None


def _of_service(error: faults.ServiceFailed | faults.ServiceInvalid | upstream.UpstreamError) -> Problem | None:
    """What came of an internal call that has no usable answer."""
    match error:
        case faults.ServiceFailed():
            return BadGateway("upstream_failed", "The service behind this operation failed.")
        case faults.ServiceInvalid() | upstream.Broken() | upstream.Invalid() | upstream.TooLarge():
            return BadGateway("upstream_invalid", _TOO_LARGE if isinstance(error, upstream.TooLarge) else _UNUSABLE)
        case upstream.Timeout():
            return GatewayTimeout("upstream_timeout", "The service behind this operation did not answer in time.")
        case upstream.Saturated() | upstream.Shed():
            headers = ((b"retry-after", b"1"),)
            return Unavailable("overloaded", "Too many requests are under way. Try again shortly.", headers=headers)
        case upstream.Suspended():
            headers = ((b"retry-after", b"%d" % ceil(error.retry_after)),)
            detail = (
                "The service behind this operation is failing, so it is not asked at the moment. Try again shortly."
            )
            return Unavailable("upstream_suspended", detail, headers=headers)
        case upstream.Unreachable():
            return BadGateway("upstream_unreachable", "The service behind this operation cannot be reached.")
    return None


def _refused(error: faults.Conflict | faults.RoleForbids) -> Problem:
    """What a service does not let be done to a record, now or by this user."""
    if isinstance(error, faults.RoleForbids):
        detail = "The service behind this operation does not let you do this to this record."
        return Forbidden("role_forbids", detail, members={"denied_by": "role"})
    if error.code == "period_taken":
        return Conflicting("period_taken", "There is such a record for this period already.")
    if error.current is None:
        return Conflicting("conflict", "The record's present state does not allow this.")
    members = {"current_status": error.current, "allowed": list(error.allowed)}
    return Conflicting("state_conflict", "The record's present status does not allow this.", members=members)


def throttled(retry_after: float, policies: Sequence[str], detail: str, limit: int | None = None) -> RateLimited:
    """A 429: come back in `retry_after` seconds (rounded up, at least 1). `policies` say no, of which `limit` is the first's."""
    seconds = max(1, ceil(retry_after))
    members = {"retry_after": seconds, "violated_policies": list(policies)}
    return RateLimited(
        "rate_limited",
        f"{detail} Try again in {seconds} s.",
        members=members if limit is None else {"limit": limit, **members},
        headers=((b"retry-after", b"%d" % seconds),),
    )


def unforeseen() -> ServerError:
    """The 500 for a fault of ours, of which logs tell more."""
    return ServerError("internal_error", "The request could not be completed.")


def stopping() -> Unavailable:
    """A 503 for those who are still unanswered when the server stops: on another connection they find one that does not."""
    headers = ((b"retry-after", b"1"), (b"connection", b"close"))
    return Unavailable("shutting_down", "The server is stopping. Try again shortly.", headers=headers)


def _entries(error: faults.Invalid) -> list[dict[str, Any]]:
    return [
        {"pointer": each.pointer, "code": each.code, "message": each.message}
        | ({"allowed": list(each.allowed)} if each.allowed else {})
        | ({} if each.row is None else {"row": each.row, "column": each.column})
        for each in error.errors
    ]
