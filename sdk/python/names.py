"""Names of the contract as Python has them, and types as it writes them."""

from __future__ import annotations

import keyword
from typing import Final

from sdk.model import Contract, Shape, Type

_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "any": "Any"}
_FEW: Final = 12
"""So many values of an enum are named; more say less to a reader than `str`."""


def module_of(name: str) -> str:
    """The name that a library is imported by: `energie-co` → `energie_co`."""
    module = name.replace("-", "_").replace(".", "_").lower()
    return f"{module}_" if keyword.iskeyword(module) else module


def member(name: str) -> str:
    """A name that can stand after a dot: `from` → `from_`."""
    return f"{name}_" if keyword.iskeyword(name) else name


def class_of(resource: str) -> str:
    """`leave_requests` → `LeaveRequestsResource`."""
    return "".join(word.capitalize() for word in resource.split("_")) + "Resource"


def literal(values: tuple[str, ...]) -> str:
    """`Literal["asc", "desc"]`."""
    return f"Literal[{', '.join(text(each) for each in values)}]"


def text(value: str) -> str:
    """A text in double quotes, on one line."""
    body = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{body}"'


def answered(of: Type) -> str:
    """The type that a value of an answer has. New values of an enum are texts."""
    name: str
    match of.kind:
        case "datetime" | "date":
            name = of.kind
        case "enum":
            name = f"{literal(of.values)} | str" if of.values and len(of.values) <= _FEW else "str"
        case "shape":
            name = of.shape
        case "list":
            name = f"list[{answered(of.item) if of.item else 'Any'}]"
        case "map":
            name = "dict[str, Any]"
        case _:
            name = _PLAIN[of.kind]
    return f"{name} | None" if of.nullable and name != "Any" else name


def given(of: Type, contract: Contract) -> str:
    """The type that a value of a request may have: days and moments as texts, too."""
    match of.kind:
        case "datetime" | "date":
            name = f"{of.kind} | str"
        case "enum":
            name = literal(of.values) if of.values and len(of.values) <= _FEW else "str"
        case "shape":
            name = of.shape if writable(contract.shapes[of.shape]) else "Mapping[str, Any]"
        case "list":
            name = f"Sequence[{given(of.item, contract) if of.item else 'Any'}]"
        case "map":
            name = "Mapping[str, Any]"
        case _:
            name = _PLAIN[of.kind]
    return f"{name} | None" if of.nullable and name != "Any" else name


def writable(shape: Shape) -> bool:
    """Whether the shape can be a class: a member that is a word of Python cannot be declared in one."""
    return not any(keyword.iskeyword(each.name) for each in shape.fields)
