"""What resources declare beside the standard operations: state changes and labels, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import create_model

from adapters.core.calls import Input
from adapters.core.compile import csv_operations, plans
from adapters.core.compile.acceptors import fields, nothing, path_only
from adapters.core.declare.kinds import TextList
from adapters.core.declare.resource import Action, Export, Import, Labels, Move, Record, required
from adapters.core.faults import Invalid, RecordNotFound
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Fields, One, Words
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward, held
from adapters.core.shapes import Shape, shape_of

if TYPE_CHECKING:
    from adapters.core.compile.builder import Compiler


def operations(compiler: Compiler) -> Iterator[Operation]:
    """The operations of a resource's declared actions, in order."""
    for declared in compiler.resource.actions:
        match declared:
            case Action():
                yield _action(compiler, declared)
            case Move():
                yield _move(compiler, declared)
            case Labels():
                yield from _labels(compiler, declared)
            case Import():
                yield csv_operations.importing(compiler, declared)
            case Export():
                yield csv_operations.exporting(compiler, declared)


def _action(compiler: Compiler, declared: Action) -> Operation:
    """A PATCH of fixed values; the client sends nothing."""
    place, look = compiler.place(declared.name, "/{id}"), compiler.look()
    today = compiler.newest.today()
    sets = {today[name].held: held(today[name], value) for name, value in declared.sets.items()}

    def accept(request: Request) -> Input:
        nothing(request)
        return Input(ids=request.ids, body=dict(sets))

    return compiler.operation(
        declared.name,
        "POST",
        f"*/{declared.name}",
        "write",
        lambda date, shape: Face(accept, plans.update(place, look, compiler.outwards[date], {}), gives=One(shape)),
        summary=declared.summary,
        description=f"{declared.summary}. Doing it twice is no error. The body stays empty.",
        body=Body.EMPTY,
        replayable=True,
    )


def _move(compiler: Compiler, declared: Move) -> Operation:
    """A PATCH of the fields the action names."""
    place = compiler.place(declared.name, "/{id}")
    shape = shape_of(declared.body, compiler.resource.rename)
    document, inward = Document(shape, partial=False), Inward(shape, partial=False)
    sends = Fields(f"{compiler.resource.model.__name__}{shape.name}", shape)
    accept = fields(document, inward)

    def face(date: str, answered: Shape) -> Face:
        plan = plans.update(place, compiler.look(), compiler.outwards[date], inward.pointers)
        return Face(accept, plan, sends, One(answered))

    return compiler.operation(
        declared.name,
        "POST",
        f"*/{declared.name}",
        "write",
        face,
        summary=declared.summary,
        description=f"{declared.summary}, and answers the {compiler.resource.singular} as it is then.",
        body=Body.JSON,
        replayable=True,
    )


def _labels(compiler: Compiler, declared: Labels) -> Iterator[Operation]:
    name, singular, noun = declared.name, declared.singular, compiler.resource.singular
    one, title = compiler.resource.one, f"{compiler.resource.model.__name__}{declared.name.capitalize()}"
    kind = compiler.newest.today()[name].kind
    assert isinstance(kind, TextList)
    shape = _sole(name, Annotated[list[str], TextList(kind.element, kind.most, 1)], [kind.element.example])
    document, inward = Document(shape, partial=False), Inward(shape, partial=False)
    word = Document(_sole(singular, Annotated[str, kind.sought], kind.sought.example), partial=False)
    sends, gives = Fields(f"{title}Add", shape), Words(f"{title}List", kind.sought)
    adding = compiler.place(f"add_{name}", f"/{{id}}/{name}")
    removing = compiler.place(f"remove_{singular}", f"/{{id}}/{name}")

    def accept_word(request: Request) -> Input:
        try:
            word.read({singular: request.ids[1]})
        except Invalid:
            raise RecordNotFound from None
        return Input(ids=request.ids)

    yield compiler.operation(
        f"list_{name}",
        "GET",
        f"*/{name}",
        "read",
        lambda date, _: Face(path_only, plans.labels_of(compiler.look(), compiler.outwards[date], name), gives=gives),
        summary=f"List the {name} of {one}",
        description=f"All {name} of one {noun}, in one page.",
    )
    yield compiler.operation(
        f"add_{name}",
        "POST",
        f"*/{name}",
        "write",
        lambda *_: Face(fields(document, inward), plans.add_labels(adding, inward.pointers), sends, gives),
        summary=f"Add {name} to {one}",
        description=f"Adds {name}, and answers all that the {noun} then has. One that is there already is no error. "
        f"The limit of {kind.most} is that of one request, here as in a PATCH, and not of what the {noun} has in all.",
        body=Body.JSON,
        replayable=True,
    )
    yield compiler.operation(
        f"remove_{singular}",
        "DELETE",
        f"*/{name}/*",
        "write",
        lambda *_: Face(accept_word, plans.remove_label(removing, singular)),
        summary=f"Remove a {singular} from {one}",
        description=f"Removes one {singular}. One that is not there is no error.",
        params=(compiler.resource.id, None),
        param_names=("id", singular),
        words=(kind.sought,),
        success=204,
    )


def _sole(name: str, hint: Any, example: object) -> Shape:
    """The shape of a body with one required field."""
    made: Any = create_model
    model = made(name.capitalize(), __base__=Record, **{name: (hint, required(f"The {name} to add.", example))})
    return shape_of(model, {name: name})
