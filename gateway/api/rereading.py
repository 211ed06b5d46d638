"""The record behind an answer that was not kept: read again for a replay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapters.core.calls import Id, Input
from adapters.core.faults import RecordNotFound
from adapters.core.operation import Operation
from gateway.api.exchange import Accepted, Permitted
from gateway.problems import NotFound

REPLAYED: Final = (b"idempotent-replayed", b"true")

Ids = tuple[Id, ...]


class Reading:
    """How the record that an operation made or changed is read again, when its answer was not kept.

    By another operation of the resource with the very same answer: the one at its own path, or the one that gets a record.
    """

    def __init__(self, operation: Operation) -> None:
        self._params = operation.params
        self._faces = operation.faces

    @classmethod
    def of(cls, operation: Operation, operations: Iterable[Operation]) -> Reading | None:
        """None when nothing reads what the operation answers."""
        for tail in (operation.tail, "*"):
            for other in operations:
                where = other.first, other.tail, other.method, other.enabled
                if where == (operation.first, tail, "GET", True) and _alike(operation, other):
                    return cls(other)
        return None

    async def body(self, permitted: Permitted, ids: Ids, location: bytes, proceed: Accepted) -> bytes:
        """The record as it is now; NotFound when it is no more.

        `ids`: those in the path of the first request; `location`: where a create said that its record is.
        """
        face = self._faces[permitted.exchange.version]
        assert face is not None
        seen = face.seen(permitted.permit.scopes)
        reading = Permitted(permitted.exchange, permitted.caller, permitted.permit, seen)
        try:
            answer = await proceed(reading, Input(ids=ids[: len(self._params)] or self._located(location)))
        except RecordNotFound:
            detail = (
                "The first request with this Idempotency-Key was carried out, and its record has been deleted since, "
                "or is not visible to you any more."
            )
            raise NotFound("record_not_found", detail, headers=(REPLAYED,)) from None
        return answer.body

    def _located(self, location: bytes) -> Ids:
        (kind,) = self._params
        assert kind is not None
        found = kind.decode(location.decode("ascii").rpartition("/")[2])
        assert found is not None
        return (found,)


def _alike(one: Operation, other: Operation) -> bool:
    """Whether they answer the same in every contract that has the first."""
    return all(
        face is None or (twin is not None and face.gives == twin.gives)
        for face, twin in ((face, other.faces.get(date)) for date, face in one.faces.items())
    )
