"""What may differ between two dated contracts, as values. Code knows only the newest; a contract is a list of these.

Every change carries the `why` that the public changelog prints, and obeys `down(up(x)) == x`: what a client of the
older contract writes, it reads back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from datetime import date
from typing import Any

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A field that has a new name: in bodies, filters, `order_by` and pointers alike."""

    resource: str
    old: str
    new: str
    why: str

    @property
    def name(self) -> str:
        """What the older contract has, `deals.title`: what its usage is counted by."""
        return f"{self.resource}.{self.old}"

    @property
    def field(self) -> str:
        """The field as the older contract calls it."""
        return self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshaped:
    """A field whose value has another form, and perhaps another name.

    hint: the annotation of the old field; up: old value → new; down: new value → old; neither is given a missing value,
    both are given None. merge(old value written, new value as it is now) → new value: what a PATCH in the old form does
    to a newer value that holds more than the old form shows. operators: old filter operator → new one; besides: a second
    new operator, without value, that must hold too (negative operators do not match null, but may match an empty list).
    """

    resource: str
    old: str
    new: str
    hint: Any
    up: Callable[[Any], Any]
    down: Callable[[Any], Any]
    merge: Callable[[Any, Any], Any]
    operators: Mapping[str, str]
    besides: Mapping[str, str] = member(default_factory=dict)
    description: str
    example: object
    why: str

    @property
    def name(self) -> str:
        """What the older contract has, `contacts.phone`."""
        return f"{self.resource}.{self.old}"

    @property
    def field(self) -> str:
        """The field as the older contract calls it."""
        return self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRenamed:
    """A word of a choice that is written differently."""

    resource: str
    field: str
    old: str
    new: str
    why: str

    @property
    def name(self) -> str:
        """What the older contract has, `activities.type=mail`."""
        return f"{self.resource}.{self.field}={self.old}"


Change = Renamed | Reshaped | ValueRenamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A dated contract: its date (YYYY-MM-DD), what it is about, and what it changed with respect to the one before it.

    TypeError at import for what is no date.
    """

    date: str
    summary: str
    changes: tuple[Change, ...] = member(default_factory=tuple)

    def __post_init__(self) -> None:
        if not _DATE.fullmatch(self.date) or not _is_day(self.date):
            raise TypeError(f"{self.date!r} is not the date of a contract: write YYYY-MM-DD")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
