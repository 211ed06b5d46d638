"""The kinds of field there are: what each accepts in a body and how it is kept in a column."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from sandbox.moments import parse_date, parse_instant, render_instant, stored_milliseconds
from sandbox.money import exact

_LARGEST_INTEGER = 2**53
_TEXT_LENGTH = {"TEXT": 500, "LONG_TEXT": 100_000}


class Kind(Enum):
    ID = auto()
    TEXT = auto()
    LONG_TEXT = auto()
    CHOICE = auto()
    NUMBER = auto()
    INTEGER = auto()
    DECIMAL = auto()
    MONEY = auto()
    MONEY_TEXT = auto()
    FLAG = auto()
    INSTANT = auto()
    DATE = auto()
    REFERENCE = auto()
    LIST = auto()
    OBJECT = auto()
    RECORD = auto()
    ROWS = auto()
    INTERNAL = auto()


def bindable(number: float) -> float:
    """SQLite binds 64-bit integers only; a float orders the same way out there."""
    return number if abs(number) < 2**63 else float(number)


# what the column holds of these is not what the row holds: milliseconds, the length, a number
CONVERTED: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.INSTANT: stored_milliseconds,
    Kind.LIST: len,
    Kind.NUMBER: bindable,
    Kind.MONEY_TEXT: float,
}
FOLDED = frozenset({Kind.TEXT, Kind.CHOICE})
UNFILTERED = frozenset({Kind.LONG_TEXT, Kind.OBJECT, Kind.RECORD, Kind.ROWS, Kind.INTERNAL})
AMOUNTS = frozenset({Kind.MONEY, Kind.MONEY_TEXT})
_COUNTED = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.DECIMAL})
_DECIMAL_TEXT = re.compile(r"-?\d{1,18}(\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity.

    refers: the entity (or "user") a REFERENCE names · number: keys are JSON numbers · owner: the row lives only as
    long as the one it refers to · choices: of a CHOICE · members: the only keys of an OBJECT (all texts; such an
    object may be null) · item: the fields of a RECORD, or of each of the `least` to `most` ROWS · longest: characters
    of a text · least, most: of a number, inclusive · places: of a DECIMAL, with `digits` before the point ·
    fixed: taken on create only · kept: cannot be cleared · unique: no two rows of a tenant share it · pattern: what a
    TEXT must match, with `complaint` saying so.
    """

    name: str
    kind: Kind
    required: bool = False
    writable: bool = True
    default: Any = None
    refers: str = ""
    number: bool = False
    owner: bool = False
    choices: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    item: "tuple[Field, ...]" = ()
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    digits: int = 15
    places: int = 4
    fixed: bool = False
    kept: bool = False
    unique: bool = False
    pattern: re.Pattern[str] | None = None
    complaint: str = ""

    @property
    def filterable(self) -> bool:
        return self.kind not in UNFILTERED

    def empty(self) -> Any:
        """The value of the field when nobody gave one."""
        if self.kind in {Kind.LIST, Kind.ROWS}:
            return []
        if self.kind is Kind.OBJECT and not self.members:
            return {}
        return self.default

    def accept(self, value: Any, before: Any = None) -> Any:
        """The value as it is kept; ValueError says why it is not accepted. `before` is what an object merges into."""
        if value is None:
            if self.required:
                raise ValueError("is required")
            if self.kept and before is not None:
                raise ValueError("cannot be cleared")
            return self.empty()
        if self.kind in AMOUNTS or self.kind in _COUNTED:
            self._number(value)
            return value
        match self.kind:
            case Kind.TEXT | Kind.LONG_TEXT:
                return self._text(value)
            case Kind.REFERENCE:
                return self._reference(value)
            case Kind.CHOICE:
                if value not in self.choices:
                    raise ValueError("must be one of " + ", ".join(self.choices))
            case Kind.FLAG:
                if type(value) is not bool:
                    raise ValueError("must be true or false")
            case Kind.INSTANT:
                return render_instant(math.floor(parse_instant(value)))
            case Kind.DATE:
                return parse_date(value)
            case Kind.LIST:
                return _list(value, self.most or 100)
            case Kind.OBJECT:
                return self._object(value, before)
            case _:
                raise AssertionError(f"{self.name} is not writable")
        return value

    def _number(self, value: Any) -> None:
        match self.kind:
            case Kind.NUMBER:
                _number(value)
            case Kind.INTEGER:
                self._integer(value)
            case Kind.MONEY_TEXT:
                if not isinstance(value, str) or not _DECIMAL_TEXT.fullmatch(value):
                    raise ValueError("must be a decimal in a text such as 12.50")
                self._between(exact(value))
            case _:
                self._decimal(value)

    def _integer(self, value: Any) -> None:
        least, most = self.least or 0, _LARGEST_INTEGER if self.most is None else self.most
        if type(value) is not int or not least <= value <= most:
            bounds = f"from {least} to {'2^53' if self.most is None else most}"
            raise ValueError(f"must be a whole number {bounds}")

    def _decimal(self, value: Any) -> None:
        _number(value)
        amount = exact(value)
        if abs(amount) >= 10**self.digits or amount != round(amount, self.places):
            raise ValueError(f"must have at most {self.digits} digits and {self.places} decimals")
        self._between(amount)

    def _between(self, amount: Decimal) -> None:
        if self.least is not None and amount < self.least:
            raise ValueError(f"must be at least {self.least}")
        if self.most is not None and amount > self.most:
            raise ValueError(f"must be at most {self.most}")

    def _reference(self, value: Any) -> Any:
        if not self.number:
            return plain_text(value, 100)
        if type(value) is not int:
            raise ValueError("must be a number")
        if not 0 < value < 10**18:
            raise ValueError("does not exist")
        return value

    def _text(self, value: Any) -> str:
        text = plain_text(value, self.longest or _TEXT_LENGTH[self.kind.name])
        if self.required and not text.strip():
            raise ValueError("must not be blank")
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise ValueError(self.complaint)
        return text

    def _object(self, value: Any, before: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("must be an object")  # noqa: TRY004  (every complaint about a value is one kind of error)
        if not self.members:
            return merged(before or {}, value)
        kept = before or dict.fromkeys(self.members)
        given = {
            key: None if value[key] is None else plain_text(value[key], 500) for key in self.members if key in value
        }
        return {**kept, **given}


def merged(into: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396 for objects."""
    result = dict(into)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = result.get(key)
            result[key] = merged(inner if isinstance(inner, dict) else {}, value)
        else:
            result[key] = value
    return result


def plain_text(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004  (every complaint about a value is one kind of error)
    if len(value) > longest:
        raise ValueError(f"must be at most {longest} characters")
    if "\0" in value:
        raise ValueError("must not contain U+0000")
    return value


def _number(value: Any) -> None:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise ValueError("must be a number")


def _list(value: Any, most: int) -> list[str]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"must be a list of at most {most} texts")
    return [plain_text(item, 500) for item in value]
