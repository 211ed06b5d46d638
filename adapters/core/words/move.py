"""State changes that take fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.core.calls import Input
from adapters.core.compile.builder import Builder
from adapters.core.declare.record import Record
from adapters.core.declare.resource import Resource
from adapters.core.declare.word import Word
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Fields, One
from adapters.core.request.acceptors import fields
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward, held
from adapters.core.shapes import Shape
from adapters.core.words.update import patching


@dataclass(frozen=True, slots=True)
class Move(Word):
    """A state change with fields: `POST /{resource}/{id}/{name}` with `body` is a PATCH of the record.

    sets: what the PATCH says beside the body; also: scopes that it needs beside the resource's own; rename: the body's names in
    the service; final: nothing that the API has undoes it. Where no field of the body is required, there may be no body at all.
    """

    name: str
    body: type[Record]
    summary: str
    # A resource is hashed with its words, and a mapping cannot be.
    sets: Mapping[str, object] = field(default_factory=dict, hash=False)
    also: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict, hash=False)
    final: bool = False

    def needs(self, resource: Resource) -> tuple[str, ...]:
        return (f"{resource.scope}.{self.verb}", *self.also)

    def operations(self, build: Builder) -> Iterator[Operation]:
        place, look = build.place(self.name, "/{id}"), build.look()
        shape = build.shape_of(self.body, self.rename)
        inward = Inward(shape, partial=False)
        needed = any(each.required for each in shape.fields)
        read, today = fields(Document(shape, partial=False), inward, needed=needed), build.newest.today()
        sets = {today[name].held: held(today[name], value) for name, value in self.sets.items()}
        refusals = build.refusals(inward.pointers, step=self.name)
        sends = Fields(f"{build.resource.model.__name__}{shape.name}", shape, needed=needed)

        def accept(request: Request) -> Input:
            taken = read(request)
            taken.body.update(sets)
            return taken

        def face(date: str, answered: Shape) -> Face:
            plan = build.planned(date, lambda outward: patching(place, look, outward, refusals))
            return Face(accept, plan, sends, One(answered))

        yield build.operation(
            self.name,
            "POST",
            f"*/{self.name}",
            "write",
            face,
            summary=self.summary,
            description=f"{self.summary}, and answers the {build.resource.singular} as it is then.",
            body=Body.JSON if needed else Body.OPTIONAL,
            replayable=True,
            scopes=self.needs(build.resource),
            final=self.final,
        )
