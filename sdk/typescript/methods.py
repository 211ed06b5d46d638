"""Resources → a class each, in JavaScript and in declarations: every operation is a method of one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sdk.model import Contract, Operation, Resource, Search
from sdk.typescript.naming import camel, doc, pascal, union, written
from sdk.typescript.shapes import query_name

_VERBS: Final = {"GET", "PUT", "PATCH", "DELETE"}
_BY_KIND: Final = {"search": "FIND", "get_many": "FIND", "import": "IMPORT", "export": "EXPORT"}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a method. `body`, `query`, `file` and `ids` are sent, others stand in the path."""

    name: str
    type: str
    needed: bool = True

    @property
    def declared(self) -> str:
        """As a declaration has it."""
        return f"{self.name}{'' if self.needed else '?'}: {self.type}"


def class_name(resource: Resource) -> str:
    """`ContactsResource`: records may well be called as their resource is (`Me`)."""
    return f"{pascal(resource.name)}Resource"


def code(contract: Contract, resource: Resource) -> str:
    """The class."""
    lines = "".join(f"  {_code(contract, resource, each)}\n" for each in resource.operations)
    return f"export class {class_name(resource)} extends Resource {{\n{lines}}}\n"


def declaration(contract: Contract, resource: Resource) -> str:
    """What its searches take, and the class."""
    lines = "".join(
        f"  {doc(each.summary, '').strip()} {_declaration(contract, resource, each)}\n" for each in resource.operations
    )
    searches = "".join(_search(resource, each, each.search) for each in resource.operations if each.search is not None)
    about = doc(resource.description, "")
    return f"{searches}{about}export declare class {class_name(resource)} extends Resource {{\n{lines}}}\n"


def used(contract: Contract) -> list[str]:
    """What the code takes of runtime/calls.js, beside the class that it extends."""
    operations = [each for resource in contract.resources for each in resource.operations]
    verbs = {_verb(each) for each in operations if each.kind not in {"get_many", "export"}}
    return sorted(verbs) + ["path"] * any(each.path for each in operations)


def arguments(contract: Contract, resource: Resource, operation: Operation) -> Iterator[Argument]:
    """What a method takes, in its order, before the options that all take."""
    for each in operation.path:
        yield Argument(camel(each.name), "string")
    if operation.search is not None:
        chosen = "<Field>" if operation.search.fields else ""
        yield Argument("body", _search_name(resource, operation) + chosen, operation.search.needs_filters)
        return
    if operation.kind == "get_many":
        yield Argument("ids", "readonly string[]")
        yield Argument("query", "Selection<Field>", needed=False)
        return
    if operation.kind == "import":
        yield Argument("file", "Csv")
    elif operation.body:
        needed = operation.body_required or any(each.required for each in contract.shapes[operation.body].fields)
        yield Argument("body", operation.body, needed)
    if own := query_name(resource, operation):
        yield Argument("query", own, any(each.required for each in operation.query))
    elif operation.query:
        yield Argument("query", "Listing<Field>" if operation.selects else "Listing", needed=False)
    elif operation.selects:
        yield Argument("query", "Selection<Field>", needed=False)


def _verb(operation: Operation) -> str:
    if operation.kind in _BY_KIND:
        return _BY_KIND[operation.kind]
    if operation.method in _VERBS:
        return operation.method
    return "KEYED" if operation.keyed else "FIND" if operation.repeatable else "ONCE"


def _code(contract: Contract, resource: Resource, operation: Operation) -> str:
    taken = [each.name for each in arguments(contract, resource, operation)]
    sent = [{"file": "body: file"}.get(name, name) for name in taken if name in {"body", "query", "file"}]
    asked = f"{_verb(operation)}, {_address(operation)}, {{ {', '.join(sent)} }}".replace("{  }", "{}")
    if operation.kind == "get_many":
        call = f"batch({_address(operation)}, {{ ...query, ids }}, options)"
    elif operation.kind == "export":
        call = f"download({_address(operation)}, {{ {', '.join(sent)} }}, options)".replace("{  }", "{}")
    else:
        call = f"{'list' if operation.paged else 'one'}({asked}, options)"
    return f"{camel(operation.name)}({', '.join([*taken, 'options'])}) {{ return this.$.{call}; }}"


def _address(operation: Operation) -> str:
    if not operation.path:
        return f'"{operation.route}"'
    named = re.sub(r"{(\w+)}", lambda found: f"${{{camel(found[1])}}}", operation.route)
    return f"path`{named}`"


def _declaration(contract: Contract, resource: Resource, operation: Operation) -> str:
    generic, record = "", ""
    if operation.gives is not None:
        item = operation.gives.item or operation.gives
        several = operation.paged or operation.kind == "get_many"
        record = written(item if several else operation.gives)
        if item.shape and (operation.selects or operation.kind in {"search", "get_many"}):
            generic = f"<Field extends keyof {item.shape} = keyof {item.shape}>"
            record = f"Selected<{item.shape}, Field>"
    if operation.search is not None and not operation.search.fields:
        generic, record = "", written(operation.gives.item) if operation.gives and operation.gives.item else "unknown"
    taken = [each.declared for each in arguments(contract, resource, operation)]
    return f"{camel(operation.name)}{generic}({', '.join([*taken, 'options?: CallOptions'])}): {_given(operation, record)};"


def _given(operation: Operation, record: str) -> str:
    if operation.kind == "export":
        return "Call<Download>"
    if operation.kind == "get_many":
        return f"Call<Batch<{record}>>"
    if operation.paged:
        return f"Pages<{record}>"
    return f"Call<{record or 'void'}>"


def _search_name(resource: Resource, operation: Operation) -> str:
    model = resource.record or pascal(resource.name)
    return f"{model}Search" if operation.name == "search" else f"{model}{pascal(operation.name)}"


def _search(resource: Resource, operation: Operation, search: Search) -> str:
    """The types of a search: which operators each field has, and all that it takes."""
    assert operation.gives is not None
    assert operation.gives.item is not None, "a search gives a list"
    model = operation.gives.item.shape
    by_operators: dict[tuple[str, ...], list[str]] = {}
    for each in search.filters:
        by_operators.setdefault(each.operators, []).append(each.field)
    rows = "".join(
        f"\n  & By<{model}, {union(fields)}, {union(operators)}>" for operators, fields in by_operators.items()
    )
    name = _search_name(resource, operation)
    filters = f"{name.removesuffix('Search')}Filters"
    found = f"export type {filters} ={rows};\n"
    needs = f" & {{ filters: readonly Filter<{filters}>[] }}" if search.needs_filters else ""
    order = union(search.sorts)
    if search.fields:
        generic = f"<Field extends keyof {model} = keyof {model}>"
        return f"{found}export type {name}{generic} = Search<{filters}, {order}, Field>{needs};\n"
    return f'{found}export type {name} = Omit<Search<{filters}, {order}, never>, "fields">{needs};\n'
