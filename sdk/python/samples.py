"""An operation as a few lines of Python, for the reference (`x-codeSamples`)."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sdk.model import Contract, Operation, Resource, Type
from sdk.python.names import member, module_of, text
from sdk.python.resources import method_name
from sdk.python.shapes import is_flat
from sdk.samples import Call

_OPERATORS: Final = {"eq": "==", "neq": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_WIDTH: Final = 88


def sample(contract: Contract, call: Call, package: str) -> str | None:
    """A program that makes the call, with the token in the environment; None where the contract has no such operation.

    package: what the library is called where it is installed from.
    """
    for resource in contract.resources:
        for operation in resource.operations:
            if operation.id == call.operation:
                return _program(contract, resource, operation, call, module_of(package))
    return None


def _program(contract: Contract, resource: Resource, operation: Operation, call: Call, module: str) -> str:
    method = f"client.{member(resource.name)}.{method_name(operation)}"
    arguments, imported = _arguments(contract, resource, operation, call)
    names = ["Client", *sorted(imported & contract.shapes.keys())]
    days = sorted(imported & {"date", "datetime"})
    lines = [f"from datetime import {', '.join(days)}"] if days else []
    lines += ["from pathlib import Path"] if "Path" in imported else []
    lines += [""] if lines else []
    lines += [f"from {module} import {', '.join(names)}", "", "client = Client()"]
    written = _call(method, arguments)
    if operation.kind == "search" or (operation.kind == "list" and operation.paged):
        lines += [f"for each in {written}:", "    print(each)"]
    elif operation.kind == "export":
        lines += [f"{written}.save({text(f'{resource.name}.csv')})"]
    elif operation.gives is None:
        lines += [written]
    else:
        lines += [f"found = {written}", "print(found)"]
    return "\n".join(lines)


def _call(call: str, arguments: list[str]) -> str:
    line = f"{call}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{call}(", *(f"    {each}," for each in arguments), ")"])


def _arguments(contract: Contract, resource: Resource, operation: Operation, call: Call) -> tuple[list[str], set[str]]:
    """What stands between the brackets, and what has to be imported for it."""
    imported: set[str] = set()
    arguments = [text(call.parameters[each.name]) for each in operation.path]
    if operation.kind == "import":
        # From the file's path: its contents do not belong into a program.
        imported.add("Path")
        arguments.append(f"Path({text(f'{resource.name}.csv')})")
    arguments += [f"{member(name)}={_value(value)}" for name, value in call.query.items()]
    shown: Mapping[str, Any] = call.body if isinstance(call.body, Mapping) else {}
    if operation.kind == "search":
        conditions = [_condition(contract, resource, each, imported) for each in shown.get("filters", ())]
        if conditions:
            listed = ",\n        ".join(conditions)
            arguments.append(f"where=[\n        {listed},\n    ]" if len(conditions) > 1 else f"where={conditions[0]}")
        arguments += [f"{key}={_value(shown[key])}" for key in ("order_by", "sort_direction") if key in shown]
    elif operation.kind == "get_many":
        arguments.append(_value(shown.get("ids", [])))
    elif any(keyword.iskeyword(name) for name in shown) and not is_flat(contract, operation):
        arguments.append(f"**{_value(shown)}")
    else:
        arguments += [f"{member(name)}={_value(value)}" for name, value in shown.items()]
    return arguments, imported


def _condition(contract: Contract, resource: Resource, node: Mapping[str, Any], imported: set[str]) -> str:
    """A condition as a program writes it."""
    imported.add(resource.record)
    field = f"{resource.record}.{member(node['field'])}"
    types = {each.name: each.type for each in contract.shapes[resource.record].fields}
    value = _typed(types[node["field"]], node.get("value"), imported)
    return f"{field} {_OPERATORS[node['operator']]} {value}"


def _typed(of: Type, value: Any, imported: set[str]) -> str:
    """The value as a type checker wants it in a condition."""
    if of.kind == "date" and isinstance(value, str):
        imported.add("date")
        return f"date({', '.join(str(part) for part in date.fromisoformat(value).timetuple()[:3])})"
    if of.kind == "datetime" and isinstance(value, str):
        imported.add("datetime")
        return f"datetime.fromisoformat({text(value.replace('Z', '+00:00'))})"
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{text(str(key))}: {_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
