"""Sets of words under a record, such as tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from pydantic import create_model

from adapters.core.answer.from_service import Cursor, Many, Meta, Outward, decoder
from adapters.core.answer.refusals import Refusals
from adapters.core.answer.replies import body_of, written
from adapters.core.calls import Answer, Call, Input, Look, Place, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.kinds import Text, TextList
from adapters.core.declare.record import Record, members, required
from adapters.core.declare.resource import Resource
from adapters.core.declare.word import Word
from adapters.core.faults import Invalid, RecordNotFound
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Describing, Fields, Given, Media, page_of
from adapters.core.request.acceptors import fields, path_only
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape, shape_of
from adapters.core.strict_json import encode


@dataclass(frozen=True)
class LabelPage(Given):
    """An answer with a list of words. `name` is what a client's type for it is called."""

    name: str
    element: Text

    def content(self, about: Describing) -> Media:
        return {
            "schema": about.page(self.name, self.element.loose(), whole=True),
            "example": page_of(self.element.example),
        }


@dataclass(frozen=True, slots=True)
class Labels(Word):
    """A set of words under a record: `GET` and `POST /{resource}/{id}/{name}`, `DELETE …/{name}/{word}`."""

    name: str
    singular: str

    def check(self, resource: Resource) -> None:
        told = members(resource.model).get(self.name)
        if told is None or not isinstance(told.kind, TextList):
            raise TypeError(f"{resource.path}.{self.name} is not a list of words")

    def operations(self, build: Builder) -> Iterator[Operation]:
        name, singular, noun = self.name, self.singular, build.resource.singular
        one, title = build.resource.one, f"{build.resource.model.__name__}{name.capitalize()}"
        kind: Any = build.newest.today()[name].kind
        shape = _sole(name, Annotated[list[str], TextList(kind.element, kind.most, 1)], [kind.element.example])
        document, inward = Document(shape, partial=False), Inward(shape, partial=False)
        word = Document(_sole(singular, Annotated[str, kind.sought], kind.sought.example), partial=False)
        sends, gives = Fields(f"{title}Add", shape), LabelPage(f"{title}List", kind.sought)
        adding = build.place(f"add_{name}", f"/{{id}}/{name}")
        removing = build.place(f"remove_{singular}", f"/{{id}}/{name}")

        def accept_word(request: Request) -> Input:
            try:
                word.read({singular: request.ids[1]})
            except Invalid:
                raise RecordNotFound from None
            return Input(ids=request.ids)

        def listed(date: str, _: Shape) -> Face:
            plan = build.planned(date, lambda outward: _labels_of(build.look(), outward, name))
            return Face(path_only, plan, gives=gives)

        yield build.operation(
            f"list_{name}",
            "GET",
            f"*/{name}",
            "read",
            listed,
            summary=f"List the {name} of {one}",
            description=f"All {name} of one {noun}, in one page.",
        )
        yield build.operation(
            f"add_{name}",
            "POST",
            f"*/{name}",
            "write",
            lambda *_: Face(fields(document, inward), _add_labels(adding, Refusals(inward.pointers)), sends, gives),
            summary=f"Add {name} to {one}",
            description=f"Adds {name}, and answers all that the {noun} then has. One that is there already is no error. "
            f"The limit of {kind.most} is that of one request, here as in a PATCH, and not of what the {noun} has in all.",
            body=Body.JSON,
            replayable=True,
        )
        yield build.operation(
            f"remove_{singular}",
            "DELETE",
            f"*/{name}/*",
            "write",
            lambda *_: Face(accept_word, _remove_label(removing, singular)),
            summary=f"Remove a {singular} from {one}",
            description=f"Removes one {singular}. One that is not there is no error.",
            params=(build.resource.id, None),
            param_names=("id", singular),
            words=(kind.sought,),
            success=204,
        )


def _sole(name: str, hint: Any, example: object) -> Shape:
    """The shape of a body with one required field."""
    made: Any = create_model
    model = made(name.capitalize(), __base__=Record, **{name: (hint, required(f"The {name} to add.", example))})
    return shape_of(model, {name: name})


class _Labels(msgspec.Struct):
    data: list[str]


_read_labels = decoder(_Labels)


def _page(words: list[str]) -> bytes:
    return encode(Many(list(words), Meta(Cursor(None, has_more=False), len(words))))


def _labels_of(look: Look, outward: Outward, name: str) -> Planner:
    """The words under a record, read off the record itself."""

    def plan(request: Input) -> Plan:
        row = outward.read((yield from look(request.ids[0])))
        return Answer(200, _page(getattr(row, name) or []))

    return plan


def _add_labels(place: Place, refusals: Refusals) -> Planner:
    """Adds words; answers all that the record now has."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"POST", place.of(request.ids[0]), encode(request.body), writes=True)
        return Answer(200, _page(_read_labels(written(reply, refusals, record=True)).data))

    return plan


def _remove_label(place: Place, singular: str) -> Planner:
    """Removes one word; one that is not there is no error, so that a retry is safe."""

    def plan(request: Input) -> Plan:
        internal_id, word = request.ids
        path = place.of(internal_id) + f"?{singular}={quote(word, safe='')}".encode("ascii")
        reply = yield Call(place.service, b"DELETE", path, writes=True)
        body_of(reply, record=True)
        return Answer(204)

    return plan
