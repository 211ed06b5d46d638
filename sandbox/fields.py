"""The kinds of field there are: what each accepts in a body and how it is kept in a column."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_INTEGER = 2**53
_TEXT_LENGTH = {"TEXT": 500, "LONG_TEXT": 100_000}


class Kind(Enum):
    ID = auto()
    TEXT = auto()
    LONG_TEXT = auto()
    CHOICE = auto()
    NUMBER = auto()
    INTEGER = auto()
    FLAG = auto()
    INSTANT = auto()
    DATE = auto()
    REFERENCE = auto()
    LIST = auto()
    OBJECT = auto()
    INTERNAL = auto()


FOLDED = frozenset({Kind.TEXT, Kind.CHOICE})
UNFILTERED = frozenset({Kind.LONG_TEXT, Kind.OBJECT, Kind.INTERNAL})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity.

    refers: the entity (or "user") a REFERENCE names · choices: of a CHOICE · members: the only keys of an
    OBJECT (all texts; such an object may be null) · pattern: what a TEXT must match, with `complaint` saying so.
    """

    name: str
    kind: Kind
    required: bool = False
    writable: bool = True
    default: Any = None
    refers: str = ""
    choices: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    complaint: str = ""

    @property
    def filterable(self) -> bool:
        return self.kind not in UNFILTERED

    def empty(self) -> Any:
        """The value of the field when nobody gave one."""
        if self.kind is Kind.LIST:
            return []
        if self.kind is Kind.OBJECT and not self.members:
            return {}
        return self.default

    def accept(self, value: Any, before: Any = None) -> Any:
        """The value as it is kept; ValueError says why it is not accepted. `before` is what an object merges into."""
        if value is None:
            if self.required:
                raise ValueError("is required")
            return [] if self.kind is Kind.LIST else {} if self.kind is Kind.OBJECT and not self.members else None
        match self.kind:
            case Kind.TEXT | Kind.LONG_TEXT | Kind.REFERENCE:
                return self._text(value)
            case Kind.CHOICE:
                if value not in self.choices:
                    raise ValueError("must be one of " + ", ".join(self.choices))
            case Kind.NUMBER:
                _number(value)
            case Kind.INTEGER:
                if type(value) is not int or not 0 <= value <= _LARGEST_INTEGER:
                    raise ValueError("must be a whole number from 0 to 2^53")
            case Kind.FLAG:
                if type(value) is not bool:
                    raise ValueError("must be true or false")
            case Kind.INSTANT:
                return render_instant(math.floor(parse_instant(value)))
            case Kind.DATE:
                return parse_date(value)
            case Kind.LIST:
                return _list(value)
            case Kind.OBJECT:
                return self._object(value, before)
            case _:
                raise AssertionError(f"{self.name} is not writable")
        return value

    def _text(self, value: Any) -> str:
        text = plain_text(value, _TEXT_LENGTH.get(self.kind.name, 100))
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

    def column(self, value: Any) -> Any:
        """The value as the search column keeps it: instants in milliseconds, lists by their length."""
        if value is None:
            return None
        if self.kind is Kind.INSTANT:
            return stored_milliseconds(value)
        if self.kind is Kind.LIST:
            return len(value)
        return value


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


def _list(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("must be a list of at most 100 texts")
    return [plain_text(item, 500) for item in value]


def parse_instant(value: Any) -> float:
    """RFC 3339 with any offset and fraction → milliseconds since 1970 (whole when the text is)."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be a timestamp such as 2026-04-28T10:30:00.000Z")
    try:
        microseconds = (datetime.fromisoformat(value.upper()) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise ValueError("must be a timestamp that exists") from None
    whole, rest = divmod(microseconds, 1000)
    return whole + rest / 1000 if rest else whole


def stored_milliseconds(text: str) -> int:
    """The reverse of render_instant."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def render_instant(milliseconds: int) -> str:
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError("must be a timestamp that exists") from None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z" if moment.year > 999 else _early(moment)


def _early(moment: datetime) -> str:
    # strftime's %Y does not pad years before 1000
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


def parse_date(value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2026-04-28")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a date that exists") from None
