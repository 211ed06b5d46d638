"""The filter grammar (contract.md, "Search") → the `where` tree of a structured search, whole or refused.

filters: [node…]           ANDed
node:    {field, operator, value} | {field, operator, values: […]} | {field, operator}
         {all: [node…]} | {any: [node…]} | {not: node}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import SchemaValidator

from adapters.core.declare.kinds.base import FRAGMENTS
from adapters.core.faults import FieldError, Invalid
from adapters.core.request.json_body import describe, nearest, pointer
from adapters.core.shapes import Field, Shape

MOST_DEPTH, MOST_LEAVES, MOST_VALUES = 3, 25, 100

_MEMBERS = ("field", "operator", "value", "values")
_GROUPS = {"all": "and", "any": "or"}
_DIALECT = {
    "eq": "eq",
    "neq": "ne",
    "in": "in",
    "not_in": "nin",
    "is_empty": "isNull",
    "is_not_empty": "notNull",
    "contains": "contains",
    "not_contains": "notContains",
    "starts_with": "startsWith",
    "ends_with": "endsWith",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "between": "between",
    "contains_any": "hasAny",
    "contains_all": "hasAll",
    "contains_none": "hasNone",
}
PLURAL = frozenset({"in", "not_in", "between", "contains_any", "contains_all", "contains_none"})
NO_VALUE = frozenset({"is_empty", "is_not_empty"})
_UNLIKE = frozenset({"neq", "not_in"})
_ALIKE = _UNLIKE | {"eq", "in"}

Where = dict[str, Any]
Path = tuple[str | int, ...]


class Filters:
    """The compiled grammar of one (resource, contract). `allowed` lists the operators of each filterable field."""

    __slots__ = ("_fields", "_flat", "_fragments", "_operands", "allowed")

    def __init__(self, shape: Shape, listed: Mapping[str, frozenset[str]] | None = None) -> None:
        """`listed`: today's names of the fields that a service without structured search compares, with today's operators."""
        self._flat = listed is not None
        self.allowed: Mapping[str, tuple[str, ...]] = {
            field.name: tuple(
                op for op, today in field.operators.items() if listed is None or today in listed[field.today]
            )
            for field in shape.fields
            if (field.operators if listed is None else field.today in listed)
        }
        self._fields = shape.named()
        self._operands: dict[str, Callable[[Any], Any]] = {}
        self._fragments: dict[str, Callable[[Any], Any]] = {}
        for name, operators in self.allowed.items():
            kind = self._fields[name].kind
            assert kind is not None
            self._operands[name] = SchemaValidator(kind.operand()).validate_python
            if not FRAGMENTS.isdisjoint(operators):
                self._fragments[name] = SchemaValidator(kind.fragment()).validate_python

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that conditions may stand in."""
        return ("all",) if self._flat else (*_GROUPS, "not")

    @property
    def most_values(self) -> int:
        """How many values one condition may compare with."""
        if not self._flat:
            return MOST_VALUES
        return 2 if any("between" in operators for operators in self.allowed.values()) else 1

    def read(self, nodes: Any, at: Path = ("filters",)) -> Where | None:
        """A `filters` array → a where tree, or None when it is empty; Invalid names every fault."""
        errors: list[FieldError] = []
        if not isinstance(nodes, list):
            raise Invalid([FieldError(pointer(at), "type_invalid", "Filters are an array of conditions.")])
        leaves: list[object] = []
        parts = [self._node(node, (*at, i), 0, leaves, errors) for i, node in enumerate(nodes[: MOST_LEAVES + 1])]
        if len(leaves) > MOST_LEAVES or len(nodes) > MOST_LEAVES:
            errors = [FieldError(pointer(at), "too_many", f"A search has at most {MOST_LEAVES} conditions.")]
        if errors:
            raise Invalid(errors[:MOST_LEAVES])
        return _joined("and", parts)

    def _node(self, node: Any, at: Path, depth: int, leaves: list[object], errors: list[FieldError]) -> Where:
        # Whatever is refused anyway is not looked at to its end: a body holds 500,000 nodes.
        if len(leaves) > MOST_LEAVES or len(errors) > MOST_LEAVES:
            return {}
        if not isinstance(node, dict):
            errors.append(FieldError(pointer(at), "type_invalid", "A condition is an object."))
            return {}
        group = [key for key in ("all", "any", "not") if key in node]
        if not group:
            if self._flat and node.get("field") in leaves:
                message = "One condition on a field can be asked for here."
                errors.append(FieldError(pointer((*at, "field")), "field_repeated", message))
            leaves.append(node.get("field"))
            return self._leaf(node, at, errors)
        if len(node) > 1:
            errors.append(FieldError(pointer(at), "group_mixed", f"A group holds nothing beside {group[0]!r}."))
            return {}
        if depth == MOST_DEPTH:
            errors.append(FieldError(pointer(at), "too_deep", f"Groups nest at most {MOST_DEPTH} levels."))
            return {}
        key, inner = group[0], node[group[0]]
        if self._flat and key != "all":
            message = f"{key!r} groups are not supported here: only conditions that all must hold."
            errors.append(FieldError(pointer((*at, key)), "group_not_supported", message, ("all",)))
            return {}
        if key == "not":
            return {"not": self._node(inner, (*at, key), depth + 1, leaves, errors)}
        if not isinstance(inner, list) or not inner:
            errors.append(
                FieldError(pointer((*at, key)), "type_invalid", "A group is a non-empty array of conditions.")
            )
            return {}
        some = enumerate(inner[: MOST_LEAVES + 1])
        parts = [self._node(each, (*at, key, i), depth + 1, leaves, errors) for i, each in some]
        return _joined(_GROUPS[key], parts) or {}

    def _leaf(self, node: dict[str, Any], at: Path, errors: list[FieldError]) -> Where:
        name, operator = node.get("field"), node.get("operator")
        for key in [key for key in node if key not in _MEMBERS][:MOST_LEAVES]:
            hint = nearest(key, (*_MEMBERS, *_GROUPS, "not"))
            errors.append(FieldError(pointer((*at, key)), "field_unknown", f"A condition has no such member.{hint}"))
        if not isinstance(name, str) or name not in self.allowed:
            missing = "field" not in node
            code, message = (
                ("required", "This field is required.")
                if missing
                else (
                    "field_not_filterable",
                    f"This field cannot be filtered by.{nearest(name, self.allowed) if isinstance(name, str) else ''}",
                )
            )
            errors.append(FieldError(pointer((*at, "field")), code, message, tuple(self.allowed)))
            return {}
        allowed = self.allowed[name]
        if not isinstance(operator, str) or operator not in allowed:
            told = repr(operator[:40]) if isinstance(operator, str) else "that"
            code, message = (
                ("required", "This field is required.")
                if "operator" not in node
                else ("operator_not_allowed", f"{name!r} cannot be filtered with {told}.")
            )
            errors.append(FieldError(pointer((*at, "operator")), code, message, allowed))
            return {}
        field = self._fields[name]
        today = field.operators[operator]
        where: Where = {"field": field.held, "op": _DIALECT[today]}
        if operator in NO_VALUE:
            message = f"{operator!r} takes no value."
            given = [key for key in ("value", "values") if node.get(key) is not None]
            errors += [FieldError(pointer((*at, key)), "value_unexpected", message) for key in given]
            return where
        member, other = ("values", "value") if operator in PLURAL else ("value", "values")
        if node.get(other) is not None:
            errors.append(FieldError(pointer((*at, other)), "value_unexpected", f"{operator!r} takes {member!r}."))
            return where
        if member not in node:
            errors.append(FieldError(pointer((*at, member)), "required", f"{operator!r} takes {member!r}."))
            return where
        values = node[member] if member == "values" else [node[member]]
        checked = self._values(name, operator, values, (*at, member), errors)
        if today in _ALIKE and not self._flat and field.kind_today is not None and field.kind_today.caseless:
            return _alike(field.held, today, checked)
        where["value"] = checked if today in PLURAL else next(iter(checked), None)
        if operator in field.besides:
            return {"and": [where, {"field": field.held, "op": _DIALECT[field.besides[operator]]}]}
        return where

    def _values(self, name: str, operator: str, values: Any, at: Path, errors: list[FieldError]) -> list[Any]:
        if not isinstance(values, list) or not values or len(values) > MOST_VALUES:
            errors.append(FieldError(pointer(at), "type_invalid", f"'values' is an array of 1 to {MOST_VALUES}."))
            return []
        if self._flat and len(values) > 1 and operator != "between":
            errors.append(FieldError(pointer(at), "too_many", "One value can be asked for here."))
            return []
        if operator == "between" and len(values) != 2:
            errors.append(FieldError(pointer(at), "type_invalid", "'between' takes two values, the lower one first."))
            return []
        field, check = self._fields[name], (self._fragments if operator in FRAGMENTS else self._operands)[name]
        found = []
        for position, value in enumerate(values):
            where = at if at[-1] == "value" else (*at, position)
            try:
                found.append(_operand(field, check(value)))
            except ValidationError as error:
                first = describe(error.errors(include_url=False)[0])
                hint = " To find records without a value use 'is_empty'." if value is None else ""
                errors.append(FieldError(pointer(where), first.code, first.message + hint, first.allowed))
        return found


def _alike(held: str, operator: str, values: list[Any]) -> Where:
    """Equality without case, of texts that hold one character exactly once, as an e-mail address holds its `@`.

    Services compare beginnings and ends without case (internal-services.md). Of two such texts, one that begins and also ends
    with the other has nothing more, since that character stands at the same distance from both its ends.
    """
    each: list[Where] = [
        {
            "and": [
                {"field": held, "op": "startsWith", "value": value},
                {"field": held, "op": "endsWith", "value": value},
            ]
        }
        for value in values
    ]
    some = _joined("or", each) or {}
    return {"and": [{"field": held, "op": "notNull"}, {"not": some}]} if operator in _UNLIKE else some


def _operand(field: Field, value: Any) -> Any:
    for up in field.operand_up:
        value = up(value)
    return field.kind_today.sought_in(value) if field.kind_today else value


def _joined(word: str, parts: list[Where]) -> Where | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {word: parts}
