"""The words a resource is declared in. One `Resource` value per file of `adapters/`; everything else follows from it."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from adapters.core.declare.ids import IdType
from adapters.core.declare.kind_base import Kind

T = TypeVar("T")


class Access(Enum):
    """What clients may not do with a field."""

    READ = "read"
    KEEP = "keep"


ReadOnly = Annotated[T, Access.READ]
Kept = Annotated[T, Access.KEEP]
"""A field that a record may lack, but that a PATCH can only change and not clear."""


class Record(BaseModel):
    """Base of the public shapes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def required(description: str, example: object) -> Any:
    """A field that a create must send and that is never null."""
    return Field(description=description, examples=[example])


def optional(description: str, example: object, default: object = None) -> Any:
    """A field that a create may leave out."""
    return Field(default=default, description=description, examples=[example], validate_default=False)


class Op(Flag):
    """The standard operations."""

    GET = auto()
    SEARCH = auto()
    CREATE = auto()
    UPDATE = auto()
    DELETE = auto()
    ALL = GET | SEARCH | CREATE | UPDATE | DELETE


@dataclass(frozen=True, slots=True)
class StructuredSearch:
    """`POST {path}/search` with a `where` tree: every operator of every kind is pushed down (internal-services.md)."""

    path: str = "/search"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The list of a service: it compares the named public fields by equality, or tells whether a list has a word.

    `style` is how it pages: by page number, by offset or by its own cursor; `items` is what it calls the rows.
    """

    filters: tuple[str, ...] = ()
    style: Literal["page", "offset", "cursor"] = "page"
    items: str = "data"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the records live: the service, the path of the collection, and how it is searched.

    listing: what the list beside a structured search can do, for deployments whose service has nothing else.
    """

    service: str
    path: str
    search: StructuredSearch | ListQuery = StructuredSearch()
    listing: ListQuery | None = None

    @property
    def lists(self) -> ListQuery | None:
        """The service's list, however it is searched."""
        return self.search if isinstance(self.search, ListQuery) else self.listing


@dataclass(frozen=True, slots=True)
class Action:
    """A state change without fields of its own: `POST /{resource}/{id}/{name}` sends `sets` as a PATCH."""

    name: str
    sets: Mapping[str, object]
    summary: str


@dataclass(frozen=True, slots=True)
class Move:
    """A state change with fields: `POST /{resource}/{id}/{name}` with `body` is a PATCH of the record."""

    name: str
    body: type[Record]
    summary: str


@dataclass(frozen=True, slots=True)
class Labels:
    """A set of words under a record: `GET` and `POST /{resource}/{id}/{name}`, `DELETE …/{name}/{word}`."""

    name: str
    singular: str


@dataclass(frozen=True, slots=True)
class Import:
    """Many records from a CSV file, all or none: `POST /{resource}/import`, to the collection's `path`."""

    path: str = "/import"


@dataclass(frozen=True, slots=True)
class Export:
    """All records as a CSV file: `GET /{resource}/export`, from the collection's `path`."""

    path: str = "/export"


@dataclass(frozen=True, slots=True)
class Related:
    """The records of another resource that point here: `GET /{resource}/{id}/{name}`, by that resource's field `by`."""

    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A public resource, declared once.

    model: the public shape in the newest contract; `rename`: public → internal names where these are not the same
    word in camelCase (dotted for nested fields); `sorts`: what `order_by` accepts; `searched`: what `search_text` covers.
    A name that the model does not have is refused at import.
    """

    model: type[Record]
    id: IdType
    path: str
    singular: str
    scope: str
    upstream: Upstream
    rename: Mapping[str, str] = field(default_factory=dict)
    sorts: tuple[str, ...] = ("created_at",)
    searched: tuple[str, ...] = ()
    operations: Op = Op.ALL
    actions: tuple[Action | Move | Labels | Import | Export, ...] = ()
    related: tuple[Related, ...] = ()

    @property
    def one(self) -> str:
        """The singular with its article, for sentences."""
        return f"{'an' if self.singular[0] in 'aeiou' else 'a'} {self.singular}"

    def __post_init__(self) -> None:
        known = self.model.model_fields.keys()
        listed = self.upstream.lists.filters if self.upstream.lists else ()
        for table, names in (
            ("rename", {name.split(".")[0] for name in self.rename}),
            ("sorts", set(self.sorts)),
            ("searched", set(self.searched)),
            ("filters", set(listed)),
        ):
            if stray := names - known:
                raise TypeError(f"{self.path}: {table} names unknown fields {sorted(stray)}")
        for name, hint in typing.get_type_hints(self.model, include_extras=True).items():
            if name in known and kind_of(hint) is None and nested_of(hint) is None:
                raise TypeError(f"{self.path}.{name} has no kind")


def _parts(hint: Any) -> list[Any]:
    """The annotation itself, its metadata and its arguments, outermost first."""
    found = [hint, *getattr(hint, "__metadata__", ())]
    for inner in typing.get_args(hint):
        if inner is not type(None):
            found += _parts(inner)
    return found


def kind_of(hint: Any) -> Kind | None:
    """The kind in an annotation, if it has one."""
    return next((part for part in _parts(hint) if isinstance(part, Kind)), None)


def nested_of(hint: Any) -> type[Record] | None:
    """The record an annotation nests, if it nests one."""
    return next((part for part in _parts(hint) if isinstance(part, type) and issubclass(part, Record)), None)


def read_only(hint: Any) -> bool:
    """Whether the annotation is marked ReadOnly."""
    return Access.READ in _accesses(hint)


def kept(hint: Any) -> bool:
    """Whether the annotation is marked Kept."""
    return Access.KEEP in _accesses(hint)


def _accesses(hint: Any) -> list[Access]:
    return [part for part in _parts(hint) if isinstance(part, Access)]
