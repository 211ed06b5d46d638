"""Changing a record: JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.core.answer.from_service import STRANGE, Outward
from adapters.core.answer.refusals import Refusals
from adapters.core.answer.replies import written
from adapters.core.calls import Answer, Call, Input, Look, Place, Plan, Planner, Revision, Row
from adapters.core.compile.builder import Builder
from adapters.core.declare.word import Word
from adapters.core.faults import ServiceInvalid
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Fields, One
from adapters.core.request.acceptors import fields
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode


@dataclass(frozen=True)
class Update(Word):
    """`PATCH /{resource}/{id}` with some of the writable fields."""

    def operations(self, build: Builder) -> Iterator[Operation]:
        place, look = build.place("update", "/{id}"), build.look()

        def face(date: str, shape: Shape) -> Face:
            sent = build.changed(shape)
            inward = Inward(sent, partial=True, rules=build.resource.rules)
            refusals = build.refusals(inward.pointers)
            ruled = any("id" in rule.needs for rule in build.resource.rules)
            accept = fields(Document(sent, partial=True), inward, own=build.resource.id if ruled else None)
            plan = build.planned(date, lambda outward: patching(place, look, outward, refusals))
            return Face(accept, plan, Fields(f"{shape.name}Update", sent, partial=True), One(shape))

        yield build.operation(
            "update",
            "PATCH",
            "*",
            "write",
            face,
            summary=f"Update {build.resource.one}",
            description="JSON Merge Patch (RFC 7396): a field that is absent stays as it is, `null` clears it, "
            "a list is replaced whole. `{}` changes nothing.",
            body=Body.MERGE,
        )


def patching(place: Place, look: Look, outward: Outward, refusals: Refusals) -> Planner:
    """A PATCH; a look first when the body must be completed from the record as it is, and only a look for `{}`."""

    def plan(request: Input) -> Plan:
        path, body = place.of(request.ids[0]), request.body
        if request.revisions or not body:
            found = yield from look(request.ids[0])
            if not body:
                return Answer(200, outward.one(outward.read(found)))
            _complete(body, request.revisions, found)
        reply = yield Call(place.service, b"PATCH", path, encode(body), writes=True)
        return Answer(200, outward.one(outward.read(written(reply, refusals, record=True))))

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
