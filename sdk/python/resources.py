"""The classes of resources, for programs with asyncio; those without are derived from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sdk.model import Contract, Field, Operation, Resource, Type
from sdk.python.names import answered, class_of, given, member, text
from sdk.python.shapes import is_flat, selectable, selection

_RENAMED: Final = {"import": "import_csv", "export": "export_csv"}
_BODY_KEYS: Final = "idempotency_key: str | None = None"


def base_path(resource: Resource) -> str:
    """`/v1/contacts`: what the paths of the resource begin with."""
    for name, suffix in (("search", "/search"), ("create", ""), ("get", "/{id}")):
        operation = resource.operation(name)
        if operation is not None:
            return operation.route.removesuffix(suffix)
    return ""


def method_name(operation: Operation) -> str:
    """What the operation's method is called."""
    return _RENAMED.get(operation.name, member(operation.name))


def inherited(resource: Resource) -> dict[str, str]:
    """Operations that a class of the runtime has → that class, with its types."""
    order, chosen = selection(resource)
    base, record = base_path(resource), resource.record
    ready = {
        "search": (f"AsyncSearches[{record}, {order}, {chosen}]", f"{base}/search"),
        "get": (f"AsyncGets[{record}, {chosen}]", f"{base}/{{id}}"),
        "get_many": (f"AsyncGetsMany[{record}, {chosen}]", f"{base}/get"),
        "delete": ("AsyncDeletes", f"{base}/{{id}}"),
        "export": ("AsyncExports", f"{base}/export"),
    }
    found = {
        name: made
        for name, (made, route) in ready.items()
        if (operation := resource.operation(name)) is not None and operation.route == route
    }
    imported = resource.operation("import")
    if imported is not None and imported.gives is not None and imported.route == f"{base}/import":
        found["import"] = f"AsyncImports[{imported.gives.shape}]"
    return found


def resource_class(contract: Contract, resource: Resource) -> Iterator[str]:
    """The class of a resource, line by line."""
    parts = inherited(resource)
    head = f"class Async{class_of(resource.name)}"
    bases = list(parts.values()) or ["AsyncResource"]
    whole = f"{head}({', '.join(bases)}):"
    yield from [whole] if len(whole) <= 120 else [f"{head}(", f"    {', '.join(bases)}", "):"]
    yield f'    """{" ".join(resource.description.split())}"""'
    yield ""
    yield f"    _path = {text(base_path(resource))}"
    if any(part.startswith(("AsyncGets", "AsyncSearches")) for part in parts.values()):
        yield f"    _record = {resource.record}"
    imported = resource.operation("import")
    if "import" in parts and imported is not None and imported.gives is not None:
        yield f"    _import = {imported.gives.shape}"
    for operation in resource.operations:
        if operation.name not in parts:
            yield ""
            yield from _method(contract, resource, operation)


def _method(contract: Contract, resource: Resource, operation: Operation) -> Iterator[str]:
    name = method_name(operation)
    ids = [member(each.name) for each in operation.path]
    paged = operation.kind == "list" and operation.paged
    keywords, asked = _asked(contract, operation)
    if operation.kind == "list" and operation.selects:
        asked.append("fields=joined(fields)")
        keywords.append(f"fields: Iterable[{_selected(contract, operation)}] | None = None")
    if paged:
        keywords.append("page_size: int | None = None")
    flat = is_flat(contract, operation)
    if flat:
        fields = sorted(contract.shapes[operation.body].fields, key=lambda field: not field.required)
        keywords += [_parameter(contract, each) for each in fields]
    if operation.keyed:
        keywords.append(_BODY_KEYS)
    taken = ["self", *(f"{each}: str" for each in ids), *(["*", *keywords] if keywords else [])]
    if operation.body and not flat:
        taken.append(f"**sent: Unpack[{operation.body}]")
    of = answered(operation.gives) if operation.gives else "None"
    route = _route(operation, ids)
    head, word = ("def", "") if paged else ("async def", "await ")
    result = (
        f"AsyncPages[{answered(operation.gives.item)}]" if paged and operation.gives and operation.gives.item else of
    )
    yield f"    {head} {name}({', '.join(taken)}) -> {result}:"
    yield f'        """{_told(operation)}"""'
    if paged:
        yield f"        return self._list({', '.join([_reader(operation.gives, inner=True), route, 'page_size', *asked])})"
        return
    query = f"question({', '.join(asked)})" if asked else "[]"
    if operation.method == "GET":
        yield f"        return {word}self._read({_reader(operation.gives)}, {route}, {query})"
        return
    body = "sent" if operation.body else "None"
    if flat:
        named = ", ".join(f"{member(each.name)}={member(each.name)}" for each in contract.shapes[operation.body].fields)
        body = f"given({named})"
    sent = [body, *([query] if asked else [])]
    while sent and sent[-1] == "None":
        sent.pop()
    key = ["key=idempotency_key or new_key()"] if operation.keyed else []
    if not operation.repeatable:
        key.append("repeatable=False")
    if operation.gives is None:
        line = ", ".join([text(operation.method), route, *sent, *key])
        yield f"        {word}self._quietly({line})"
        return
    line = ", ".join([_reader(operation.gives), text(operation.method), route, *sent, *key])
    yield f"        return {word}self._do({line})"


def _asked(contract: Contract, operation: Operation) -> tuple[list[str], list[str]]:
    """The keyword parameters of a query, and how they are passed on."""
    query = [each for each in operation.query if each.name not in {"limit", "cursor"}]
    keywords = [_parameter(contract, each) for each in sorted(query, key=lambda field: not field.required)]
    return keywords, [f"{member(each.name)}={member(each.name)}" for each in query]


def _parameter(contract: Contract, field: Field) -> str:
    of = given(field.type, contract)
    if field.required:
        return f"{member(field.name)}: {of}"
    return f"{member(field.name)}: {of if of.endswith('| None') else f'{of} | None'} = None"


def _selected(contract: Contract, operation: Operation) -> str:
    """The type of names that may be chosen: that of the resource whose records are listed."""
    shape = operation.gives.item.shape if operation.gives and operation.gives.item else ""
    for resource in contract.resources:
        if resource.record == shape and set(selectable(resource)) == set(operation.selects):
            return f"{shape}Field"
    return "str"


def _route(operation: Operation, ids: Sequence[str]) -> str:
    if not ids:
        return text(operation.route)
    template = operation.route
    for each in operation.path:
        template = template.replace(f"{{{each.name}}}", "{}")
    return f"address({text(template)}, {', '.join(ids)})"


def _reader(of: Type | None, *, inner: bool = False) -> str:
    """What makes a value of `data`."""
    of = of.item if inner and of is not None else of
    if of is None:
        return "Any"
    if of.kind == "shape":
        return of.shape if not of.nullable else f"lambda data: None if data is None else {of.shape}(data)"
    if of.kind == "list" and of.item is not None and of.item.kind == "shape":
        return f"lambda data: [{of.item.shape}(each) for each in data]"
    return {"list": "list", "string": "str", "integer": "int", "boolean": "bool", "map": "dict"}.get(
        of.kind, "lambda data: data"
    )


def _told(operation: Operation) -> str:
    told = " ".join(operation.summary.split()).rstrip(".")
    return f"{told}." + (" A failure is not repeated." if not operation.repeatable else "")
