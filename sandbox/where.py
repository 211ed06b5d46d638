"""Structured search → SQL. Every value is a parameter; every leaf is 0 or 1, never NULL, so that NOT is the complement."""

from collections.abc import Callable
from typing import Any

from sandbox.answers import query_invalid
from sandbox.entity import Entity
from sandbox.fields import FOLDED, Field, Kind, bindable
from sandbox.moments import parse_date, parse_instant

_DEEPEST = 12
_MOST_LEAVES = 6000
_WIDEST = 200
_MOST_VALUES = 500
_ORDER = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_NUMBERS = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
_ORDERED = frozenset({*_NUMBERS, Kind.ID, Kind.TEXT, Kind.CHOICE, Kind.MONEY_TEXT, Kind.INSTANT, Kind.DATE})

Leaf = Callable[["Compiler", Field, str, Any], str]


class Compiler:
    """Compiles the conditions of one search; `parameters` fills in the order of the question marks."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.parameters: list[Any] = []
        self._leaves = 0

    def where(self, node: Any, depth: int = 1) -> str:
        if depth > _DEEPEST:
            raise query_invalid(f"where is nested deeper than {_DEEPEST}")
        if not isinstance(node, dict):
            raise query_invalid("a condition must be an object")
        if "field" in node:
            return self._leaf(node)
        if len(node) != 1:
            raise query_invalid("a condition is one of and, or, not, or a field with an op")
        ((word, inner),) = node.items()
        if word == "not":
            return f"(NOT {self.where(inner, depth + 1)})"
        if word not in {"and", "or"} or not isinstance(inner, list) or not inner:
            raise query_invalid("a condition is one of and, or (with a list), not, or a field with an op")
        if len(inner) > _WIDEST:
            raise query_invalid(f"{word} has more than {_WIDEST} conditions")
        return "(" + f" {word.upper()} ".join(self.where(one, depth + 1) for one in inner) + ")"

    def words(self, text: str) -> str:
        """Every blank-separated word occurs in the searched texts."""
        folded = text.casefold().split()
        self.parameters.extend(folded)
        return " AND ".join(["instr(search, ?) > 0"] * len(folded)) or "1"

    def _leaf(self, node: dict[str, Any]) -> str:
        self._leaves += 1
        if self._leaves > _MOST_LEAVES:
            raise query_invalid(f"where has more than {_MOST_LEAVES} conditions")
        name, op = node["field"], node.get("op")
        field = self.entity.by_name.get(name) if isinstance(name, str) else None
        if field is None or not field.filterable:
            raise query_invalid(f"{self.entity.plural} cannot be searched by {name}")
        write = _LEAVES.get(op) if isinstance(op, str) else None
        if write is None or not _allowed(field, str(op)):
            raise query_invalid(f"{name} has no operator {op}")
        return write(self, field, str(op), node.get("value"))

    def value(self, field: Field, value: Any) -> None:
        self.parameters.append(comparable(field, value))

    def marks(self, field: Field, given: Any, *, exactly: int | None = None) -> str:
        if not isinstance(given, list) or not 0 < len(given) <= _MOST_VALUES or exactly not in {None, len(given)}:
            wanted = exactly or f"1 to {_MOST_VALUES}"
            raise query_invalid(f"{field.name} needs a list of {wanted} values")
        for one in given:
            self.value(field, one)
        return ", ".join("?" * len(given))


def _allowed(field: Field, op: str) -> bool:
    if op in {"isNull", "notNull"}:
        return True
    if op.startswith("has"):
        return field.kind is Kind.LIST
    if op in {"eq", "ne", "in", "nin"}:
        return field.kind is not Kind.LIST
    if op in _ORDER or op == "between":
        return field.kind in _ORDERED
    return field.kind in FOLDED


def comparable(field: Field, value: Any) -> Any:
    """The value as the column holds it; query_invalid when it is not of the field's type."""
    try:
        if field.number or field.kind in _NUMBERS:
            return _number(value)
        match field.kind:
            case Kind.INSTANT:
                return parse_instant(value)
            case Kind.DATE:
                return parse_date(value)
            case Kind.MONEY_TEXT:
                return float(field.accept(value))
            case Kind.FLAG:
                if type(value) is not bool:
                    raise ValueError("must be true or false")
                return value
            case _:
                if not isinstance(value, str):
                    raise ValueError("must be a text")  # noqa: TRY004  (every complaint about a value is one kind of error)
                return value
    except ValueError as complaint:
        raise query_invalid(f"{field.name} {complaint}") from None


def _number(value: Any) -> float:
    if type(value) not in {int, float}:
        raise ValueError("must be a number")
    return bindable(value)


def column(field: Field) -> str:
    return "id" if field.kind is Kind.ID else f"c_{field.name}"


def _null(_: Compiler, field: Field, op: str, value: Any) -> str:
    if value is not None:
        raise query_invalid(f"{op} takes no value")
    if field.kind is Kind.LIST:
        test = f"({column(field)} = 0)"
    elif field.kind in FOLDED or field.kind in {Kind.REFERENCE, Kind.DATE}:
        test = f"({column(field)} IS NULL OR {column(field)} = '')"
    else:
        test = f"({column(field)} IS NULL)"
    return test if op == "isNull" else f"(NOT {test})"


def _compare(compiler: Compiler, field: Field, op: str, value: Any) -> str:
    compiler.value(field, value)
    sign = {"eq": "=", "ne": "<>"}.get(op) or _ORDER[op]
    return f"({column(field)} IS NOT NULL AND {column(field)} {sign} ?)"


def _among(compiler: Compiler, field: Field, op: str, value: Any) -> str:
    word = "IN" if op == "in" else "NOT IN"
    return f"({column(field)} IS NOT NULL AND {column(field)} {word} ({compiler.marks(field, value)}))"


def _between(compiler: Compiler, field: Field, _op: str, value: Any) -> str:
    compiler.marks(field, value, exactly=2)
    return f"({column(field)} IS NOT NULL AND {column(field)} BETWEEN ? AND ?)"


def _contains(compiler: Compiler, field: Field, op: str, value: Any) -> str:
    compiler.parameters.append(comparable(field, value).casefold())
    return f"(f_{field.name} IS NOT NULL AND instr(f_{field.name}, ?) {'>' if op == 'contains' else '='} 0)"


def _starts(compiler: Compiler, field: Field, _op: str, value: Any) -> str:
    prefix = comparable(field, value).casefold()
    compiler.parameters.append(prefix)
    after = _successor(prefix)
    if after is None:
        return f"(f_{field.name} IS NOT NULL AND f_{field.name} >= ?)"
    compiler.parameters.append(after)
    return f"(f_{field.name} IS NOT NULL AND f_{field.name} >= ? AND f_{field.name} < ?)"


def _successor(prefix: str) -> str | None:
    """The least text that is greater than every text with this prefix: a range that an index can serve."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    after = ord(kept[-1]) + 1
    surrogate = 0xD800 <= after <= 0xDFFF
    return kept[:-1] + chr(0xE000 if surrogate else after)


def _ends(compiler: Compiler, field: Field, _op: str, value: Any) -> str:
    suffix = comparable(field, value).casefold()
    if not suffix:
        return f"(f_{field.name} IS NOT NULL)"
    compiler.parameters.extend((len(suffix), suffix))
    return f"(f_{field.name} IS NOT NULL AND substr(f_{field.name}, -?) = ?)"


def _has(compiler: Compiler, field: Field, op: str, value: Any) -> str:
    items = f"SELECT row FROM {compiler.entity.plural}_items WHERE field = '{field.name}' AND item"  # noqa: S608  (both names are declared)
    if op == "hasAll":
        compiler.marks(field, value)
        return "(" + " AND ".join([f"row IN ({items} = ?)"] * len(value)) + ")"
    word = "IN" if op == "hasAny" else "NOT IN"
    return f"(row {word} ({items} IN ({compiler.marks(field, value)})))"


_LEAVES: dict[str, Leaf] = {
    "isNull": _null,
    "notNull": _null,
    "eq": _compare,
    "ne": _compare,
    "gt": _compare,
    "gte": _compare,
    "lt": _compare,
    "lte": _compare,
    "in": _among,
    "nin": _among,
    "between": _between,
    "contains": _contains,
    "notContains": _contains,
    "startsWith": _starts,
    "endsWith": _ends,
    "hasAny": _has,
    "hasAll": _has,
    "hasNone": _has,
}
