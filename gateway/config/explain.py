"""Turns what pydantic found into faults a person can act on."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gateway.config.document import Document
from gateway.config.faults import Fault, dotted
from gateway.config.section import Section
from gateway.config.settings import Settings

_KEY = "[key]"  # what pydantic appends when the key of a map, not its value, is wrong
# Such as `[key]`, or `function-after[origin(), str]` for one of several validators: no part of a place.
_OF_PYDANTIC = re.compile(r"([a-z-]+)?\[.*\]")
_NOT_A_SECTION = {"model_type", "model_attributes_type", "dict_type", "mapping_type"}


def explained(error: ValidationError, document: Document) -> Iterator[Fault]:
    """One fault for every error, with the key's own description as the fix where the error knows none."""
    for detail in error.errors(include_url=False, include_input=False):
        key = tuple(str(part) for part in detail["loc"] if not _OF_PYDANTIC.fullmatch(str(part)))
        problem, fix = _said(detail, key)
        yield Fault(dotted(key) or "configuration", problem, fix, document.source(key))


def _said(detail: ErrorDetails, key: tuple[str, ...]) -> tuple[str, str]:
    context = detail.get("ctx", {})
    description = _described(key)
    match detail["type"]:
        case "refused":
            return context["problem"], context["fix"]
        case "extra_forbidden":
            section = _section(key[:-1])
            return "is not a key here", suggestion(key[-1], section.model_fields if section else ())
        case "literal_error" if _KEY in detail["loc"]:
            return "is not a key here", suggestion(key[-1], _names(key[:-1]))
        case "missing":
            return "is missing", f"Add it. {description}"
        case kind if kind in _NOT_A_SECTION:
            return "is not a section", f"Write keys and values under it. {description}".rstrip()
        case kind if kind.startswith("date"):
            return "is not a date", "Write YYYY-MM-DD."
    return detail["msg"].replace("Input should", "should", 1), description


def suggestion(name: str, known: Iterable[str]) -> str:
    """`Did you mean x?` where something is close, else what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Remove it; known here: {', '.join(names)}."


def _section(key: tuple[str, ...]) -> type[Section] | None:
    annotation: Any = Settings
    for part in key:
        if isinstance(annotation, type) and issubclass(annotation, Section):
            field = annotation.model_fields.get(part)
            annotation = _value(field.annotation) if field else None
        else:
            annotation = _value(_item(annotation))
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def _value(annotation: Any) -> Any:
    """The annotation without Annotated and None around it."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    return annotation


def _item(annotation: Any) -> Any:
    """What a list or map of this annotation holds."""
    holds = get_origin(annotation)
    if holds is tuple:
        return get_args(annotation)[0]
    return get_args(annotation)[1] if isinstance(holds, type) and issubclass(holds, Mapping) else None


def _field(key: tuple[str, ...]) -> FieldInfo | None:
    section = _section(key[:-1])
    return section.model_fields.get(key[-1]) if section else None


def _described(key: tuple[str, ...]) -> str:
    # The item of a list, or the entry of a map, is described with the list or the map.
    while key:
        field = _field(key)
        if field is not None and field.description:
            return field.description
        key = key[:-1]
    return ""


def _names(key: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that a map with a closed set of keys may have."""
    field = _field(key)
    return get_args(get_args(_value(field.annotation))[0]) if field else ()
