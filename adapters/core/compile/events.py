"""Declared events, compiled once: what an internal event is to the public, and what is kept of its payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from adapters.core.answer.careful import Careful
from adapters.core.answer.from_service import Outward
from adapters.core.declare.changes import Contract
from adapters.core.declare.event import Announced, Event
from adapters.core.declare.ids import IdType
from adapters.core.declare.resource import Op, Resource
from adapters.core.faults import ServiceInvalid
from adapters.core.shapes import NONE, Shape, shape_of, shapes_of

Facts = dict[str, Any]
"""Members of a payload by their public names of today, as the service wrote them."""
_PREVIOUS: Final = "previous."


@dataclass(frozen=True, slots=True)
class Happened:
    """An internal event, understood. object_id: the record's public id; facts: what its type keeps of the payload, with
    `previous.` before the names of what was before.
    """

    type: EventType
    object_id: str
    facts: Facts


class EventType:
    """A public type of event.

    scope: the single scope that is needed beside `webhook.read`; subject: what its record is called; reads: the operation
    that reads the record, None where nothing does and the payload is all there is; shapes: the record by contract.
    """

    __slots__ = (
        "_facts",
        "_kept",
        "_previous",
        "declared",
        "id",
        "name",
        "reads",
        "scope",
        "service",
        "shapes",
        "subject",
    )

    def __init__(
        self, source: Resource | Announced, declared: Event, contracts: Sequence[Contract], alphabets: Mapping[str, str]
    ) -> None:
        self.declared, self.name = declared, declared.name
        self.id: IdType = source.id.of(alphabets)
        self.scope = f"{source.scope}.read"
        self.subject = source.singular.lower().replace(" ", "_")
        if isinstance(source, Resource):
            self.service = source.upstream.service
            self.reads = f"{source.path}.get" if Op.GET in source.operations else None
            shapes = shapes_of(source, contracts, alphabets)
            # What is guarded is in no event, whatever its reader may see.
            told = {id(shape): shape.without(shape.guards) for shape in shapes.values()}
            self.shapes = {date: told[id(shape)] for date, shape in shapes.items()}
        else:
            self.service, self.reads = source.service, None
            whole = shape_of(source.model, source.rename, unwritten=True, alphabets=alphabets)
            self.shapes = {c.date: whole for c in contracts}
        self._facts = _parts(self.shapes, declared.facts)
        self._previous = _parts(self.shapes, declared.previous)
        before = [(_PREVIOUS + name, member) for name, member in declared.previous.items()]
        self._kept = (*declared.facts.items(), *before)

    def fits(self, data: Mapping[str, Any]) -> bool:
        """Whether a payload of the internal event is one of this type."""
        declared = self.declared
        having, lacking = declared.having, declared.lacking
        return not (having and data.get(having) is None) and not (lacking and data.get(lacking) is not None)

    def understood(self, data: Mapping[str, Any]) -> Happened:
        """A payload of this type → what is kept of it; ServiceInvalid when it does not name its record."""
        parts = [data.get(member) for member in self.declared.id]
        public = self.id.encode(".".join(map(str, parts)))
        if self.id.decode(public) is None or not all(type(part) in (str, int) for part in parts):
            raise ServiceInvalid(f"{self.declared.internal}: the id has not the declared alphabet")
        return Happened(self, public, {name: data[member] for name, member in self._kept if member in data})

    def facts(self, facts: Facts, object_id: str, date: str) -> Facts:
        """What was kept, under the public names of a contract; a value that is not what was declared is left out."""
        return self._facts[date].told({n: v for n, v in facts.items() if not n.startswith(_PREVIOUS)}, object_id)

    def previous(self, facts: Facts, object_id: str, date: str) -> Facts | None:
        """What was there before, likewise; None where that is not told."""
        before = {n.removeprefix(_PREVIOUS): v for n, v in facts.items() if n.startswith(_PREVIOUS)}
        told = self._previous[date].told(before, object_id)
        told.pop("id", None)
        return told or None


class _Part:
    """Some fields of a shape in one contract, and how they are told."""

    __slots__ = ("_held", "_id", "_outward", "_shape")

    def __init__(self, shape: Shape, members: Mapping[str, str]) -> None:
        of = next(field.kind_today.points_to for field in shape.fields if field.today == "id" and field.kind_today)
        assert of is not None
        # The id needs them to be told at all; every other value may be missing.
        needed = {"id", of.by}
        fields = tuple(
            replace(field, nullable=field.today not in needed)
            for field in shape.fields
            if field.today in {*needed, *members}
        )
        self._shape = Shape(shape.name, shape.description, fields)
        self._outward = Outward(self._shape)
        self._held = {field.today: field.held for field in fields}
        self._id = of

    def told(self, facts: Facts, object_id: str) -> Facts:
        """Facts by today's names → by those of the contract, with the `id` first."""
        present = {name: value for name, value in facts.items() if name in self._held}
        held = {self._held[name]: value for name, value in present.items()} | self._named(object_id)
        try:
            row = Careful(self._outward, self._shape).mended(held)
        except ServiceInvalid:
            return {"id": object_id}
        told: Facts = msgspec.to_builtins(row)
        shown = {field.name for field in self._shape.fields if field.today == "id" or field.today in present}
        return {"id": object_id} | {name: value for name, value in told.items() if name in shown}

    def _named(self, object_id: str) -> Facts:
        """The members of a service's record that its public id says."""
        named = {self._held["id"]: self._id.inner(object_id)}
        return named if self._id.by is None else {self._held[self._id.by]: self._id.decode(object_id)[0], **named}


def _parts(shapes: Mapping[str, Shape], members: Mapping[str, str]) -> dict[str, _Part]:
    made = {id(shape): _Part(shape, members) for shape in {id(each): each for each in shapes.values()}.values()}
    return {date: made[id(shape)] for date, shape in shapes.items()}


class EventTypes:
    """All types of a release in all its contracts. `alphabets`: a deployment's own ids, by prefix."""

    __slots__ = ("_internal", "named")

    def __init__(
        self,
        sources: Sequence[Resource | Announced],
        contracts: Sequence[Contract],
        alphabets: Mapping[str, str] = NONE,
    ) -> None:
        compiled = [EventType(source, event, contracts, alphabets) for source in sources for event in source.events]
        self.named = {each.name: each for each in compiled}
        if len(self.named) < len(compiled):
            raise TypeError("two events have the same name")
        self._internal: dict[str, list[EventType]] = {}
        for each in compiled:
            self._internal.setdefault(each.declared.internal, []).append(each)

    @property
    def internal(self) -> tuple[str, ...]:
        """The services' names of them, each once: what a subscription there has to name."""
        return tuple(self._internal)

    def understood(self, internal: str, data: Mapping[str, Any]) -> Happened | None:
        """A service's event → what it is to the public; None for one that is nothing. ServiceInvalid when it names no record."""
        found = next((each for each in self._internal.get(internal, ()) if each.fits(data)), None)
        return found.understood(data) if found is not None else None


def scopes_of(sources: Sequence[Resource | Announced]) -> Iterator[str]:
    """The single scopes that events need beside those of operations."""
    return (f"{source.scope}.read" for source in sources if source.events)
