"""The values that pass between a plan and the edge: calls out, replies back, one answer at the end.

A plan is a pure generator: it yields `Call`s, is sent `Reply`s, and returns an `Answer`. The edge drives it; so a
resource that needs two internal calls is written as two lines, and tested without a network.

Most are msgspec structs, though no JSON is made of them: they are made for every request, and that costs a third of a dataclass.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec


@dataclass(frozen=True, slots=True)
class File:
    """A file that was received, checked, and translated for the service.

    content: its bytes, once; length: how many; digest: their SHA-256, in hex, which is the same
    for every spelling of the same records.
    """

    content: Callable[[], AsyncIterator[bytes]]
    length: int
    digest: str


class Call(msgspec.Struct, frozen=True, gc=False):
    """One internal request. `path` is percent-encoded and carries its query; `body` is JSON, a file, or empty.

    `writes` tells the edge that a failure after sending is ambiguous; `creates` that the Idempotency-Key travels along.
    """

    service: str
    method: bytes
    path: bytes
    body: bytes | File = b""
    writes: bool = False
    creates: bool = False


class Reply:
    """The service's answer to a call: HTTP status and body bytes.

    Of a 429 also: seconds until it may be asked again, and how many requests its limit allows, if it said so.
    """

    __slots__ = ("body", "limit", "retry_after", "status")

    def __init__(self, status: int, body: bytes, retry_after: float = 1.0, limit: int | None = None) -> None:
        self.status = status
        self.body = body
        self.retry_after = retry_after
        self.limit = limit


class Answer:
    """The public answer: status, body bytes (empty for 204), extra headers, and the body's media type.

    degraded: which fields (`contacts.owner_id`) it holds null for, because the service had there what was not declared.
    """

    __slots__ = ("body", "content_type", "degraded", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        content_type: bytes = b"application/json",
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.content_type = content_type
        self.degraded: tuple[str, ...] = ()


_SLOT = re.compile(r"\{[a-z_]+\}")

Row = dict[str, Any]
Plan = Generator[Call, Reply, Answer]
Id = Any
"""An internal id as its service writes it in JSON: a string or an integer."""
Look = Callable[[Id], Generator[Call, Reply, bytes]]
"""Internal id → the record as its service wrote it; raises RecordNotFound."""
Seal = Callable[[list[Any]], str]
Revision = Callable[[Row, Row], None]
"""Completes a PATCH body (2nd) from the record as it is now (1st), both in internal names; may raise Invalid."""


class Place:
    """An internal path, with an `{…}` for each id that it names, as bytes ready to send."""

    __slots__ = ("_behind", "_only", "before", "service")

    def __init__(self, service: str, template: str) -> None:
        before, *behind = _SLOT.split(template)
        self.service, self.before = service, before.encode("ascii")
        self._behind = tuple(each.encode("ascii") for each in behind)
        self._only = self._behind[0] if len(behind) == 1 else None

    def __bool__(self) -> bool:
        """Whether it names any id."""
        return bool(self._behind)

    def of(self, *ids: Id) -> bytes:
        """The path with these ids, as many as it names; they have passed their alphabets, so they need no quoting."""
        first = ids[0] if ids else None
        if first.__class__ is str and self._only is not None:
            return self.before + first.encode("ascii") + self._only  # most paths name one
        if first.__class__ is tuple:
            ids = (*first, *ids[1:])
        path = self.before
        for internal_id, behind in zip(ids, self._behind, strict=False):
            path += str(internal_id).encode("ascii") + behind
        return path


class Translation(Protocol):
    """A file on its way through, in pieces of any size. Either method may raise a Fault, and the file is then worth nothing."""

    def feed(self, data: bytes) -> bytes:
        """The translation of what `data` completes."""

    def close(self) -> bytes:
        """The translation of the rest: the file is over."""


class Window(msgspec.Struct):
    """Which part of a collection is asked for. `position` is what an opened cursor carried, None on the first page."""

    limit: int = 25
    where: dict[str, Any] | None = None
    text: str | None = None
    order_by: str = "created_at"
    descending: bool = True
    position: list[Any] | None = None
    seal: Seal | None = None


class Input(msgspec.Struct):
    """A request in today's shape and internal names, checked whole.

    `ids` are the path's parameters, decoded (an internal id, or a word), in order of appearance. `body` is ready for the service; of
    an import it is `file`, of `rows` records. dry_run: everything is checked and nothing is done. ignore_read_only: a file may
    have columns that the system sets. units: as how many requests it counts. fields: the members
    of records that the answer is to have, as the contract calls them; None for all.
    """

    ids: tuple[Id, ...] = ()
    body: Row = msgspec.field(default_factory=dict)
    window: Window | None = None
    revisions: tuple[Revision, ...] = ()
    file: File | None = None
    rows: int = 0
    dry_run: bool = False
    ignore_read_only: bool = False
    units: int = 1
    fields: frozenset[str] | None = None


Planner = Callable[[Input], Plan]
Pointers = dict[str, str]
"""A service's names of places → the public JSON pointers."""
