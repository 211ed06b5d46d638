"""What the search of the documentation looks through: one small file for each contract, loaded when somebody searches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.error_codes import error_codes, field_codes
from gateway.reference.fields import Field
from gateway.reference.guides import Guide
from gateway.reference.operations import Contents, Group

Row = tuple[str, str, str, str]
"""Kind, title, what stands below it, address."""

_MARKS: Final = re.compile(r"[`*]|\]\([^)]*\)|\[")
_LONGEST: Final = 110


def rows(read: Contents, root: str, guides: Sequence[Guide]) -> list[Row]:
    """Operations, objects with their fields, errors and guides; each with the address of the place where it is told.

    `root`: the address that groups of the contract stand below.
    """
    found: list[Row] = []
    for group in read.groups.values():
        found += _of_group(group, f"{root}/{group.name}")
    for name, code in error_codes().items():
        found.append(("error", name, _short(code.meaning), f"/docs/errors#{name}"))
    for name, meaning in field_codes().items():
        found.append(("error", name, _short(meaning), f"/docs/errors#field-{name}"))
    for guide in guides:
        found.append(("guide", guide.title, "", f"/docs/{guide.slug}"))
        found += [
            ("guide", _short(words), guide.title, f"/docs/{guide.slug}#{fragment}")
            for fragment, words in guide.sections.items()
        ]
    return found


def _of_group(group: Group, address: str) -> Iterator[Row]:
    told: set[str] = set()
    for entry in group.entries:
        yield "operation", entry.title, f"{entry.method} {entry.path}", f"{address}#{entry.id}"
    for each in group.objects:
        yield "object", each.name, _short(each.text), f"{address}#{each.name}"
        yield from _fields(each.fields, each.name, f"{address}#{each.name}", told, "")
    # What is only sent: a field that the object has is told there.
    for entry in group.entries:
        sent = [(fields, place) for place, fields in entry.parameters.items()]
        sent += [(body.fields, "body" if body is entry.bodies[0] else "form") for body in entry.bodies]
        for fields, place in sent:
            yield from _fields(fields, entry.title, f"{address}#{entry.id}.{place}", told, "")


def _fields(fields: Sequence[Field], of: str, address: str, told: set[str], within: str) -> Iterator[Row]:
    for field in fields:
        name = f"{within}{field.name}"
        if name not in told:
            told.add(name)
            text = f"{of}: {_short(field.text)}" if field.text else of
            yield "field", name, text, f"{address}.{field.name}"
        yield from _fields(field.fields, of, f"{address}.{field.name}", told, f"{name}.")


def _short(text: str) -> str:
    """The first sentence without marks, and not too much of it."""
    plain = _MARKS.sub("", text).partition(". ")[0].rstrip(".")
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST].rsplit(' ', 1)[0]}…"
