"""Values and the cells of a CSV file: lists are separated by `;`, objects are JSON, an empty cell is an absent value.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` (or a full-width form of these, or a tab or line break) for
a formula, and what a stranger once typed into a form would run on the desk of whoever opens an export (CWE-1236). Such a
cell, or item of a list, is exported with an apostrophe in front, which spreadsheets read as "this is text", and an
import takes it off again: `undone(neutral(x)) == x` for every text. Two rules make that so without harm:

- What begins with `+` or `-` and goes on in nothing but digits, blanks and `().,;/*#+-` stays as it is: phone numbers and
  amounts. Without a letter there is no function, reference or command; at worst a sum is added up.
- A text that already begins with apostrophes and then one of these characters gets one more, so none is lost on return.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from adapters.core.strict_json import encode

SEPARATOR = ";"
_FIRST = frozenset("'=+-@\t\r\n＝＋－＠")
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_HARMLESS = re.compile(r"[+-][0-9 ().,;/*#+-]*")
_ESCAPED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")


def neutral(text: str) -> str:
    """Text as a spreadsheet may safely open it."""
    if text[:1] in _FIRST and _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return "'" + text
    return text


def undone(text: str) -> str:
    """The inverse of `neutral`."""
    return text[1:] if text[:1] == "'" and _ESCAPED.match(text) else text


def written(value: Any) -> str:
    """A value → its cell, as the service is sent it."""
    if isinstance(value, str):
        return value
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return SEPARATOR.join(value)
    return encode(value).decode() if isinstance(value, list | dict | msgspec.Struct) else str(value)


def shown(value: Any) -> str:
    """A public value → its cell, safe to open in a spreadsheet."""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, list):
        value = [neutral(item) if isinstance(item, str) else item for item in value]
    return written(value)
