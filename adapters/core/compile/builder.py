"""Resources and contracts → operations, compiled once at start. The only place that knows what follows from a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Input, Look
from adapters.core.compile import actions, plans, related_lists
from adapters.core.compile.acceptors import anchored, fields, path_only
from adapters.core.compile.plans import Place, Planner
from adapters.core.declare.changes import Change, Contract
from adapters.core.declare.kinds import Text
from adapters.core.declare.resource import ListQuery, Op, Resource
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.paging import anchored_walk
from adapters.core.paging.lookup import by_list, directly
from adapters.core.payloads import Fields, Many, One, Query
from adapters.core.request.filters import Filters
from adapters.core.request.json_body import Document
from adapters.core.request.search_request import Search, Sort
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape, shape_at


@dataclass(frozen=True, slots=True)
class Override:
    """A deployment's word on one operation: whether its services offer it, and where (a template with `{id}`).

    via: `list` where the service has no call of its own for a `get` or a structured `search`, but lists the records;
    `path` is then the list's.
    """

    enabled: bool = True
    path: str | None = None
    via: Literal["list"] | None = None


Overrides = Mapping[str, Override]
VIA_LIST = ("get", "search")


def compile_all(resources: Sequence[Resource], contracts: Sequence[Contract], overrides: Overrides) -> list[Operation]:
    """All operations of all resources. `contracts` newest first; `overrides` by operation name."""
    by_path = {resource.path: Compiler(resource, contracts, overrides) for resource in resources}
    return [
        operation
        for compiler in by_path.values()
        for operation in (
            *compiler.operations(),
            *actions.operations(compiler),
            *related_lists.operations(compiler, by_path),
        )
    ]


def changes_since(contracts: Sequence[Contract], date: str) -> tuple[Change, ...]:
    """Every change made after the contract of `date`, newest first."""
    return tuple(change for contract in contracts if contract.date > date for change in reversed(contract.changes))


class Compiler:
    """Compiles one resource in all contracts."""

    def __init__(self, resource: Resource, contracts: Sequence[Contract], overrides: Overrides) -> None:
        self.resource = resource
        self.overrides = overrides
        self.shapes = {c.date: shape_at(resource, changes_since(contracts, c.date)) for c in contracts}
        self.outwards = {date: Outward(shape) for date, shape in self.shapes.items()}
        self.newest = self.shapes[contracts[0].date]
        self.searched = self.list_for("search") or resource.upstream.search
        self.paged = self.searched.style if isinstance(self.searched, ListQuery) else "key"

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

    def place(self, name: str, default: str) -> Place:
        override = self.overrides.get(f"{self.resource.path}.{name}")
        upstream = self.resource.upstream
        return Place(upstream.service, (override and override.path) or upstream.path + default)

    def list_for(self, name: str) -> ListQuery | None:
        """The service's list, when the deployment says that it serves this operation."""
        override = self.overrides.get(f"{self.resource.path}.{name}")
        return self.resource.upstream.lists if override and override.via else None

    def look(self) -> Look:
        """How a record is looked at by its id."""
        lists = self.list_for("get")
        if lists is None:
            return directly(self.place("get", "/{id}"))
        return by_list(self.place("get", ""), lists, self.newest.today()["created_at"].held)

    def operation(
        self, name: str, method: str, tail: str, verb: str, face: Callable[[str, Shape], Face], **more: Any
    ) -> Operation:
        resource = self.resource
        override = self.overrides.get(f"{resource.path}.{name}", Override())
        if override.via and (name not in VIA_LIST or resource.upstream.lists is None):
            raise ValueError(f"{resource.path}.{name} cannot be served via a list")
        ids = tail.count("*")
        more.setdefault("scopes", (f"{resource.scope}.{verb}",))
        more.setdefault("params", (resource.id,) * ids)
        more.setdefault("param_names", ("id",) * ids)
        return Operation(
            name=f"{resource.path}.{name}",
            first=resource.path,
            tail=tail,
            method=method,
            service=resource.upstream.service,
            enabled=override.enabled,
            faces={date: face(date, shape) for date, shape in self.shapes.items()},
            **more,
        )

    def get(self) -> Operation:
        look = self.look()
        return self.operation(
            "get",
            "GET",
            "*",
            "read",
            lambda date, shape: Face(path_only, plans.get(look, self.outwards[date]), gives=One(shape)),
            summary=f"Get {self.resource.one}",
            description=f"Reads one {self.resource.singular} by its id.",
        )

    def create(self) -> Operation:
        place = self.place("create", "")
        path = f"/v1/{self.resource.path}"

        def face(date: str, shape: Shape) -> Face:
            inward = Inward(shape, partial=False)
            accept = fields(Document(shape, partial=False), inward)
            plan = plans.create(place, self.outwards[date], inward.pointers, path, self.resource.id)
            return Face(accept, plan, Fields(f"{shape.name}Create", shape), One(shape))

        return self.operation(
            "create",
            "POST",
            "",
            "write",
            face,
            summary=f"Create {self.resource.one}",
            description=f"Creates {self.resource.one} and answers it whole. `Location` is its address.",
            body=Body.JSON,
            success=201,
            replayable=True,
        )

    def update(self) -> Operation:
        place, look = self.place("update", "/{id}"), self.look()

        def face(date: str, shape: Shape) -> Face:
            inward = Inward(shape, partial=True)
            accept = fields(Document(shape, partial=True), inward)
            plan = plans.update(place, look, self.outwards[date], inward.pointers)
            return Face(accept, plan, Fields(f"{shape.name}Update", shape, partial=True), One(shape))

        return self.operation(
            "update",
            "PATCH",
            "*",
            "write",
            face,
            summary=f"Update {self.resource.one}",
            description="JSON Merge Patch (RFC 7396): a field that is absent stays as it is, `null` clears it, "
            "a list is replaced whole. `{}` changes nothing.",
            body=Body.MERGE,
        )

    def delete(self) -> Operation:
        place = self.place("delete", "/{id}")
        face = Face(path_only, plans.delete(place))
        return self.operation(
            "delete",
            "DELETE",
            "*",
            "delete",
            lambda *_: face,
            summary=f"Delete {self.resource.one}",
            description=f"Deletes one {self.resource.singular} for good.",
            success=204,
        )

    def search(self) -> Operation:
        scope = f"{self.resource.path} {self.paged}"
        listed = self.searched.filters if isinstance(self.searched, ListQuery) else None

        def face(date: str, shape: Shape) -> Face:
            search = Search(shape, Filters(shape, listed), self.resource.sorts)

            def accept(request: Request) -> Input:
                window, cursor = search.read(request.document)
                return Input(window=anchored(window, cursor, scope, request))

            named = shape.today()
            searched = tuple(named[name].name for name in self.resource.searched)
            return Face(accept, self.searching(date), Query(shape, search.filters, search.sorts, searched), Many(shape))

        return self.operation(
            "search",
            "POST",
            "search",
            "read",
            face,
            summary=f"Search {self.resource.path}",
            description=f"Lists {self.resource.path}, filtered and in order, a page at a time. `{{}}` is a valid search.",
            body=Body.JSON,
            limited_as="search",
        )

    def searching(self, date: str) -> Planner:
        """The plan that answers a window of this resource in one contract."""
        outward = self.outwards[date]
        if isinstance(self.searched, ListQuery):
            held = {field.today: field.held for field in self.newest.fields}
            return anchored_walk.search(self.place("search", ""), self.searched, outward, held)
        sorts = {field.today: Sort(field.held, isinstance(field.kind, Text)) for field in self.newest.fields}
        return plans.search(self.place("search", self.searched.path), outward, sorts)
