"""One call of an operation as a whole program in TypeScript, for the reference to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from sdk.model import Contract, Operation, Resource
from sdk.samples import Call
from sdk.typescript.methods import arguments
from sdk.typescript.naming import camel

_WIDE: Final = 100
_FEW: Final = 10
_CSV: Final = "contents"


def sample(contract: Contract, call: Call, package: str) -> str | None:
    """A program that makes the call, with the token in `TOKEN`; None where the contract has no such operation."""
    for resource in contract.resources:
        for operation in resource.operations:
            if operation.id == call.operation:
                return "\n".join(
                    [*_head(resource, operation, package), "", *_body(contract, resource, operation, call)]
                )
    return None


def literal(value: Any, indent: str = "") -> str:
    """JSON as people write it in TypeScript: on one line where that can be read."""
    line = _line(value)
    if len(indent) + len(line) <= _WIDE or not isinstance(value, dict | list) or not value:
        return line
    inner = f"{indent}  "
    if isinstance(value, dict):
        rows = [f"{inner}{_key(name)}: {literal(each, inner)},\n" for name, each in value.items()]
        return f"{{\n{''.join(rows)}{indent}}}"
    rows = [f"{inner}{literal(each, inner)},\n" for each in value]
    return f"[\n{''.join(rows)}{indent}]"


def _line(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(name)}: {_line(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_line(each) for each in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _head(resource: Resource, operation: Operation, package: str) -> Iterator[str]:
    if operation.kind == "import":
        yield 'import { readFile } from "node:fs/promises";'
    if operation.kind == "export":
        yield 'import { writeFile } from "node:fs/promises";'
    yield f'import {{ Client }} from "{package}";'
    yield ""
    yield "const api = new Client({ token: process.env.TOKEN });"


def _body(contract: Contract, resource: Resource, operation: Operation, call: Call) -> Iterator[str]:
    ids = {camel(name): json.dumps(value) for name, value in call.parameters.items()}
    sent: dict[str, Any] = {"body": call.body, "query": dict(call.query)}
    if operation.kind == "get_many":
        sent = {"ids": call.body["ids"], "query": {name: each for name, each in call.body.items() if name != "ids"}}
    taken = []
    for each in arguments(contract, resource, operation):
        if each.name in ids:
            taken.append(ids[each.name])
        elif each.name == "file":
            yield f'const {_CSV} = await readFile("{resource.name}.csv");'
            taken.append(_CSV)
        elif each.needed or sent[each.name]:
            taken.append(literal(sent[each.name]))
    asked = f"api.{camel(resource.name)}.{camel(operation.name)}({', '.join(taken)})"
    if operation.kind == "export":
        yield f'await writeFile("{resource.name}.csv", await {asked});'
    elif operation.gives is None:
        yield f"await {asked};"
    else:
        name = _name(operation)
        yield f"const {name} = await {asked}{f'.toArray({_FEW})' if operation.paged else ''};"
        yield f"console.log({name});"


def _name(operation: Operation) -> str:
    """What the answer is called: as its record is, or `found` where there are several."""
    given = operation.gives
    if given is None or not given.shape:
        return "found"
    return given.shape[0].lower() + given.shape[1:]
