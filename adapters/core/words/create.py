"""Making a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.core.answer.from_service import Outward
from adapters.core.answer.refusals import REFUSED, Refusals
from adapters.core.answer.replies import written
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.ids import IdType
from adapters.core.declare.resource import Resource
from adapters.core.declare.word import Word
from adapters.core.faults import FieldError, Invalid, RecordNotFound, ServiceInvalid
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Fields, One
from adapters.core.request.acceptors import beneath, fields
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode


@dataclass(frozen=True)
class Create(Word):
    """`POST /{resource}` with the writable fields; 201 with the whole record."""

    def operations(self, build: Builder) -> Iterator[Operation]:
        place, resource = build.place("create", ""), build.resource
        # A deployment without a `get` has nothing at that address.
        path = f"/v1/{resource.path}" if build.readable else None
        where = " `Location` is its address." if path else ""

        def face(date: str, shape: Shape) -> Face:
            inward = Inward(shape, partial=False, rules=resource.rules)
            refusals = build.refusals(inward.pointers)
            accept = fields(Document(shape, partial=False), inward)
            plan = build.planned(date, lambda outward: creating(place, outward, refusals, path, resource.id))
            if resource.within is not None:
                above = build.newest.today()[resource.within].held
                accept = beneath(accept, above)
                plan = _referring(plan, inward.pointers[above])
            return Face(
                accept, plan, Fields(f"{shape.name}Create", shape, plainly=_plainly(shape, resource)), One(shape)
            )

        yield build.operation(
            "create",
            "POST",
            "",
            "write",
            face,
            summary=f"Create {resource.one}",
            description=f"Creates {resource.one} and answers it whole.{where}",
            body=Body.JSON,
            success=201,
            replayable=True,
            located=path is not None,
        )


def _referring(plan: Planner, pointer: str) -> Planner:
    """The same where the body names the record in whose path it is made: that this one is not there is a fault of the body."""

    def planned(request: Input) -> Plan:
        try:
            return (yield from plan(request))
        except RecordNotFound:
            message = "There is no such record, or it is not visible to you."
            raise Invalid([FieldError(pointer, REFUSED, message)]) from None

    return planned


def _plainly(shape: Shape, resource: Resource) -> frozenset[str]:
    """The first of several fields of which one is needed, where all of them refer to other records."""
    kinds = {field.today: field.kind for field in shape.fields}
    one_of = [rule for rule in resource.rules if rule.code == "one_of_required"]
    names = {field.today: field.name for field in shape.fields}
    return frozenset(
        names[rule.at] for rule in one_of if all((kind := kinds[need]) and kind.points_to for need in rule.needs)
    )


def creating(place: Place, outward: Outward, refusals: Refusals, path: str | None, kind: IdType) -> Planner:
    """One write; answers 201 with the record. `path`: what a slash and the public id make its `Location` of; None for none."""

    def plan(request: Input) -> Plan:
        reply = yield Call(
            place.service, b"POST", place.of(*request.ids), encode(request.body), writes=True, creates=True
        )
        row = outward.read(written(reply, refusals, record=bool(request.ids)))
        if path is None:
            return Answer(201, outward.one(row))
        public = kind.of_row(row)
        if kind.decode(public) is None:
            raise ServiceInvalid("the new record's id has not the declared alphabet")
        return Answer(201, outward.one(row), ((b"location", f"{path}/{public}".encode("ascii")),))

    return plan
