"""What requests and answers contain, for the documents: nothing here takes part in serving a request."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.core.declare.kinds import Text
from adapters.core.request.filters import Filters
from adapters.core.shapes import Shape


@dataclass(frozen=True, slots=True)
class Fields:
    """A body with the writable fields of `shape`; in a `partial` one all are optional and null clears (RFC 7396)."""

    name: str
    shape: Shape
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The body of a search over records of `shape`. `sorts` and `searched` are names in the same contract."""

    shape: Shape
    filters: Filters
    sorts: tuple[str, ...]
    searched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class One:
    """An answer with one record."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Many:
    """An answer with a page of records."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Words:
    """An answer with a list of words. `name` is what a client's type for it is called."""

    name: str
    element: Text


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file of records of `shape`, one a row; `writable`: with the columns that a client may set, else with all."""

    shape: Shape
    writable: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """An answer with the number of records that were made: `{"data": {"imported": 3}}`."""


Sent = Fields | Query | Table
Given = One | Many | Words | Table | Imported
