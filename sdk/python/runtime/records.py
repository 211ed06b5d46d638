"""Records: what the API answered, read by its fields. What this release does not know is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

R = TypeVar("R", bound="Record")

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


class Record:
    """What an answer holds. A record never changes: an update gives another one back."""

    _data: Mapping[str, Any]

    def __init__(self, data: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_data", data)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change: {name} is set by an update")

    def to_dict(self) -> Mapping[str, Any]:
        """Every member as it was answered, those that this release does not know too."""
        return self._data

    def __getitem__(self, name: str) -> Any:
        """A member as it was answered, whether this release knows it or not."""
        return self._data[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._data == getattr(other, "_data", None)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value!r}" for name, value in self._data.items())
        return f"{type(self).__name__}({members})"

    if not TYPE_CHECKING:
        # Hidden from type checkers, which would otherwise take any name for a member.
        def __getattr__(self, name: str) -> Any:
            """A member that this release does not know."""
            try:
                return object.__getattribute__(self, "_data")[name]
            except KeyError:
                raise AttributeError(f"{type(self).__name__} has no {name}") from None


def moment(text: str) -> datetime:
    """RFC 3339 → a datetime. Digits of a second beyond the sixth are left out."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a moment")
    whole, fraction, offset = found.groups()
    value = datetime.fromisoformat(f"{whole}{'+00:00' if offset == 'Z' else offset}")
    return value.replace(microsecond=int((fraction or "0")[:6].ljust(6, "0"))).astimezone(timezone.utc)


def day(text: str) -> date:
    """`2026-09-30` → a date."""
    return date.fromisoformat(text)


def one(find: Callable[[], type[R]]) -> Callable[[Any], R]:
    """What makes a record of an object. find: gives its class, which may be defined later or elsewhere."""
    return lambda value: find()(value)  # noqa: PLW0108 - not before there is a value


def many(find: Callable[[], type[R]]) -> Callable[[Any], list[R]]:
    """The same for a list of them."""
    return lambda values: [find()(value) for value in values]
