"""The classes of records and bodies: a module for each resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sdk.model import Contract, Field, Operation, Resource, Shape, Type
from sdk.python.names import answered, given, literal, member, text, writable

_FLAT: Final = 8
_EQUAL: Final = {"eq", "in"}


@dataclass(frozen=True)
class Owned:
    """Which module each shape is in. `bodies`: those that are sent; all others are answered."""

    module: Mapping[str, str]
    bodies: frozenset[str]
    alias: Mapping[str, str]
    """A shape that events have instead of a record's → the record's."""
    flat: frozenset[str]
    """Bodies that have no class: their members are parameters."""

    def of(self, resource: str) -> list[str]:
        """The shapes of a resource's module."""
        return [shape for shape, module in self.module.items() if module == resource]


def owned(contract: Contract) -> Owned:
    """A record belongs to its resource, everything else to the first that uses it; what only events have, to `webhooks`."""
    module = {resource.record: resource.name for resource in contract.resources if resource.record}
    bodies: set[str] = set()
    alias: dict[str, str] = {}
    for resource in contract.resources:
        for operation in resource.operations:
            sent = set(_reached(contract, operation.body)) if operation.body else set()
            bodies |= sent
            answers = set(_reached(contract, _shape_of(operation.gives))) if operation.gives else set()
            for name in [each for each in contract.shapes if each in sent | answers]:
                module.setdefault(name, resource.name)
    for event in contract.events:
        data = next((each.type.shape for each in contract.shapes[event.shape].fields if each.name == "data"), "")
        record = data.removesuffix("EventData")
        if data and _alike(contract, data, record):
            alias[data] = record
        for name in _reached(contract, event.shape):
            if name not in alias:
                module.setdefault(name, "webhooks")
    flat = {
        operation.body
        for resource in contract.resources
        for operation in resource.operations
        if is_flat(contract, operation)
    }
    return Owned(
        {shape: where for shape, where in module.items() if shape not in flat},
        frozenset(bodies),
        alias,
        frozenset(flat),
    )


def is_flat(contract: Contract, operation: Operation) -> bool:
    """Whether the members of the body are parameters of the method: those of an action, which has few."""
    if operation.kind != "call" or not operation.body:
        return False
    fields = contract.shapes[operation.body].fields
    return len(fields) <= _FLAT and all(_shape_of(each.type) == "" for each in fields)


def _alike(contract: Contract, data: str, record: str) -> bool:
    """Whether everything that the event tells is a member of the record."""
    if record not in contract.shapes:
        return False
    members = {each.name for each in contract.shapes[record].fields}
    return members >= {each.name for each in contract.shapes[data].fields}


def _shape_of(of: Type | None) -> str:
    if of is None:
        return ""
    return of.shape or _shape_of(of.item)


def _reached(contract: Contract, name: str) -> Iterator[str]:
    """The shape and those within it, the innermost first."""
    seen: set[str] = set()

    def walk(shape: str) -> Iterator[str]:
        if not shape or shape in seen:
            return
        seen.add(shape)
        for each in contract.shapes[shape].fields:
            yield from walk(_shape_of(each.type))
        yield shape

    yield from walk(name)


def selection(resource: Resource) -> tuple[str, str]:
    """What the types of sortable and of selectable names are called; NoReturn where there are none."""
    search, get = resource.operation("search"), resource.operation("get")
    sorts = search is not None and search.search is not None and search.search.sorts
    chosen = selectable(resource, get)
    return (
        f"{resource.record}Order" if sorts else "NoReturn",
        f"{resource.record}Field" if chosen else "NoReturn",
    )


def selectable(resource: Resource, get: Operation | None = None) -> tuple[str, ...]:
    """The names that `fields` may have."""
    search = resource.operation("search")
    if search is not None and search.search is not None and search.search.fields:
        return search.search.fields
    get = get or resource.operation("get")
    return get.selects if get is not None else ()


def shapes(contract: Contract, resource: Resource | None, own: Owned, within: str) -> Iterator[str]:
    """The classes of one module, line by line. resource: None for events; within: the module's name."""
    names = own.of(within)
    operators: dict[str, tuple[str, ...]] = {}
    if resource is not None and (search := resource.operation("search")) is not None and search.search is not None:
        operators = {each.field: each.operators for each in search.search.filters}
    # What a class has in it stands before it.
    ordered = list(dict.fromkeys(each for name in names for each in _reached(contract, name) if each in names))
    met: set[str] = set()
    for name in ordered:
        shape = contract.shapes[name]
        if name in own.flat:
            continue
        yield ""
        yield ""
        if name in own.bodies:
            record = name.removesuffix("Create").removesuffix("Update")
            alike = common(contract, record)
            if alike is not None and alike.name not in met:
                met.add(alike.name)
                yield from _body(contract, alike, {}, "")
                yield from ("", "")
            shared = {} if alike is None else {each.name: each for each in alike.fields}
            yield from _body(contract, shape, shared, "" if alike is None else alike.name)
        else:
            searched = operators if resource is not None and name == resource.record else {}
            yield from _record(shape, searched, own, within)
    if resource is not None and resource.record:
        yield from _names(resource)


def _names(resource: Resource) -> Iterator[str]:
    order, chosen = selection(resource)
    search = resource.operation("search")
    yield ""
    yield ""
    if order != "NoReturn" and search is not None and search.search is not None:
        yield f"{order} = {literal(search.search.sorts)}"
    if chosen != "NoReturn":
        yield f"{chosen} = {literal(selectable(resource))}"


def _record(shape: Shape, operators: Mapping[str, tuple[str, ...]], own: Owned, within: str) -> Iterator[str]:
    yield f"class {shape.name}(Record):"
    yield from _doc(shape.description)
    for field in shape.fields:
        yield f"    {member(field.name)} = {_field(field, operators.get(field.name, ()), own, within)}"


def _field(field: Field, operators: tuple[str, ...], own: Owned, within: str) -> str:
    kind = _class(operators)
    inner = field.type.item or field.type
    of = answered(_renamed(field.type, own))
    arguments = [text(field.description)]
    if inner.kind == "shape":
        shape = own.alias.get(inner.shape, inner.shape)
        found = shape if own.module[shape] == within else f"_of({text(own.module[shape])}, {text(shape)})"
        arguments.append(f"{'many' if field.type.kind == 'list' else 'one'}(lambda: {found})")
        of = f'"{of}"'
    elif field.type.kind in {"datetime", "date"}:
        arguments.append({"datetime": "moment", "date": "day"}[field.type.kind])
    if member(field.name) != field.name:
        arguments.append(f"name={text(field.name)}")
    return f"{kind}[{of}]({', '.join(arguments)})"


def _renamed(of: Type, own: Owned) -> Type:
    return Type(of.kind, of.nullable, of.values, of.item, own.alias[of.shape]) if of.shape in own.alias else of


def _class(operators: tuple[str, ...]) -> str:
    for name, sign in (("Ordered", "gte"), ("Text", "contains"), ("Listed", "contains_any")):
        if sign in operators:
            return name
    return "Exact" if _EQUAL.intersection(operators) else "Field"


def _body(contract: Contract, shape: Shape, shared: Mapping[str, Field], base: str) -> Iterator[str]:
    """shared: the members that are in the class of the other body, `base`."""
    if not writable(shape):
        members = ", ".join(f"{text(each.name)}: {text(given(each.type, contract))}" for each in shape.fields)
        yield f"{shape.name} = TypedDict({text(shape.name)}, {{{members}}}, total=False)"
        return
    yield f"class {shape.name}({base or 'TypedDict'}, total=False):"
    yield from _doc(shape.description)
    own = [each for each in shape.fields if each.name not in shared]
    for field in own:
        of = given(field.type, contract)
        yield f"    {field.name}: {f'Required[{of}]' if field.required else of}"


def common(contract: Contract, name: str) -> Shape | None:
    """The members that what is sent to create a record and to update it have alike; None where it is one of the two only."""
    created, updated = (contract.shapes.get(f"{name}{suffix}") for suffix in ("Create", "Update"))
    if created is None or updated is None or not (writable(created) and writable(updated)):
        return None
    types = {each.name: each.type for each in updated.fields}
    alike = [each for each in created.fields if not each.required and types.get(each.name) == each.type]
    return Shape(f"{name}Given", created.description, tuple(alike)) if len(alike) > 2 else None


def _doc(description: str) -> Iterator[str]:
    told = " ".join(description.split()).replace("\\", "\\\\").replace('"""', "'''")
    yield f'    """{told or "What is sent or answered."}{" " if told.endswith(chr(34)) else ""}"""'
    yield ""
