"""Values and the cells of a CSV file: lists are separated by `;`, objects are JSON, an empty cell is an absent value.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` (or a full-width form of these, or a tab or line break) for
a formula, and what a stranger once typed into a form would run on the desk of whoever opens an export (CWE-1236). Where
the separator of lists is `;`, as in half of Europe, a cell also begins behind each `;`, tab and line break of a text, for
there is no quotation mark in front. At each of these places an apostrophe is put before the formula, which spreadsheets
read as "this is text", and an import takes it off again: `undone(neutral(x)) == x` for every text. Three rules make that
so without harm:

- What begins with `+` or `-` and goes on in nothing but digits, blanks and `().,;/*#+-` stays as it is: phone numbers and
  amounts. Without a letter there is no function, reference or command; at worst a sum is added up.
- Where there are apostrophes already, and then one of these characters, one more is put, so none is lost on return.
- In JSON the character itself is escaped, as JSON may escape any.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from adapters.core.strict_json import encode

SEPARATOR = ";"
_BEGINS = "=+\\-@＝＋－＠"
_SUSPECT = re.compile(f"[;\t\r\n{_BEGINS}]")
_FIRST = f"'*(?: *[{_BEGINS}]|[\t\r\n])"
_BEHIND = f"'* *[{_BEGINS}]"
_BARE = re.compile(f"^(?={_FIRST})|(?<=[;\t\r\n])(?={_BEHIND})")
_ESCAPED = re.compile(f"^'(?={_FIRST})|(?<=[;\t\r\n])'(?={_BEHIND})")
_HARMLESS = re.compile(r"[+-][0-9 ().,;/*#+-]*")
_IN_JSON = re.compile(f"(?<=;)( *)([{_BEGINS}])")


def neutral(text: str) -> str:
    """Text as a spreadsheet may safely open it."""
    if not _SUSPECT.search(text) or _HARMLESS.fullmatch(text):
        return text
    return _BARE.sub("'", text)


def undone(text: str) -> str:
    """The inverse of `neutral`."""
    return _ESCAPED.sub("", text) if "'" in text else text


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
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return written([neutral(item) for item in value])
    cell = written(value)
    if isinstance(value, list | dict | msgspec.Struct):
        return _IN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", cell)
    return cell
