"""What the words of one resource are compiled with: its shapes and translators in every contract, and the deployment's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from adapters.core.answer.forgiving import forgiving
from adapters.core.answer.from_service import Outward
from adapters.core.answer.refusals import Refusals
from adapters.core.calls import Look, Place, Planner, Pointers
from adapters.core.declare.changes import Contract
from adapters.core.declare.record import Record
from adapters.core.declare.resource import Op, Resource
from adapters.core.declare.rules import Rule
from adapters.core.declare.upstream import ListQuery
from adapters.core.operation import Face, Operation
from adapters.core.paging import planned, whole
from adapters.core.paging.lookup import LookAll, Several, by_list, by_search, directly, each_directly, one_of
from adapters.core.shapes import NONE, Shape, shape_of, shapes_of


@dataclass(frozen=True, slots=True)
class Override:
    """A deployment's word on one operation: whether its services offer it, and where (a template with `{id}`).

    via: `list` where the service has no call of its own for a `get` or a structured `search`, but lists the records;
    `path` is then the list's. fields: of an update, the only ones that the service changes, by their names in the newest
    contract.
    """

    enabled: bool = True
    path: str | None = None
    via: Literal["list"] | None = None
    fields: tuple[str, ...] | None = None


Overrides = Mapping[str, Override]


class Unfit(ValueError):
    """An override that its operation cannot follow: the operation, the override's key, and what is wrong with it."""

    def __init__(self, operation: str, key: str, problem: str) -> None:
        super().__init__(f"{operation} {problem}")
        self.operation, self.key, self.problem = operation, key, problem


VIA_LIST = ("get", "search")
PLACELESS = ("get_many",)


class Builder:
    """One resource, about to be compiled in all contracts.

    shapes, outwards: by the contract's date, its fields and the translator of what its service answers; newest: the
    shape of the newest contract; searched: how its records are found, with the deployment's word on it. `hidden`: families
    whose guarded members are in no answer.
    """

    def __init__(
        self,
        resource: Resource,
        contracts: Sequence[Contract],
        overrides: Overrides,
        alphabets: Mapping[str, str],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        own = resource.id.of(alphabets)
        self.resource = resource if own is resource.id else replace(resource, id=own)
        self.shapes = shapes_of(resource, contracts, alphabets)
        self._contracts, self._alphabets, self._hidden = contracts, alphabets, hidden
        self._answered = {date: shape.without(hidden) for date, shape in self.shapes.items()}
        distinct = {id(shape): shape for shape in self._answered.values()}
        made = {key: Outward(shape) for key, shape in distinct.items()}
        self.outwards = {date: made[id(shape)] for date, shape in self._answered.items()}
        self.newest = self.shapes[contracts[0].date]
        self._overrides = overrides
        self._others: Mapping[str, Builder] = {}
        self.searched = self._list_for("search") or resource.upstream.search

    def know(self, others: Mapping[str, Builder]) -> None:
        """Tell it of the builders of all resources, by path."""
        self._others = others

    def sibling(self, path: str) -> Builder | None:
        """The builder of another resource, if it is there."""
        return self._others.get(path)

    def beneath(self, child: Resource) -> Builder:
        """The builder of a resource that lives beneath this one."""
        return Builder(child, self._contracts, self._overrides, self._alphabets, self._hidden)

    def shape_of(self, model: type[Record], rename: Mapping[str, str] = NONE) -> Shape:
        """The shape of a body that an action takes, with the resource's names and those of `rename` before them."""
        return shape_of(model, {**self.resource.rename, **rename}, alphabets=self._alphabets)

    def place(self, name: str, default: str) -> Place:
        """The internal path of an operation: as configured, or `default` behind the collection's."""
        return self.at(name, self.resource.upstream.path + default)

    def at(self, name: str, path: str) -> Place:
        """The internal path of an operation: as configured, or `path`."""
        return Place(self.resource.upstream.service, self._override(name).path or path)

    def changed(self, shape: Shape) -> Shape:
        """The shape that an update takes: the service may change few of the fields that a create sets."""
        fields = self._override("update").fields
        return shape if fields is None else shape.changing(fields)

    def refusals(self, pointers: Pointers, held: Sequence[Rule] | None = None, step: str = "") -> Refusals:
        """How refusals of a write are told, whose body has these pointers. held: its rules, where they are not the resource's;
        step: the action that it is.
        """
        declared = self.resource
        untold = frozenset(f"/{field.name}" for shape in self.shapes.values() for field in shape.fields if field.guard)
        rules = {f"/{rule.at}": rule for rule in (declared.rules if held is None else held)}
        if declared.states is None:
            return Refusals(pointers, rules, untold=untold)
        kind = self.newest.today()[declared.states.field].kind_today
        inward = kind.inward if kind and kind.inward else str
        statuses = {inward(word): word for word in declared.states.steps}
        return Refusals(pointers, rules, declared.states, statuses, untold, step)

    def look(self) -> Look:
        """How a record is looked at by its id."""
        listed = self._looked_up()
        return directly(self.place("get", "/{id}")) if listed is None else one_of(listed)

    def look_all(self) -> Several:
        """How several are: with one search where there is one that compares ids, else as one is."""
        listed = self._looked_up()
        if listed is not None:
            return Several(listed)
        if self.searched.style == "key" and self.resource.within is None and self._override("search").enabled:
            return Several(by_search(self.place("search", self.searched.default), self.newest.today()[self.order].held))
        return each_directly(self.place("get", "/{id}"))

    def _looked_up(self) -> LookAll | None:
        """How records are found in a list; None where their service has a call for one."""
        lists, place = self._list_for("get"), self.place("get", "")
        if lists is None and self.searched.style == "whole" and self._override("get").path is None:
            # A list that comes whole has every record, so nobody needs a call for one.
            lists, place = self.resource.upstream.lists, self.place("search", "")
        if lists is None:
            return None
        if lists.style == "whole":
            return whole.looking(place, lists)
        ordered = self.newest.today().get(lists.ordered or "")
        if ordered is None:
            raise Unfit(f"{self.resource.path}.get", "via", "cannot use a list in which nothing is known never to move")
        return by_list(place, lists, ordered.held)

    def planned(self, date: str, make: Callable[[Outward], Planner]) -> Planner:
        """The plan that `make` gives for the translator of one contract, and that is run again with care where one bad value
        would take the whole answer with it: so every plan that answers this resource's records is made.
        """
        return forgiving(self.resource.path, self._answered[date], self.outwards[date], make)

    def searching(self, date: str) -> Planner:
        """The plan that answers a window of this resource in one contract."""
        return self.listing(date, self.place("search", self.searched.default))

    def listing(self, date: str, place: Place) -> Planner:
        """The same where its service has these records at `place`, which may name the ids of an input."""
        resource = self.resource
        return self.planned(
            date, lambda outward: planned.search(place, self.searched, outward, self.newest, resource.searched)
        )

    @property
    def compares(self) -> Mapping[str, frozenset[str]] | None:
        """The fields that conditions may name, with the operators that are answered; None for all that there are."""
        compares, within = self.searched.compares, self.resource.within
        return compares if compares is None or within is None else {**compares, within: frozenset({"eq"})}

    @property
    def readable(self) -> bool:
        """Whether a record has an address of its own in this deployment."""
        return Op.GET in self.resource.operations and self._override("get").enabled

    @property
    def finds_all(self) -> bool:
        """Whether several records can be looked at in this deployment: as one can, or where a search tells of ids."""
        finds = self.searched.style in ("key", "whole") and self.resource.within is None
        return self.readable or (finds and self._override("search").enabled)

    @property
    def order(self) -> str:
        """What lists are ordered by when nobody says so: the newest first, where records know when they were made."""
        return "created_at" if "created_at" in self.newest.today() else self.resource.order[0]

    def operation(
        self,
        name: str,
        method: str,
        tail: str,
        verb: str,
        face: Callable[[str, Shape], Face],
        *,
        of: Builder | None = None,
        able: bool = True,
        **more: Any,
    ) -> Operation:
        """An operation called `{resource}.{name}` at `{resource}/{tail}`, guarded by the resource's scope for `verb`.

        face: (date of a contract, the resource's shape in it) → the operation in that contract, the same for all contracts in
        which the shapes of this resource and of the one it is about (`of`) are the same. able: whether the deployment has what
        it stands on. `more` is passed on.
        """
        resource, override = self.resource, self._override(name)
        if override.via and (name not in VIA_LIST or resource.upstream.lists is None):
            raise Unfit(f"{resource.path}.{name}", "via", "cannot be served via a list")
        if override.fields is not None:
            self._check_fields(name, override.fields)
        if override.path and name in PLACELESS:
            raise Unfit(f"{resource.path}.{name}", "path", "has no path of its own: it asks where get and search do")
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
            enabled=override.enabled and able,
            faces=self._faces(face, of or self),
            **more,
        )

    def _check_fields(self, name: str, fields: Sequence[str]) -> None:
        operation, able = f"{self.resource.path}.{name}", [each.today for each in self.newest.fields if each.changeable]
        if name != "update":
            raise Unfit(operation, "fields", "cannot be limited to some fields, as an update can")
        if stray := sorted(set(fields).difference(able)):
            raise Unfit(operation, "fields", f"changes {', '.join(able)}, and no {', '.join(stray)}")
        if not fields:
            raise Unfit(operation, "fields", "would change nothing: say enabled: false")

    def _faces(self, face: Callable[[str, Shape], Face], of: Builder) -> dict[str, Face | None]:
        made: dict[tuple[int, int], Face] = {}
        faces: dict[str, Face | None] = {}
        for date, shape in self.shapes.items():
            alike = id(shape), id(of.shapes[date])
            if alike not in made:
                made[alike] = face(date, shape)
            faces[date] = made[alike]
        return faces

    def _override(self, name: str) -> Override:
        return self._overrides.get(f"{self.resource.path}.{name}", Override())

    def _list_for(self, name: str) -> ListQuery | None:
        """The service's list, when the deployment says that it serves this operation."""
        return self.resource.upstream.lists if self._override(name).via else None
