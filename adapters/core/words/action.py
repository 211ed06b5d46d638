"""State changes that take no fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.core.calls import Input
from adapters.core.compile.builder import Builder
from adapters.core.declare.record import members
from adapters.core.declare.resource import Resource
from adapters.core.declare.word import Word
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Nothing, One
from adapters.core.request.acceptors import nothing
from adapters.core.request.to_service import held
from adapters.core.shapes import Shape
from adapters.core.words.update import patching


@dataclass(frozen=True, slots=True)
class Action(Word):
    """A state change without fields of its own: `POST /{resource}/{id}/{name}` sends `sets` as a PATCH.

    also: scopes that it needs beside the resource's own; final: nothing that the API has undoes it.
    """

    name: str
    sets: Mapping[str, object]
    summary: str
    also: tuple[str, ...] = ()
    final: bool = False

    def check(self, resource: Resource) -> None:
        if unknown := sorted({*self.sets} - {*members(resource.model)}):
            raise TypeError(f"{resource.path}: {self.name} sets unknown fields {unknown}")

    def needs(self, resource: Resource) -> tuple[str, ...]:
        return (f"{resource.scope}.{self.verb}", *self.also)

    def operations(self, build: Builder) -> Iterator[Operation]:
        place, look, today = build.place(self.name, "/{id}"), build.look(), build.newest.today()
        refusals = build.refusals({}, step=self.name)
        sets = {today[name].held: held(today[name], value) for name, value in self.sets.items()}

        def accept(request: Request) -> Input:
            nothing(request)
            return Input(ids=request.ids, body=dict(sets))

        def face(date: str, shape: Shape) -> Face:
            plan = build.planned(date, lambda outward: patching(place, look, outward, refusals))
            return Face(accept, plan, Nothing(), One(shape))

        yield build.operation(
            self.name,
            "POST",
            f"*/{self.name}",
            "write",
            face,
            summary=self.summary,
            description=f"{self.summary}. Doing it twice is no error. The body stays empty.",
            body=Body.EMPTY,
            replayable=True,
            scopes=self.needs(build.resource),
            final=self.final,
        )
