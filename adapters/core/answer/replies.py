"""What a service's status means for the caller. Bodies of failures are read for field names only, never passed on."""

from __future__ import annotations

from adapters.core.answer.refusals import Refusals, refused
from adapters.core.calls import Reply
from adapters.core.faults import RecordNotFound, ServiceFailed, ServiceThrottled


def body_of(reply: Reply, *, record: bool = False) -> bytes:
    """The body of a successful reply. `record` says that the call named one record, so that 404 means it is not there."""
    if 200 <= reply.status < 300:
        return reply.body
    if record and reply.status == 404:
        raise RecordNotFound
    if reply.status == 429:
        raise ServiceThrottled(reply.retry_after, reply.limit)
    raise ServiceFailed(reply.status)


def written(reply: Reply, refusals: Refusals, *, record: bool) -> bytes:
    """The body of a successful write; what it refuses becomes a fault with public names."""
    if reply.status in (400, 422):
        raise refused(reply.body, refusals)
    if reply.status == 409:
        raise refusals.conflict()
    return body_of(reply, record=record)
