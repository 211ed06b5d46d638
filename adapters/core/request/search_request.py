"""A search request → the window it asks for; a window → the body of a structured search, anchored by key.

Paging is by key, not by offset: the cursor carries the sort value and id of the last record seen, and the next page
asks for what lies beyond them. So records inserted or deleted while a client walks neither repeat nor hide another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema

from adapters.core.calls import Row, Window
from adapters.core.declare.text_patterns import LINE
from adapters.core.faults import BadParameter, FieldError, Invalid
from adapters.core.paging.anchors import Anchor
from adapters.core.request.filters import Filters
from adapters.core.request.json_body import MOST_ERRORS, describe
from adapters.core.request.selection import FIELDS, Selection
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode

DEFAULT_LIMIT, MOST_LIMIT, MOST_TEXT = 25, 100, 256
MEMBERS = ("filters", "search_text", "order_by", "sort_direction", "limit", "cursor", FIELDS)


class SearchRequest:
    """The compiled request of `POST /{resource}/search` in one contract. selection: the fields that it may choose, if it may."""

    __slots__ = ("_check", "_selection", "_sort", "_sorts", "filters", "sorts")

    def __init__(
        self, shape: Shape, filters: Filters, sorts: tuple[str, ...], selection: Selection | None = None
    ) -> None:
        self.filters, self._selection = filters, selection
        named = {field.today: field.name for field in shape.fields}
        self._sorts = {named[sort]: sort for sort in sorts}
        self.sorts = tuple(self._sorts)
        self._sort = self.sorts[0]
        member = core_schema.typed_dict_field
        self._check = SchemaValidator(
            core_schema.typed_dict_schema(
                {name: member(core_schema.nullable_schema(schema)) for name, schema in self._members().items()},
                extra_behavior="forbid",
                total=False,
            )
        ).validate_python

    def _members(self) -> dict[str, core_schema.CoreSchema]:
        selected = {} if self._selection is None else {FIELDS: self._selection.core()}
        return {
            **selected,
            "filters": core_schema.any_schema(),
            "search_text": core_schema.str_schema(strict=True, max_length=MOST_TEXT, pattern=LINE),
            "order_by": core_schema.literal_schema(list(self.sorts)),
            "sort_direction": core_schema.literal_schema(["asc", "desc"]),
            "limit": core_schema.int_schema(strict=True, ge=1, le=MOST_LIMIT),
            "cursor": core_schema.str_schema(strict=True),
        }

    def read(self, document: Any) -> tuple[Window, str | None]:
        """A parsed body → the window and the sealed cursor that came with it; Invalid names every fault."""
        try:
            sent: dict[str, Any] = self._check(document)
        except ValidationError as error:
            found = error.errors(include_url=False)
            faults = [describe(each, MEMBERS) for each in found[:MOST_ERRORS]]
            raise Invalid([*faults, *self._filter_faults(document)]) from None
        # Null is as good as not sent (contract.md, "Search"), and so is the empty text.
        told = sent.get
        filters = told("filters")
        window = Window(
            told("limit") or DEFAULT_LIMIT,
            self.filters.read(filters) if filters is not None else None,
            told("search_text") or None,
            self._sorts[told("order_by") or self._sort],
            told("sort_direction") != "asc",
        )
        return window, told("cursor")

    def chosen(self, document: Any) -> frozenset[str] | None:
        """The fields that a body, which was read, wants answered; None for all."""
        return None if self._selection is None else self._selection.chosen(document.get(FIELDS))

    def _filter_faults(self, document: Any) -> list[FieldError]:
        if isinstance(document, dict) and document.get("filters") is not None:
            try:
                self.filters.read(document["filters"])
            except Invalid as invalid:
                return invalid.errors
        return []


def identity(window: Window, scope: str) -> list[Any]:
    """What a cursor is bound to: everything that decides which records lie on which page. `scope` names the collection."""
    return [scope, window.where, window.text, window.order_by, window.descending, window.limit]


@dataclass(frozen=True, slots=True)
class Sort:
    """A field to order by: the service's name for it, and whether it holds free text, in which "" is a value of its own."""

    held: str
    text: bool
    begun: tuple[bytes, bytes] = field(init=False, repr=False, compare=False)
    """How a structured search begins that is in this order: rising, falling."""

    def __post_init__(self) -> None:
        rising, falling = ({"sort": {"field": self.held, "dir": direction}} for direction in ("asc", "desc"))
        object.__setattr__(self, "begun", (encode(rising)[:-1], encode(falling)[:-1]))


def structured(window: Window, sort: Sort, anchor: Anchor | None) -> bytes:
    """The body of the service's structured search for one page and one record more, which tells whether there is a next.

    anchor: the last record of the page before.
    """
    where = window.where
    if anchor is not None:
        further = beyond(anchor, sort, descending=window.descending)
        where = {"and": [where, further]} if where else further
    body = b'%b,"limit":%d' % (sort.begun[window.descending], window.limit + 1)
    if where:
        body += b',"where":' + encode(where)
    if window.text:
        body += b',"search":' + encode(window.text)
    return body + b"}"


def beyond(anchor: Anchor, sort: Sort, *, descending: bool) -> Row:
    """The condition that a record lies after the anchor.

    Services sort null lowest and break ties by id in the same direction (internal-services.md, "structured search"). Their
    `isNull` takes "" for null, which the order does not: so a text is told from null by whether it compares with "".
    """
    past = "lt" if descending else "gt"
    tie: Row = {"field": "id", "op": past, "value": anchor.id}
    some: Row = {"field": sort.held, "op": "notNull"}
    none: Row = {"field": sort.held, "op": "isNull"}
    if sort.text:
        some = {"field": sort.held, "op": "gte", "value": ""}
        none = {"not": some}
    if anchor.value is None:
        level: Row = {"and": [none, tie]}
        return level if descending else {"or": [level, some]}
    level = {"and": [{"field": sort.held, "op": "eq", "value": anchor.value}, tie]}
    further: Row = {"field": sort.held, "op": past, "value": anchor.value}
    return {"or": [further, level, none]} if descending else {"or": [further, level]}


def query_window(query: Mapping[str, str], order_by: str) -> tuple[Window, str | None]:
    """`limit` and `cursor` of a related list's query → the window; BadParameter when the limit is none."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_LIMIT):
        raise BadParameter("parameter_invalid", f"The limit is a whole number from 1 to {MOST_LIMIT}.")
    return Window(limit=int(text), order_by=order_by), query.get("cursor")
