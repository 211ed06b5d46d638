"""A body checked whole against a contract's shape."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, SchemaValidator, core_schema

from adapters.core.faults import FieldError, Invalid
from adapters.core.request.said import sentence
from adapters.core.shapes import Field, Shape

MOST_ERRORS = 50


def pointer(path: Iterable[str | int]) -> str:
    """Path → JSON pointer (RFC 6901). A name of more than 128 characters is nobody's field, and ends in an ellipsis there."""
    return "".join("/" + _shortened(str(step)).replace("~", "~0").replace("/", "~1") for step in path)


def _shortened(step: str) -> str:
    return step if len(step) <= 128 else f"{step[:128]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that suggests the known name close to `name`, or nothing."""
    close = difflib.get_close_matches(name[:64], list(known), 1, 0.75)
    return f" Did you mean {close[0]}?" if close else ""


_CODES = {
    "missing": "required",
    "extra_forbidden": "field_unknown",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "too_short": "too_short",
    "object_too_long": "too_long",
    "string_pattern_mismatch": "format_invalid",
    "literal_error": "value_unknown",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
}
_OWN = (
    "out_of_range",
    "not_positive",
    "id_invalid",
    "datetime_invalid",
    "date_invalid",
    "currency_unknown",
    "name_invalid",
    "format_invalid",
)


def describe(
    error: ErrorDetails, names: Iterable[str] = (), computed: Iterable[str] = (), fixed: Iterable[str] = ()
) -> FieldError:
    """A validator's error → one entry of `errors`. `names` may be suggested; `computed` are the read-only ones,
    `fixed` those that only a create may send.
    """
    kind = error["type"]
    code = _CODES.get(kind) or (kind if kind in _OWN else "type_invalid")
    where = pointer(_place(error))
    match code:
        case "required":
            return FieldError(where, code, "This field is required.")
        case "field_unknown" if str(error["loc"][-1]) in fixed:
            return FieldError(where, "immutable", "This field is set once, when the record is made.")
        case "field_unknown" if str(error["loc"][-1]) in computed:
            return FieldError(where, "field_read_only", "This field is set by the system and cannot be sent.")
        case "field_unknown":
            return FieldError(where, code, f"There is no such field here.{nearest(str(error['loc'][-1]), names)}")
        case "value_unknown":
            return FieldError(where, code, sentence(error), choices(error))
    return FieldError(where, code, sentence(error))


def choices(error: ErrorDetails) -> tuple[str, ...]:
    """The words of which one is asked for."""
    return tuple(word.strip().strip("'") for word in error["ctx"]["expected"].replace(" or ", ", ").split(","))


def _place(error: ErrorDetails) -> tuple[str | int, ...]:
    """Where the error is. What is wrong with a key itself is told as one step more; a field may be called the same."""
    place = error["loc"]
    return place[:-1] if place[-1:] == ("[key]",) and error["type"] != "extra_forbidden" else place


def body_schema(shape: Shape, *, partial: bool, again: bool = False) -> core_schema.CoreSchema:
    """The schema of a body in `shape`: a create (required fields demanded) or a PATCH (all optional, null clears).

    again: that of a record in a list of a PATCH, which is whole and may say which of those that are there it is.
    """
    members = {}
    for field in shape.fields:
        if field.sendable(partial=partial, again=again):
            members[field.name] = core_schema.typed_dict_field(
                _member(field, partial=partial), required=field.required and not partial
            )
    return core_schema.typed_dict_schema(members, extra_behavior="forbid", strict=True, total=False)


def _member(field: Field, *, partial: bool) -> core_schema.CoreSchema:
    if field.nested is not None:
        # A list is replaced whole, so what is in it is whole too.
        value = body_schema(field.nested, partial=partial and not field.many, again=partial and field.many)
        if field.many:
            least, most = (field.bounds.least, field.bounds.most) if field.bounds else (None, None)
            value = core_schema.list_schema(value, strict=True, min_length=least or None, max_length=most)
    else:
        assert field.kind is not None
        value = field.kind.core()
    return core_schema.nullable_schema(value) if field.takes_null(partial=partial) else value


Level = tuple[str, ...]


Names = tuple[frozenset[str], frozenset[str], frozenset[str]]


def _levels(shape: Shape, *, partial: bool, again: bool = False, at: Level = ()) -> Iterator[tuple[Level, Names]]:
    """For the body and each object in it: where it is, and the names that may be sent there, that are read-only, and
    that may not be sent any more.
    """
    computed = frozenset(field.name for field in shape.fields if field.read_only or (field.names_row and not again))
    fixed = frozenset(field.name for field in shape.fields if partial and field.fixed and not field.read_only)
    yield at, (frozenset(shape.named()) - computed - fixed, computed, fixed)
    for field in shape.fields:
        if field.nested is not None:
            inner = partial and not field.many
            yield from _levels(field.nested, partial=inner, again=partial and field.many, at=(*at, field.name))


class Document:
    """A compiled body: `read(document)` gives the fields that were sent, by their name in the contract."""

    __slots__ = ("_levels", "_validate")

    def __init__(self, shape: Shape, *, partial: bool) -> None:
        self._validate = SchemaValidator(body_schema(shape, partial=partial)).validate_python
        self._levels = dict(_levels(shape, partial=partial))

    def read(self, document: Any) -> dict[str, Any]:
        """A parsed document → its fields; Invalid names every error by its pointer."""
        try:
            fields: dict[str, Any] = self._validate(document)
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise Invalid([self._described(each) for each in found[:MOST_ERRORS]]) from None
        return fields

    def _described(self, error: ErrorDetails) -> FieldError:
        at = tuple(step for step in error["loc"][:-1] if isinstance(step, str))
        return describe(error, *self._levels.get(at, ()))
