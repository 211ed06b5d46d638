"""The fields of records: values on a record, conditions for a search on its class.

`contact.lead_score` is the value; `Contact.lead_score >= 50` is a condition. Conditions are joined by `&`, `|` and `~`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
F = TypeVar("F", bound="Field[Any]")


def plain(value: Any) -> Any:
    """A value as it is sent: moments in UTC, amounts and days as texts, records and conditions as what they hold.

    Raises ValueError for a moment without an offset, which could mean any of a day's.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no offset from UTC: give it one, such as tzinfo=timezone.utc")
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return value


class Condition:
    """Something that holds of a record or not, for the `where` of a search."""

    __slots__ = ("_node",)

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._node = node

    def to_dict(self) -> dict[str, Any]:
        """The condition as the API takes it."""
        node: dict[str, Any] = plain(self._node)
        return node

    def __and__(self, other: Condition) -> Condition:
        return Condition({"all": [self, other]})

    def __or__(self, other: Condition) -> Condition:
        return Condition({"any": [self, other]})

    def __invert__(self) -> Condition:
        return Condition({"not": self})

    def __bool__(self) -> bool:
        raise TypeError(
            "a condition is asked of the API, not of Python: join conditions with & and |, not with and, or"
        )

    def __repr__(self) -> str:
        return f"Condition({self.to_dict()!r})"


def all_of(*conditions: Condition) -> Condition:
    """Every one of them holds."""
    return Condition({"all": list(conditions)})


def any_of(*conditions: Condition) -> Condition:
    """At least one of them holds."""
    return Condition({"any": list(conditions)})


class Field(Generic[T]):
    """A field that searches take no conditions on. `convert`: its JSON, never null → its value."""

    def __init__(self, doc: str = "", convert: Callable[[Any], Any] | None = None, name: str = "") -> None:
        self.__doc__ = doc
        self.name = name
        self._convert = convert

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    @overload
    def __get__(self: F, record: None, owner: type) -> F: ...
    @overload
    def __get__(self, record: object, owner: type) -> T: ...
    def __get__(self, record: Any, owner: type) -> Any:
        if record is None:
            return self
        try:
            value = record.to_dict()[self.name]
        except KeyError:
            raise AttributeError(f"{self.name} is not in this answer: was it asked for with `fields`?") from None
        return value if value is None or self._convert is None else self._convert(value)

    def __repr__(self) -> str:
        return f"<field {self.name}>"


class Emptiable(Field[T]):
    """A field that may be empty."""

    def _is(self, operator: str, value: Any) -> Condition:
        return Condition({"field": self.name, "operator": operator, "value": value})

    def _among(self, operator: str, values: Iterable[Any]) -> Condition:
        return Condition({"field": self.name, "operator": operator, "values": list(values)})

    def is_empty(self) -> Condition:
        """It has no value."""
        return Condition({"field": self.name, "operator": "is_empty"})

    def is_not_empty(self) -> Condition:
        """It has a value."""
        return Condition({"field": self.name, "operator": "is_not_empty"})


class Exact(Emptiable[T]):
    """A field that is compared with one value or several. `== None` is is_empty()."""

    def __eq__(self, value: T) -> Condition:  # type: ignore[override]
        return self.is_empty() if value is None else self._is("eq", value)

    def __ne__(self, value: T) -> Condition:  # type: ignore[override]
        return self.is_not_empty() if value is None else self._is("neq", value)

    __hash__ = object.__hash__

    def is_in(self, values: Iterable[T]) -> Condition:
        """It is one of these, at most 100."""
        return self._among("in", values)

    def not_in(self, values: Iterable[T]) -> Condition:
        """It has a value, which is none of these."""
        return self._among("not_in", values)


class Text(Exact[T]):
    """A text, compared without regard to case by the operators for parts of it."""

    def contains(self, part: str) -> Condition:
        """The part stands in it."""
        return self._is("contains", part)

    def not_contains(self, part: str) -> Condition:
        """It has a value, in which the part does not stand."""
        return self._is("not_contains", part)

    def starts_with(self, part: str) -> Condition:
        """It begins with the part."""
        return self._is("starts_with", part)

    def ends_with(self, part: str) -> Condition:
        """It ends with the part."""
        return self._is("ends_with", part)


class Ordered(Exact[T]):
    """A number, an amount, a day or a moment."""

    def __gt__(self, value: T) -> Condition:
        return self._is("gt", value)

    def __ge__(self, value: T) -> Condition:
        return self._is("gte", value)

    def __lt__(self, value: T) -> Condition:
        return self._is("lt", value)

    def __le__(self, value: T) -> Condition:
        return self._is("lte", value)

    def between(self, least: T, most: T) -> Condition:
        """It is one of the two, or lies between them."""
        return self._among("between", [least, most])


class Listed(Emptiable[T]):
    """A list of texts."""

    def contains_any(self, *values: str) -> Condition:
        """At least one of these is in it."""
        return self._among("contains_any", values)

    def contains_all(self, *values: str) -> Condition:
        """All of these are in it."""
        return self._among("contains_all", values)

    def contains_none(self, *values: str) -> Condition:
        """None of these is in it."""
        return self._among("contains_none", values)
