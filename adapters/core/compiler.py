"""Resources and contracts → operations, compiled once at start. The only place that knows what follows from a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import create_model

from adapters.core import plans
from adapters.core.calls import Input, Window
from adapters.core.changes import Change, Contract
from adapters.core.documents import Document
from adapters.core.faults import Invalid, RecordNotFound
from adapters.core.filters import Filters
from adapters.core.inward import Inward
from adapters.core.kinds import TextList
from adapters.core.operations import Body, Face, Operation, Request
from adapters.core.outward import Outward
from adapters.core.plans import Place
from adapters.core.resource import Labels, Op, Record, Resource, required
from adapters.core.searches import Search, fingerprint
from adapters.core.shapes import Shape, shape_at, shape_of


@dataclass(frozen=True, slots=True)
class Override:
    """A deployment's word on one operation: whether its services offer it, and where (a template with `{id}`)."""

    enabled: bool = True
    path: str | None = None


Overrides = Mapping[str, Override]


def compile_all(resources: Sequence[Resource], contracts: Sequence[Contract], overrides: Overrides) -> list[Operation]:
    """All operations of all resources. `contracts` newest first; `overrides` by operation name."""
    return [op for resource in resources for op in _Compiler(resource, contracts, overrides).operations()]


def changes_since(contracts: Sequence[Contract], date: str) -> tuple[Change, ...]:
    """Every change made after the contract of `date`, newest first."""
    return tuple(change for contract in contracts if contract.date > date for change in reversed(contract.changes))


class _Compiler:
    """Compiles one resource in all contracts."""

    def __init__(self, resource: Resource, contracts: Sequence[Contract], overrides: Overrides) -> None:
        self.resource = resource
        self.overrides = overrides
        self.shapes = {c.date: shape_at(resource, changes_since(contracts, c.date)) for c in contracts}
        self.outwards = {date: Outward(shape) for date, shape in self.shapes.items()}

    def operations(self) -> Iterator[Operation]:
        declared = self.resource.operations
        for op, make in (
            (Op.SEARCH, self.search),
            (Op.CREATE, self.create),
            (Op.GET, self.get),
            (Op.UPDATE, self.update),
            (Op.DELETE, self.delete),
        ):
            if op in declared:
                yield make()
        for action in self.resource.actions:
            if isinstance(action, Labels):
                yield from self.labels(action)

    def place(self, name: str, default: str) -> Place:
        override = self.overrides.get(f"{self.resource.path}.{name}")
        upstream = self.resource.upstream
        return Place(upstream.service, (override and override.path) or upstream.path + default)

    def operation(
        self, name: str, method: str, tail: str, verb: str, face: Callable[[str, Shape], Face], **more: Any
    ) -> Operation:
        resource = self.resource
        override = self.overrides.get(f"{resource.path}.{name}", Override())
        ids = tail.count("*")
        more.setdefault("params", (resource.id,) * ids)
        more.setdefault("param_names", ("id",) * ids)
        return Operation(
            name=f"{resource.path}.{name}",
            first=resource.path,
            tail=tail,
            method=method,
            scopes=(f"{resource.scope}.{verb}",),
            service=resource.upstream.service,
            enabled=override.enabled,
            faces={date: face(date, shape) for date, shape in self.shapes.items()},
            **more,
        )

    def get(self) -> Operation:
        place = self.place("get", "/{id}")
        return self.operation(
            "get",
            "GET",
            "*",
            "read",
            lambda date, _: Face(_ids_only, plans.get(place, self.outwards[date])),
            summary=f"Get a {self.resource.singular}",
        )

    def create(self) -> Operation:
        place = self.place("create", "")
        location = f"/v1/{self.resource.path}/{self.resource.id.prefix}"

        def face(date: str, shape: Shape) -> Face:
            inward = Inward(shape, partial=False)
            accept = _body(Document(shape, partial=False), inward)
            return Face(accept, plans.create(place, self.outwards[date], inward.pointers, location))

        summary = f"Create a {self.resource.singular}"
        return self.operation(
            "create", "POST", "", "write", face, summary=summary, body=Body.JSON, success=201, replayable=True
        )

    def update(self) -> Operation:
        place = self.place("update", "/{id}")

        def face(date: str, shape: Shape) -> Face:
            inward = Inward(shape, partial=True)
            accept = _body(Document(shape, partial=True), inward)
            return Face(accept, plans.update(place, self.outwards[date], inward.pointers))

        summary = f"Update a {self.resource.singular}"
        return self.operation("update", "PATCH", "*", "write", face, summary=summary, body=Body.MERGE)

    def delete(self) -> Operation:
        place = self.place("delete", "/{id}")
        face = Face(_ids_only, plans.delete(place))
        summary = f"Delete a {self.resource.singular}"
        return self.operation("delete", "DELETE", "*", "delete", lambda *_: face, summary=summary, success=204)

    def search(self) -> Operation:
        place = self.place("search", "/search")
        scope = self.resource.path

        def face(date: str, shape: Shape) -> Face:
            filters = Filters(shape, {f.name: tuple(f.operators) for f in shape.fields if f.operators})
            search = Search(shape, filters, self.resource.sorts)
            held = {field.today: field.held for field in shape.fields}

            def accept(request: Request) -> Input:
                window, cursor = search.read(request.document)
                return Input(window=anchored(window, cursor, scope, request))

            return Face(accept, plans.search(place, self.outwards[date], held))

        summary = f"Search {self.resource.path}"
        return self.operation(
            "search", "POST", "search", "read", face, summary=summary, body=Body.JSON, limited_as="search"
        )

    def labels(self, declared: Labels) -> Iterator[Operation]:
        name, singular = declared.name, declared.singular
        kind = next(f.kind for f in self.shapes[max(self.shapes)].fields if f.today == name)
        assert isinstance(kind, TextList)
        shape = _sole(name, Annotated[list[str], TextList(kind.element, kind.most, 1)], [kind.element.example])
        document, inward = Document(shape, partial=False), Inward(shape, partial=False)
        word = Document(_sole(singular, Annotated[str, kind.element], kind.element.example), partial=False)
        one, many = self.place("get", "/{id}"), self.place(f"{name}.add", f"/{{id}}/{name}")

        def remove(request: Request) -> Input:
            try:
                word.read({singular: request.ids[1]})
            except Invalid:
                raise RecordNotFound from None
            return Input(ids=request.ids)

        yield self.operation(
            f"{name}.list",
            "GET",
            f"*/{name}",
            "read",
            lambda date, _: Face(_ids_only, plans.labels_of(one, self.outwards[date], name)),
            summary=f"List the {name} of a {self.resource.singular}",
        )
        yield self.operation(
            f"{name}.add",
            "POST",
            f"*/{name}",
            "write",
            lambda *_: Face(_body(document, inward), plans.add_labels(many, inward.pointers)),
            summary=f"Add {name} to a {self.resource.singular}",
            body=Body.JSON,
            replayable=True,
        )
        yield self.operation(
            f"{name}.remove",
            "DELETE",
            f"*/{name}/*",
            "write",
            lambda *_: Face(remove, plans.remove_label(self.place(f"{name}.remove", f"/{{id}}/{name}"), singular)),
            summary=f"Remove a {singular} from a {self.resource.singular}",
            params=(self.resource.id, None),
            param_names=("id", singular),
            success=204,
        )


def anchored(window: Window, cursor: str | None, scope: str, request: Request) -> Window:
    """The window with its cursor opened and the means to seal the next; StaleCursor when it is not this query's."""
    bound = fingerprint(window, scope)
    if cursor is not None:
        window.position = request.unseal(cursor, bound)
    window.seal = request.seal_for(bound)
    return window


def _ids_only(request: Request) -> Input:
    return Input(ids=request.ids)


def _body(document: Document, inward: Inward) -> Callable[[Request], Input]:
    def accept(request: Request) -> Input:
        body, revisions = inward.translate(document.read(request.document))
        return Input(ids=request.ids, body=body, revisions=revisions)

    return accept


def _sole(name: str, hint: Any, example: object) -> Shape:
    """The shape of a body with one required field."""
    description = f"The {name} to add."
    model = create_model(name.capitalize(), __base__=Record, **{name: (hint, required(description, example))})  # type: ignore[call-overload]
    return shape_of(model, {name: name})
