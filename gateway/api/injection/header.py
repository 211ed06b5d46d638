"""The value of `Test-Fault` → the fault it names, with its values.

An item with parameters as in RFC 9651 § 3.3, whose own value may stand behind `=`: `NAME[=value][; key=value]…`. A value may
be quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.core.request.json_body import nearest
from gateway.api.injection.declared import Injection, Scene, Values
from gateway.problems import BadRequest

NAME: Final = "Test-Fault"
HEADER: Final = b"test-fault"
MOST: Final = 200  # bytes of a value

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PAIR: Final = re.compile(r'[ \t]*([^=; \t",]*)(?:=(?:"([^"\\]*)"|([^"; \t,]*)))?[ \t]*')


@dataclass(frozen=True, slots=True)
class Asked:
    """A fault that a call is to meet. text: as it was written."""

    text: str
    injection: Injection
    values: Values

    def applied(self, scene: Scene) -> Scene:
        """The call with the fault in it. BadRequest where it cannot happen: nothing is let pass as if it had."""
        where = self.injection.where
        if not where.holds(scene.operation, scene.exchange):
            raise invalid(f"The fault {self.injection.name} happens to {where.told} only, and this is none.")
        return self.injection.change(scene, self.values)


def read(text: str, known: Mapping[str, Injection]) -> Asked:
    """The fault that `text` asks for. BadRequest says what is wrong with it."""
    if len(text) > MOST:
        raise invalid(f"A fault is written in at most {MOST} characters.")
    if "," in text:
        raise invalid("One fault is asked for at a time.")
    pairs = [_pair(each) for each in text.split(";")]
    (name, own), given = pairs[0], pairs[1:]
    injection = known.get(name)
    if injection is None:
        near = nearest(name, known) or f" There are {', '.join(sorted(known))}."
        raise invalid(f"There is no fault {name[:64]!r}.{near}")
    if own is not None:
        given.insert(0, ("", own))
    return Asked(text, injection, _values(injection, given))


def invalid(detail: str) -> BadRequest:
    """The 400 for a header that is wrong."""
    return BadRequest("parameter_invalid", f"{NAME}: {detail} Nothing was done.", members={"header": NAME})


def refused() -> BadRequest:
    """The 400 for a call that is not in test mode: whoever sends it takes it for one that is."""
    return BadRequest(
        "parameter_unknown",
        f"{NAME} is for calls in test mode, and this is a live token. Nothing was done: leave the header out, or use the "
        "token of a sandbox.",
        members={"header": NAME},
    )


def _pair(text: str) -> tuple[str, str | None]:
    found = _PAIR.fullmatch(text)
    if found is None or not _NAME.fullmatch(found[1]):
        raise invalid(f"It is written NAME, NAME=value or NAME; key=value, which {text.strip()[:64]!r} is no part of.")
    name, quoted, plain = found.groups()
    return name, plain if quoted is None else quoted


def _values(injection: Injection, given: list[tuple[str, str | None]]) -> Values:
    values: dict[str, float] = {}
    for name, text in given:
        takes, shown = injection.takes.get(name), f"{injection.name}; {name}" if name else injection.name
        if takes is None:
            has = ", ".join(each for each in injection.takes if each) or "none"
            what = f"has no parameter {name!r}: it has {has}" if name else "takes no value of its own"
            raise invalid(f"The fault {injection.name} {what}.")
        if name in values:
            raise invalid(f"{shown} is given twice.")
        value = None if text is None else takes.read(text)
        if value is None:
            raise invalid(f"{shown} is {takes.told}.")
        values[name] = value
    for name, takes in injection.takes.items():
        if name not in values and takes.usual is None:
            raise invalid(f"{injection.name} needs a value: {injection.name}={{…}}, {takes.told}.")
        values.setdefault(name, takes.usual or 0.0)
    return values
