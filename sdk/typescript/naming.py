"""Names as TypeScript has them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sdk.model import Type


def camel(name: str) -> str:
    """`list_notes` → `listNotes`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def pascal(name: str) -> str:
    """`journal_entries` → `JournalEntries`."""
    return "".join(word.capitalize() for word in name.split("_"))


def union(words: Iterable[str]) -> str:
    """A type of these very texts."""
    return " | ".join(json.dumps(each) for each in words)


def doc(text: str, indent: str = "  ") -> str:
    """A comment on one line; nothing where there is nothing to say."""
    # What a text says is never the end of the comment.
    told = " ".join(text.split()).replace("*/", "*\\/")
    return f"{indent}/** {told} */\n" if told else ""


def written(given: Type, *, sent: bool = False) -> str:
    """A type in TypeScript. sent: of what a request holds: enums are closed there, lists only read."""
    text = _plain(given, sent=sent)
    return f"{text} | null" if given.nullable and text != "unknown" else text


def _plain(given: Type, *, sent: bool) -> str:
    match given.kind:
        case "string" | "datetime" | "date":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "boolean"
        case "enum":
            return union(given.values) if sent else f"Open<{union(given.values)}>"
        case "shape":
            return given.shape
        case "map":
            return "Record<string, unknown>"
        case "list" if given.item is not None:
            item = written(given.item, sent=sent)
            whole = f"({item})" if "|" in item else item
            return f"readonly {whole}[]" if sent else f"{whole}[]"
        case _:
            return "unknown"
