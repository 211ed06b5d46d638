"""Which fields of the records an answer is to have: `fields`, in a body or in the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic_core import core_schema

from adapters.core.faults import FieldError, Invalid
from adapters.core.request.json_body import MOST_ERRORS, nearest
from adapters.core.shapes import Shape

MOST_FIELDS = 100
FIELDS = "fields"
"""The member of a body and the query parameter."""


class Selection:
    """The fields of a shape as clients of its contract may choose among them. The id is always answered."""

    __slots__ = ("_always", "names")

    def __init__(self, shape: Shape) -> None:
        self.names = tuple(field.name for field in shape.fields)
        self._always = frozenset(field.name for field in shape.fields if field.today == "id")

    def core(self) -> core_schema.CoreSchema:
        """What a body may hold."""
        names = core_schema.literal_schema(list(self.names))
        return core_schema.list_schema(names, strict=True, min_length=1, max_length=MOST_FIELDS)

    def chosen(self, names: Iterable[str] | None) -> frozenset[str] | None:
        """Checked names → the fields to answer; None for all."""
        return None if names is None else self._always.union(names)

    def of_query(self, query: Mapping[str, str]) -> frozenset[str] | None:
        """The same of a query, which has them apart by commas; Invalid names every one that is none."""
        text = query.get(FIELDS)
        if text is None:
            return None
        names = text.split(",")
        faults = [
            FieldError(
                f"/{FIELDS}/{place}",
                "value_unknown",
                f"There is no such field here.{nearest(name, self.names)}",
                self.names,
            )
            for place, name in enumerate(names)
            if name not in self.names
        ]
        if faults:
            raise Invalid(faults[:MOST_ERRORS])
        return self.chosen(names)
