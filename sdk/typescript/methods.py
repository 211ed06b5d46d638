"""Resources → a class each, in JavaScript and in declarations: every operation is a method of one line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdk.model import Contract, Operation, Resource
from sdk.typescript.naming import camel, doc, pascal, union, written
from sdk.typescript.shapes import query_name

_VERBS = {"GET", "PUT", "PATCH", "DELETE"}


def class_name(resource: Resource) -> str:
    """`ContactsResource`: records may well be called as their resource is (`Me`)."""
    return f"{pascal(resource.name)}Resource"


def code(resource: Resource) -> str:
    """The class."""
    lines = "".join(f"  {_code(operation)}\n" for operation in resource.operations)
    return f"export class {class_name(resource)} extends Resource {{\n{lines}}}\n"


def declaration(contract: Contract, resource: Resource) -> str:
    """What its searches take, and the class."""
    lines = "".join(
        f"  {doc(each.summary, '').strip()} {_declaration(contract, resource, each)}\n" for each in resource.operations
    )
    searches = "".join(_search(resource, each) for each in resource.operations if each.search is not None)
    about = doc(resource.description, "")
    return f"{searches}{about}export declare class {class_name(resource)} extends Resource {{\n{lines}}}\n"


def verbs(contract: Contract) -> list[str]:
    """What the code uses of runtime/calls.js, beside the class."""
    used = {_verb(each) for resource in contract.resources for each in resource.operations}
    paths = any(each.path for resource in contract.resources for each in resource.operations)
    return sorted(used - {"FIND_MANY"}) + ["path"] * paths


def _verb(operation: Operation) -> str:
    match operation.kind:
        case "search":
            return "FIND"
        case "get_many":
            return "FIND"
        case "import":
            return "IMPORT"
        case "export":
            return "EXPORT"
    if operation.method in _VERBS:
        return operation.method
    return "KEYED" if operation.keyed else "FIND" if operation.repeatable else "ONCE"


def _code(operation: Operation) -> str:
    ids = [camel(each.name) for each in operation.path]
    route = _address(operation)
    verb = _verb(operation)
    own = list(ids)
    request = "{}"
    match operation.kind:
        case "search":
            return f"search(query, options) {{ return this.$.list({verb}, {route}, {{ body: query }}, options); }}".replace(
                "search(", f"{camel(operation.name)}(", 1
            )
        case "get_many":
            return f"getMany(ids, query, options) {{ return this.$.batch({route}, {{ ...query, ids }}, options); }}"
        case "import":
            own.append("file")
            request = "{ body: file }"
    if operation.kind != "import" and operation.body:
        own.append("body")
        request = "{ body }"
    if _queried(operation):
        own.append("query")
        request = "{ query }" if request == "{}" else f"{request[:-2]}, query }}"
    call = "list" if operation.kind == "list" and operation.paged else "one"
    if operation.kind == "export":
        return f"{camel(operation.name)}(options) {{ return this.$.download({route}, options); }}"
    arguments = ", ".join([*own, "options"])
    return f"{camel(operation.name)}({arguments}) {{ return this.$.{call}({verb}, {route}, {request}, options); }}"


def _address(operation: Operation) -> str:
    if not operation.path:
        return f'"{operation.route}"'
    named = re.sub(r"{(\w+)}", lambda found: f"${{{camel(found[1])}}}", operation.route)
    return f"path`{named}`"


def _queried(operation: Operation) -> bool:
    return bool(operation.query or operation.selects)


def _declaration(contract: Contract, resource: Resource, operation: Operation) -> str:
    generic, record = "", ""
    given = operation.gives
    if given is not None:
        record = written(given.item if operation.paged or operation.kind == "get_many" else given)  # type: ignore[arg-type]
    fields = operation.selects or (operation.search.fields if operation.search is not None else ())
    model = given.item.shape if given is not None and given.item is not None else given.shape if given else ""
    if (fields or operation.kind == "get_many") and model:
        generic = f"<Field extends keyof {model} = keyof {model}>"
        record = f"Selected<{model}, Field>"
    arguments = ", ".join([*_arguments(contract, resource, operation, model), "options?: CallOptions"])
    return f"{camel(operation.name)}{generic}({arguments}): {_given(operation, record)};"


def _arguments(contract: Contract, resource: Resource, operation: Operation, model: str) -> Iterator[str]:
    for each in operation.path:
        yield f"{camel(each.name)}: string"
    if operation.search is not None:
        mark = "" if operation.search.needs_filters else "?"
        chosen = "<Field>" if operation.search.fields else ""
        yield f"query{mark}: {_search_name(resource, operation)}{chosen}"
    elif operation.kind == "get_many":
        yield "ids: readonly string[]"
        yield "query?: Selection<Field>"
    elif operation.kind == "import":
        yield "file: Csv"
    elif operation.body:
        needed = operation.body_required or any(each.required for each in contract.shapes[operation.body].fields)
        yield f"body{'' if needed else '?'}: {operation.body}"
    if operation.kind in {"search", "get_many"} or not _queried(operation):
        return
    mark = "" if any(each.required for each in operation.query) else "?"
    own = query_name(resource, operation)
    if own:
        yield f"query{mark}: {own}"
    elif operation.query:
        yield "query?: Listing<Field>" if operation.selects else "query?: Listing"
    else:
        yield "query?: Selection<Field>"


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


def _search(resource: Resource, operation: Operation) -> str:
    """The types of a search: which operators each field has, and all that it takes."""
    search, model = operation.search, operation.gives.item.shape  # type: ignore[union-attr]
    assert search is not None
    by_operators: dict[tuple[str, ...], list[str]] = {}
    for each in search.filters:
        by_operators.setdefault(each.operators, []).append(each.field)
    rows = "".join(
        f"\n  & By<{model}, {union(fields)}, {union(operators)}>" for operators, fields in by_operators.items()
    )
    name = _search_name(resource, operation)
    filters = f"{name.removesuffix('Search')}Filters"
    order = union(search.sorts)
    found = f"export type {filters} ={rows};\n"
    needs = f" & {{ filters: readonly Filter<{filters}>[] }}" if search.needs_filters else ""
    if search.fields:
        generic = f"<Field extends keyof {model} = keyof {model}>"
        return f"{found}export type {name}{generic} = Search<{filters}, {order}, Field>{needs};\n"
    return f"{found}export type {name} = Omit<Search<{filters}, {order}, never>, \"fields\">{needs};\n"
