"""A public resource, declared once: one `Resource` value per file of `adapters/`; everything else follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto

from adapters.core.declare.event import Event
from adapters.core.declare.ids import IdType
from adapters.core.declare.record import (
    Between,
    Dated,
    Fixed,
    Foreign,
    Guarded,
    Kept,
    ReadOnly,
    Record,
    RowId,
    guarded,
    members,
    optional,
    required,
)
from adapters.core.declare.rules import Rule
from adapters.core.declare.states import States
from adapters.core.declare.upstream import ListQuery, StructuredSearch, Upstream
from adapters.core.declare.word import Word

__all__ = [
    "Between",
    "Dated",
    "Event",
    "Fixed",
    "Foreign",
    "Guarded",
    "Kept",
    "ListQuery",
    "Op",
    "ReadOnly",
    "Record",
    "Resource",
    "RowId",
    "Rule",
    "States",
    "StructuredSearch",
    "Upstream",
    "optional",
    "renamed",
    "required",
]


def renamed(names: str) -> dict[str, str]:
    """`public=internal` names, apart by spaces → a `rename`."""
    return dict(each.split("=") for each in names.split())


class Op(Flag):
    """The standard operations."""

    GET = auto()
    SEARCH = auto()
    CREATE = auto()
    UPDATE = auto()
    DELETE = auto()
    ALL = GET | SEARCH | CREATE | UPDATE | DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A public resource, declared once.

    model: the public shape in the newest contract; `rename`: public → internal names where these are not the same
    word in camelCase (dotted for nested fields); `sorts`: what `order_by` accepts, the default
    first, and `created_at` or the id where nothing is said; `searched`: what `search_text` covers;
    `headline`: the three to six fields that tell people which record it is, and
    how it stands; lists for agents have these alone; `words`: what there is beside the standard operations; `group`: its part of the suite, under which tables of contents list it.
    `rules`: what holds between the fields of a body; `states`: the steps of its status; `events`: what its service tells of it.
    A name that the model does not have is refused at import.
    """

    model: type[Record]
    id: IdType
    path: str
    singular: str
    scope: str
    group: str = "General"
    upstream: Upstream
    rename: Mapping[str, str] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()
    operations: Op = Op.ALL
    words: tuple[Word, ...] = ()
    rules: tuple[Rule, ...] = ()
    states: States | None = None
    events: tuple[Event, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """What `order_by` accepts, the default first."""
        return self.sorts or (("created_at",) if "created_at" in self.model.model_fields else ("id",))

    @property
    def within(self) -> str | None:
        """The field that names the record beneath which its service has these, and which fills the `{…}` of its path."""
        return self.id.by

    @property
    def one(self) -> str:
        """The singular with its article, for sentences."""
        return f"{'an' if self.singular[0] in 'aeiou' else 'a'} {self.singular}"

    def __post_init__(self) -> None:
        known = self.model.model_fields.keys()
        listed = (*self.upstream.lists.filters, *self.upstream.lists.ranges) if self.upstream.lists else ()
        for table, names in (
            ("rename", {name.split(".")[0] for name in self.rename}),
            ("sorts", set(self.sorts)),
            ("searched", set(self.searched)),
            ("headline", set(self.headline)),
            ("filters", set(listed)),
            ("rules", {name for rule in self.rules for name in (rule.at.partition("/")[0], *rule.needs)}),
            ("states", {self.states.field} if self.states else set()),
            ("events", {name for event in self.events for name in (*event.facts, *event.previous)}),
        ):
            if stray := names - known:
                raise TypeError(f"{self.path}: {table} names unknown fields {sorted(stray)}")
        if self.within and f"{{{self.within}}}" not in self.upstream.path:
            raise TypeError(f"{self.path}: the path of its service has no place for {self.within}")
        if self.headline and not 3 <= len(self.headline) <= 6:
            raise TypeError(f"{self.path}: a headline has three to six fields")
        told = {
            *self.sorts,
            *self.searched,
            *self.headline,
            *listed,
            *(name for event in self.events for name in event.facts),
        }
        if stray := told & guarded(self.model).keys():
            raise TypeError(f"{self.path}: guarded members would be told by {sorted(stray)}")
        for name, member in members(self.model).items():
            if member.kind is None and member.nested is None:
                raise TypeError(f"{self.path}.{name} has no kind")
        for word in self.words:
            word.check(self)
