"""Records that live beneath one other record, and have no address of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.core.calls import Input
from adapters.core.compile.builder import Builder
from adapters.core.declare.resource import Op, Resource
from adapters.core.declare.upstream import ListQuery
from adapters.core.declare.word import Word
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Fields, Many, One
from adapters.core.request.acceptors import anchored, fields, path_only, selecting
from adapters.core.request.json_body import Document
from adapters.core.request.search_request import query_window
from adapters.core.request.selection import FIELDS
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.words.create import creating
from adapters.core.words.delete import deleting

_VERBS = {Op.SEARCH: "read", Op.CREATE: "write", Op.DELETE: "delete"}


@dataclass(frozen=True, slots=True)
class Child(Word):
    """`GET` (`Op.SEARCH`: the newest first) and `POST /{resource}/{id}/{of.path}`, and `DELETE …/{of.path}/{id}`.

    of: a resource whose place in its service is beneath this one's, `…/{id}/payments`. It is declared like any other, in a
    file of its own, and is not in the table of contents: its words are these three, and each is there when its `operations`
    say so. Adding and deleting need its own scope, listing this resource's too.
    """

    of: Resource

    def brings(self) -> tuple[Resource, ...]:
        return (self.of,)

    def needs(self, resource: Resource) -> tuple[str, ...]:
        return tuple(f"{self.of.scope}.{verb}" for op, verb in _VERBS.items() if op in self.of.operations)

    def check(self, resource: Resource) -> None:
        of, at = self.of, f"{resource.path}/{self.of.path}"
        if of.operations & ~(Op.SEARCH | Op.CREATE | Op.DELETE):
            raise TypeError(f"{at}: what lives beneath a record can be listed, added and deleted there, and no more")
        if not of.upstream.path.startswith(f"{resource.upstream.path}/{{id}}/"):
            raise TypeError(f"{at}: its service does not have it beneath {resource.upstream.path}/{{id}}")
        if not isinstance(of.upstream.search, ListQuery) or of.upstream.search.style == "whole":
            raise TypeError(f"{at}: it is listed page by page, with a ListQuery")

    def operations(self, build: Builder) -> Iterator[Operation]:
        child = build.beneath(self.of)
        if Op.SEARCH in self.of.operations:
            yield self._list(build, child)
        if Op.CREATE in self.of.operations:
            yield self._create(build, child)
        if Op.DELETE in self.of.operations:
            yield self._delete(build, child)

    def _list(self, build: Builder, child: Builder) -> Operation:
        name, parent, of = f"list_{self.of.path}", build.resource, child.resource
        place = build.at(name, of.upstream.path)
        scope = f"{parent.path}/{of.path} {child.searched.style}"

        def accept(request: Request) -> Input:
            window, cursor = query_window(request.query, child.order)
            # A cursor of one record's list says nothing about another's.
            bound = f"{scope} {request.ids[0]}"
            return Input(ids=request.ids, window=anchored(window, cursor, bound, request))

        def face(date: str, _: Shape) -> Face:
            shape = child.shapes[date]
            return Face(selecting(accept, shape), child.listing(date, place), gives=Many(shape))

        return build.operation(
            name,
            "GET",
            f"*/{of.path}",
            "read",
            face,
            of=child,
            summary=f"List the {of.path.replace('_', ' ')} of {parent.one}",
            description=f"The {of.singular}s of one {parent.singular}, newest first, a page at a time.",
            query=("limit", "cursor", FIELDS),
            scopes=tuple(dict.fromkeys((f"{parent.scope}.read", f"{of.scope}.read"))),
        )

    def _create(self, build: Builder, child: Builder) -> Operation:
        parent, of = build.resource, child.resource
        name = f"create_{_joined(of.singular)}"
        place = build.at(name, of.upstream.path)

        def face(date: str, _: Shape) -> Face:
            shape = child.shapes[date]
            inward = Inward(shape, partial=False, rules=of.rules)
            refusals = build.refusals(inward.pointers, of.rules)
            plan = child.planned(date, lambda outward: creating(place, outward, refusals, None, of.id))
            accept = fields(Document(shape, partial=False), inward)
            return Face(accept, plan, Fields(f"{shape.name}Create", shape), One(shape))

        return build.operation(
            name,
            "POST",
            f"*/{of.path}",
            "write",
            face,
            of=child,
            summary=f"Add {of.one} to {parent.one}",
            description=f"Creates {of.one} beneath the {parent.singular} and answers it whole. It has no address of its own.",
            body=Body.JSON,
            success=201,
            replayable=True,
            scopes=(f"{of.scope}.write",),
        )

    def _delete(self, build: Builder, child: Builder) -> Operation:
        parent, of = build.resource, child.resource
        named = _joined(of.singular)
        place = build.at(f"delete_{named}", f"{of.upstream.path}/{{{named}_id}}")
        refusals = build.refusals({}, of.rules)
        return build.operation(
            f"delete_{named}",
            "DELETE",
            f"*/{of.path}/*",
            "delete",
            lambda *_: Face(path_only, deleting(place, refusals)),
            summary=f"Delete {of.one} of {parent.one}",
            description=f"Deletes one {of.singular} for good.",
            success=204,
            params=(parent.id, of.id),
            param_names=("id", f"{named}_id"),
            scopes=(f"{of.scope}.delete",),
        )


def _joined(noun: str) -> str:
    return noun.replace(" ", "_")
