"""The plans of the standard operations: which calls each makes, in which order, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from adapters.core.answer.from_service import STRANGE, Cursor, Many, Meta, Outward, decoder
from adapters.core.answer.replies import body_of, written
from adapters.core.calls import Answer, Call, Input, Look, Plan, Revision, Row
from adapters.core.declare.ids import IdType
from adapters.core.faults import ServiceInvalid
from adapters.core.paging.anchors import Anchor, Anchors
from adapters.core.request.search_request import Sort, structured
from adapters.core.request.to_service import encode

Planner = Callable[[Input], Plan]
Pointers = dict[str, str]


class Place:
    """An internal path with at most one `{id}`, as bytes ready to send."""

    __slots__ = ("after", "before", "service")

    def __init__(self, service: str, template: str) -> None:
        before, _, after = template.partition("{id}")
        self.service, self.before, self.after = service, before.encode("ascii"), after.encode("ascii")

    def of(self, internal_id: str) -> bytes:
        """The path of one record; the id has passed its alphabet, so it needs no quoting."""
        return self.before + internal_id.encode("ascii") + self.after


def get(look: Look, outward: Outward) -> Planner:
    """One look, one record."""

    def plan(request: Input) -> Plan:
        found = yield from look(request.ids[0])
        return Answer(200, outward.one(outward.read(found)))

    return plan


def create(place: Place, outward: Outward, pointers: Pointers, path: str, kind: IdType) -> Planner:
    """One write; answers 201 with the record and its `Location`, which is `path`, a slash and the public id."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"POST", place.before, encode(request.body), writes=True, creates=True)
        row = outward.read(written(reply, pointers, record=False))
        public = kind.encode(row.id)
        if kind.decode(public) is None:
            raise ServiceInvalid("the new record's id has not the declared alphabet")
        return Answer(201, outward.one(row), ((b"location", f"{path}/{public}".encode("ascii")),))

    return plan


def update(place: Place, look: Look, outward: Outward, pointers: Pointers) -> Planner:
    """A PATCH; a look first when the body must be completed from the record as it is, and only a look for `{}`."""

    def plan(request: Input) -> Plan:
        path, body = place.of(request.ids[0]), request.body
        if request.revisions or not body:
            found = yield from look(request.ids[0])
            if not body:
                return Answer(200, outward.one(outward.read(found)))
            _complete(body, request.revisions, found)
        reply = yield Call(place.service, b"PATCH", path, encode(body), writes=True)
        return Answer(200, outward.one(outward.read(written(reply, pointers, record=True))))

    return plan


def delete(place: Place) -> Planner:
    """One call, no content."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"DELETE", place.of(request.ids[0]), writes=True)
        body_of(reply, record=True)
        return Answer(204)

    return plan


def search(place: Place, outward: Outward, sorts: Mapping[str, Sort]) -> Planner:
    """A page of a structured search. `sorts`: by today's names of the fields; the position is `[sort value, id, total]`."""
    row: Any = outward.row
    envelope = msgspec.defstruct("Found", [("data", list[row]), ("total", int | None, None)])
    read, anchors = decoder(envelope), Anchors(outward.row)

    def plan(request: Input) -> Plan:
        window = request.window
        assert window is not None
        assert window.seal is not None
        anchor = None
        if window.position is not None:
            anchor = Anchor(anchors.value(window.position[0], window.order_by), window.position[1])
        body = structured(window, sorts[window.order_by], anchor)
        reply = yield Call(place.service, b"POST", place.before, body)
        found = read(body_of(reply))
        rows, total = found.data, found.total
        if window.position is not None:
            total = window.position[2]
        following = None
        if len(rows) > window.limit:
            rows = rows[: window.limit]
            following = window.seal([*anchors.write(rows[-1], window.order_by), total])
        return Answer(200, outward.many(rows, following, total))

    return plan


def beneath(look: Look, searching: Planner) -> Planner:
    """A list that belongs to a record: it is looked for first, so that a list of nobody's is no empty list."""

    def plan(request: Input) -> Plan:
        yield from look(request.ids[0])
        return (yield from searching(request))

    return plan


class _Labels(msgspec.Struct):
    data: list[str]


_read_labels = decoder(_Labels)


def _labels(words: list[str]) -> bytes:
    return encode(Many(list(words), Meta(Cursor(None, has_more=False), len(words))))


def labels_of(look: Look, outward: Outward, name: str) -> Planner:
    """The words under a record, read off the record itself."""

    def plan(request: Input) -> Plan:
        row = outward.read((yield from look(request.ids[0])))
        return Answer(200, _labels(getattr(row, name) or []))

    return plan


def add_labels(place: Place, pointers: Pointers) -> Planner:
    """Adds words; answers all that the record now has."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"POST", place.of(request.ids[0]), encode(request.body), writes=True)
        return Answer(200, _labels(_read_labels(written(reply, pointers, record=True)).data))

    return plan


def remove_label(place: Place, singular: str) -> Planner:
    """Removes one word; one that is not there is no error, so that a retry is safe."""

    def plan(request: Input) -> Plan:
        internal_id, word = request.ids
        path = place.of(internal_id) + f"?{singular}={quote(word, safe='')}".encode("ascii")
        reply = yield Call(place.service, b"DELETE", path, writes=True)
        body_of(reply, record=True)
        return Answer(204)

    return plan


def _complete(body: Row, revisions: tuple[Revision, ...], found: bytes) -> None:
    """Complete a PATCH from the record as it is; ServiceInvalid when that is not the record that was declared."""
    try:
        now = _row(found)
        for revise in revisions:
            revise(now, body)
    except STRANGE as error:
        raise ServiceInvalid(type(error).__name__) from None


_read_any = msgspec.json.Decoder(dict[str, Any], float_hook=str)


def _row(body: bytes) -> Row:
    """A record as the service holds it, untyped; only ever used to complete a PATCH."""
    found = _read_any.decode(body)
    inner = found.get("data")
    return inner if isinstance(inner, dict) else found
