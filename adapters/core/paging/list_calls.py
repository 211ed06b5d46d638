"""One call of a service's list, in each of the ways that services page: by number, by offset, by a cursor of their own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import msgspec

from adapters.core.answer.replies import body_of
from adapters.core.calls import Call, Id, Place, Reply, Row, Window
from adapters.core.declare.upstream import ListQuery
from adapters.core.paging.spans import Span

Query = dict[str, Any]
_BOUNDS: dict[str, Callable[[tuple[str, str]], tuple[str, ...]]] = {
    "gte": lambda names: names[:1],
    "lte": lambda names: names[1:],
    "between": lambda names: names,
}


class _Pagination(msgspec.Struct):
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows that one call gave, as the collection was at that moment.

    start: 0-based place of the first, or where the collection ends when there is none; ended: no row follows the last;
    following: the service's cursor, if it gave one.
    """

    rows: list[Any]
    start: int
    ended: bool
    total: int | None = None
    following: str | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    """A service's list. read: its answers' decoder; beneath: the ids of the records in whose part of it we are."""

    place: Place
    style: str
    read: Callable[[bytes], Any]
    beneath: tuple[Id, ...] = ()

    def under(self, ids: tuple[Id, ...]) -> Lists:
        """The list beneath the records with these ids; the same where its path names none."""
        return replace(self, beneath=ids) if self.place else self

    def span(self, query: Query, span: Span) -> Generator[Call, Reply, Seen]:
        """The rows of a span, by page number or by offset."""
        where = {"offset": span.start} if self.style == "offset" else {"page": span.start // span.size + 1}
        found = yield from self._page({**query, **where, "limit": span.size})
        rows, start, total = found.rows, span.start, found.pagination.total
        ended = len(rows) < span.size or (total is not None and start + len(rows) >= total)
        if total is not None and not rows:
            start = min(start, total)
        return Seen(rows, start, ended, total)

    def after(self, query: Query, cursor: str | None, size: int) -> Generator[Call, Reply, Seen]:
        """The rows behind the service's own cursor, or the first ones."""
        where = {} if cursor is None else {"cursor": cursor}
        found = yield from self._page({**query, **where, "limit": size})
        return Seen(found.rows, 0, found.following is None, following=found.following)

    def _page(self, query: Query) -> Generator[Call, Reply, Any]:
        path = self.place.of(*self.beneath) + b"?" + urlencode(query).encode("ascii")
        reply = yield Call(self.place.service, b"GET", path)
        return self.read(body_of(reply, record=bool(self.beneath)))


def lists(place: Place, declared: ListQuery, listing: Callable[..., Any]) -> Lists:
    """The list at a place. listing: from_service.listing, of whatever its rows are decoded to."""
    told: tuple[Any, ...] = ("pagination", _Pagination)
    if declared.style == "cursor":
        told = ("following", str | None, None)
    return Lists(place, declared.style, listing(declared.items, told, following="nextCursor"))


def query_of(window: Window, held: Mapping[str, str], ranges: Mapping[str, tuple[str, str]]) -> Query:
    """The window's filters, text and order as query parameters. `held`: today's field names → the service's; `ranges`: by
    the service's name of a field, the parameters that take its first and its last value.
    """
    query: Query = {"search": window.text} if window.text else {}
    for leaf in _leaves(window.where):
        query |= dict(_parameters(leaf, ranges))
    return {**query, "sort": held[window.order_by], "order": "desc" if window.descending else "asc"}


def _parameters(leaf: Row, ranges: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    name, operator = leaf["field"], leaf["op"]
    values = leaf["value"] if isinstance(leaf["value"], list) else [leaf["value"]]
    if operator in _BOUNDS:
        yield from zip(_BOUNDS[operator](ranges[name]), values, strict=True)
    else:
        yield name, str(values[0]).lower() if isinstance(values[0], bool) else values[0]


def _leaves(where: Row | None) -> Iterator[Row]:
    """The conditions of a tree; the grammar has let nothing through but conditions that all must hold."""
    if where is not None and "and" in where:
        for part in where["and"]:
            yield from _leaves(part)
    elif where is not None:
        yield where
