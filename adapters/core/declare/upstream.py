"""Where a resource's records live, and how its service searches and lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_EQUAL = frozenset({"eq", "contains_any"})
_WITHIN = frozenset({"gte", "lte", "between"})


@dataclass(frozen=True, slots=True)
class StructuredSearch:
    """`POST {path}/search` with a `where` tree: every operator of every kind is pushed down (internal-services.md)."""

    path: str = "/search"

    @property
    def default(self) -> str:
        """Where it is, behind the collection's path."""
        return self.path

    @property
    def style(self) -> str:
        """How pages follow one another: by the sort value and id of the last record."""
        return "key"

    @property
    def compares(self) -> Mapping[str, frozenset[str]] | None:
        """The fields that conditions may name; None for all that have operators."""
        return None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The list of a service: it compares the named public fields by equality, or tells whether a list has a word.

    `style` is how it pages: by page number, by offset or by its own cursor; or not at all (`whole`), and then the gateway
    filters, sorts and pages by itself, with every operator of every field, and finds single records too. `items` is what it
    calls the rows; None when they come as a bare array. ordered: a field that orders it and never changes, by which it may be
    walked for one record; None where there is none, and then no `get` is served via this list. ranges: fields of which the
    list takes a first and a last value, both inclusive, each with the names of these two parameters.
    """

    filters: tuple[str, ...] = ()
    style: Literal["page", "offset", "cursor", "whole"] = "page"
    items: str | None = "data"
    ordered: str | None = "created_at"
    # A resource is hashed with its list, and a mapping cannot be.
    ranges: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.style == "whole" and (self.filters or self.ranges):
            raise TypeError("a list that comes whole is filtered by every field: it names no filters")
        if self.items is None and self.style != "whole":
            raise TypeError("a bare array has no room to say how it pages")

    @property
    def default(self) -> str:
        """Where it is, behind the collection's path."""
        return ""

    @property
    def compares(self) -> Mapping[str, frozenset[str]] | None:
        """The fields that conditions may name, each with the operators that the list can answer; None for all there are."""
        if self.style == "whole":
            return None
        return {**dict.fromkeys(self.filters, _EQUAL), **dict.fromkeys(self.ranges, _WITHIN)}


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the records live: the service, the path of the collection, and how it is searched.

    listing: what the list beside a structured search can do, for deployments whose service has nothing else. patched:
    the only fields that its PATCH is documented to change; empty where it changes what it is sent.
    """

    service: str
    path: str
    search: StructuredSearch | ListQuery = StructuredSearch()
    listing: ListQuery | None = None
    patched: tuple[str, ...] = ()

    @property
    def lists(self) -> ListQuery | None:
        """The service's list, however it is searched."""
        return self.search if isinstance(self.search, ListQuery) else self.listing
