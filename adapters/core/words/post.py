"""Actions that are a call of their own in the service, and no change of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.core.answer.from_service import Outward
from adapters.core.answer.refusals import Refusals
from adapters.core.answer.replies import written
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.record import Record
from adapters.core.declare.word import Word
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Fields, One
from adapters.core.request.acceptors import fields
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode


@dataclass(frozen=True, slots=True)
class Post(Word):
    """`POST /{resource}/{id}/{name}` with `body` is a POST of `path` behind the record, and answers the record as it is then.

    Where no field of the body is required, there may be no body at all. Doing it again does it again, so the
    Idempotency-Key travels along. rename: the body's names in the service; about: more for the documents, in sentences;
    outward: whether it sends something to people outside, such as a mail.
    """

    name: str
    path: str
    body: type[Record]
    summary: str
    # A resource is hashed with its words, and a mapping cannot be.
    rename: Mapping[str, str] = field(default_factory=dict, hash=False)
    about: str = ""
    outward: bool = False

    def operations(self, build: Builder) -> Iterator[Operation]:
        place, shape = build.place(self.name, f"/{{id}}{self.path}"), build.shape_of(self.body, self.rename)
        needed = any(field.required for field in shape.fields)
        inward = Inward(shape, partial=False)
        accept = fields(Document(shape, partial=False), inward, needed=needed)
        refusals = build.refusals(inward.pointers, step=self.name)
        sends = Fields(f"{build.resource.model.__name__}{shape.name}", shape, needed=needed)

        def face(date: str, answered: Shape) -> Face:
            plan = build.planned(date, lambda outward: _posting(place, outward, refusals))
            return Face(accept, plan, sends, One(answered))

        told = f"{self.summary}, and answers the {build.resource.singular} as it is then."
        yield build.operation(
            self.name,
            "POST",
            f"*/{self.name}",
            "write",
            face,
            summary=self.summary,
            description=f"{told} {self.about}".strip(),
            body=Body.JSON if needed else Body.OPTIONAL,
            replayable=True,
            outward=self.outward,
        )


def _posting(place: Place, outward: Outward, refusals: Refusals) -> Planner:
    """One write."""

    def plan(request: Input) -> Plan:
        path = place.of(*request.ids)
        reply = yield Call(place.service, b"POST", path, encode(request.body), writes=True, creates=True)
        return Answer(200, outward.one(outward.read(written(reply, refusals, record=True))))

    return plan
