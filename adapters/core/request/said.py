"""What a validator found → one sentence in our words: its own name kinds of a language that clients do not write in."""

from __future__ import annotations

from pydantic_core import ErrorDetails

from adapters.core.declare.text_patterns import TOLD

_TYPES = {
    "string_type": "This must be text",
    "int_type": "This must be a whole number",
    "int_from_float": "This must be a whole number",
    "bool_type": "This must be true or false",
    "list_type": "This must be a list",
    "dict_type": "This must be an object",
}
_WRITTEN_BARE = ("int_type", "bool_type")


def sentence(error: ErrorDetails) -> str:
    """What is wrong with a value. The error must know its input, for what is right depends on what was sent."""
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "string_pattern_mismatch":
            return TOLD.get(context["pattern"], "Not of the form this field has.")
        case "literal_error":
            return "Not one of the values this field can hold."
        case "string_too_short" | "too_short" if context["min_length"] == 1:
            return "This must not be empty."
        case "string_too_short":
            return f"This must have at least {context['min_length']} characters."
        case "string_too_long":
            return f"This must have at most {context['max_length']} characters."
        case "too_short":
            return f"This list has fewer than {context['min_length']} entries."
        case "too_long" if context["field_type"] == "Dictionary":
            return f"This object has more than {context['max_length']} names."
        case "too_long":
            return f"This list has more than {context['max_length']} entries."
        case "greater_than_equal":
            return f"This must not be less than {context['ge']}."
        case "less_than_equal":
            return f"This must not be more than {context['le']}."
    return f"{_TYPES[kind]}{_hint(kind, error['input'])}." if kind in _TYPES else f"{error['msg']}."


def _hint(kind: str, sent: object) -> str:
    """What a writer of JSON most likely meant, where the type alone would not tell."""
    if sent is None:
        return ", and cannot be null"
    if kind == "string_type" and type(sent) in (int, float):
        return ", so a number stands in quotation marks"
    return ", without quotation marks" if kind in _WRITTEN_BARE and type(sent) is str else ""
