"""Where a resource's records live, and how its service searches and lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
    def compares(self) -> tuple[str, ...] | None:
        """The fields that conditions may name; None for all that have operators."""
        return None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The list of a service: it compares the named public fields by equality, or tells whether a list has a word.

    `style` is how it pages: by page number, by offset or by its own cursor; `items` is what it calls the rows.
    """

    filters: tuple[str, ...] = ()
    style: Literal["page", "offset", "cursor"] = "page"
    items: str = "data"

    @property
    def default(self) -> str:
        """Where it is, behind the collection's path."""
        return ""

    @property
    def compares(self) -> tuple[str, ...] | None:
        """The fields that conditions may name, each compared with one value."""
        return self.filters


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
