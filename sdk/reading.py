"""An OpenAPI document of ours → the model. It reads what `openapi/` writes, and no other dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sdk.model import (
    Contract,
    Document,
    ErrorCode,
    Event,
    Field,
    Filter,
    Known,
    Operation,
    OperationKind,
    Resource,
    Search,
    Shape,
    Type,
    TypeKind,
)

_PLAIN: Final[Mapping[str, TypeKind]] = {"integer": "integer", "number": "number", "boolean": "boolean"}
_JSON: Final = "application/json"
_CSV: Final = "text/csv"
_CURSOR: Final = "cursor"
_OWN: Final[Mapping[str, OperationKind]] = {
    "get": "get",
    "get_many": "get_many",
    "create": "create",
    "update": "update",
    "delete": "delete",
}
_TEXTS: Final[Mapping[str, TypeKind]] = {"date-time": "datetime", "date": "date"}
_SELECTION: Final = re.compile(r"\^\(([^)]*)\)")


def contract(document: Document, codes: Mapping[str, tuple[int, str]]) -> Contract:
    """The contract of a published document. codes: every problem's code → its HTTP status and what it means."""
    known = Known(document["components"]["schemas"])
    group_of = {tag: group["name"] for group in document["x-tagGroups"] for tag in group["tags"]}
    by_tag: dict[str, list[Operation]] = {}
    for route, methods in document["paths"].items():
        for method, item in methods.items():
            tag = item["tags"][0]
            by_tag.setdefault(tag, []).append(_operation(known, document, tag, route, method, item))
    resources = tuple(
        Resource(tag["name"], group_of.get(tag["name"], ""), tag["description"], _record(own), tuple(own))
        for tag in document["tags"]
        if (own := by_tag.get(tag["name"]))
    )
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    return Contract(
        brand=document["info"]["title"],
        date=document["info"]["version"],
        origin=document["servers"][0]["url"].rstrip("/"),
        docs=document["externalDocs"]["url"],
        authorize=flow["authorizationUrl"],
        token=flow["tokenUrl"],
        scopes=tuple(flow["scopes"]),
        resources=resources,
        events=tuple(_events(known, document["webhooks"])),
        errors=tuple(ErrorCode(code, status, meaning) for code, (status, meaning) in codes.items()),
        shapes=known.shapes,
    )


def _operation(known: Known, document: Document, tag: str, route: str, method: str, item: Document) -> Operation:
    name = item["operationId"].removeprefix(f"{tag}_")
    parameters = [_resolved(document, each) for each in item["parameters"]]
    query = [each for each in parameters if each["in"] == "query" and each["name"] != "fields"]
    success = next(answer for status, answer in item["responses"].items() if status.startswith("2"))
    sent = item.get("requestBody", {}).get("content", {})
    body = sent.get(_JSON, {})
    searched = known.schemas[_named(body["schema"])] if name == "search" else None
    gives, paged = _gives(known, success)
    # A list that is short comes whole, in the envelope of a page.
    paged = paged and (searched is not None or any(each["name"] == _CURSOR for each in query))
    kind = _kind(name, method, sent, success, searched=searched is not None, paged=paged)
    keyed = any(each["name"] == "Idempotency-Key" for each in parameters)
    return Operation(
        id=item["operationId"],
        name=name,
        kind=kind,
        method=method.upper(),
        route=route,
        summary=item["summary"],
        description=item["description"],
        path=tuple(_parameter(known, each) for each in parameters if each["in"] == "path"),
        query=tuple(_parameter(known, each) for each in query),
        body=_body(known, body, kind),
        body_required=item.get("requestBody", {}).get("required", False),
        gives=gives,
        paged=paged,
        keyed=keyed,
        repeatable=keyed or method != "post" or kind in {"search", "get_many"},
        search=None if searched is None else _search(known, searched),
        selects=_selectable(parameters),
    )


def _kind(name: str, method: str, sent: Document, success: Document, *, searched: bool, paged: bool) -> OperationKind:
    if _CSV in sent:
        return "import"
    if _CSV in success.get("content", {}):
        return "export"
    if searched:
        return "search"
    if name in _OWN:
        return _OWN[name]
    return "list" if method == "get" and (paged or name.startswith("list_")) else "call"


def _gives(known: Known, success: Document) -> tuple[Type | None, bool]:
    """The type of `data`, and whether there are pages of it."""
    content = success.get("content", {}).get(_JSON)
    if content is None:
        return None, False
    name = _named(content["schema"])
    properties = known.schemas[name]["properties"]
    data = _type(known, properties["data"], name.removesuffix("Answer"))
    meta = properties.get("meta")
    return data, meta is not None and data.kind == "list" and _CURSOR in known.schemas[_named(meta)]["properties"]


def _record(operations: Sequence[Operation]) -> str:
    """The shape of the resource's own records: what it is read as, or what is found."""
    for name in ("get", "search"):
        for operation in operations:
            if operation.name == name and operation.gives is not None:
                found = operation.gives.item or operation.gives
                return found.shape
    return ""


def _body(known: Known, body: Document, kind: OperationKind) -> str:
    """The shape that is sent. What a search and a batch take is the same everywhere, and no shape."""
    if "schema" not in body or kind in {"search", "get_many"}:
        return ""
    name = _named(body["schema"])
    if not known.schemas[name].get("properties"):
        return ""
    _shape(known, name, known.schemas[name])
    return name


def _search(known: Known, schema: Document) -> Search:
    properties = schema["properties"]
    alternatives = known.schemas[_named(properties["filters"]["items"])]["oneOf"]
    filters: dict[str, tuple[str, ...]] = {}
    groups = []
    for each in alternatives:
        own = known.schemas[_named(each)]["properties"]
        if "field" in own:
            filters |= dict.fromkeys(own["field"]["enum"], tuple(own["operator"]["enum"]))
        else:
            groups += list(own)
    order = known.schemas[_named(properties["order_by"]["anyOf"][0])]
    fields = known.schemas[_named(properties["fields"]["items"])]["enum"] if "fields" in properties else ()
    return Search(
        filters=tuple(Filter(name, operators) for name, operators in filters.items()),
        groups=tuple(groups),
        sorts=tuple(order["enum"]),
        fields=tuple(fields),
        needs_filters="filters" in schema.get("required", ()),
    )


def _selectable(parameters: Sequence[Document]) -> tuple[str, ...]:
    for each in parameters:
        if each["name"] == "fields" and (found := _SELECTION.match(each["schema"].get("pattern", ""))):
            return tuple(found[1].split("|"))
    return ()


def _events(known: Known, webhooks: Document) -> Iterator[Event]:
    for name, item in webhooks.items():
        schema = item["post"]["requestBody"]["content"][_JSON]["schema"]
        yield Event(name, item["post"]["description"], _type(known, schema, "").shape)


def _parameter(known: Known, parameter: Document) -> Field:
    return Field(
        name=parameter["name"],
        type=_type(known, parameter["schema"], ""),
        description=parameter.get("description", ""),
        required=parameter.get("required", False),
        example=parameter.get("example"),
    )


def _type(known: Known, schema: Document, within: str) -> Type:
    """The type of a schema. within: what an object is called that has no name of its own."""
    if "anyOf" in schema:
        others = [each for each in schema["anyOf"] if each != {"type": "null"}]
        return _or_null(_type(known, others[0], within)) if len(others) == 1 else Type("any", nullable=True)
    if "$ref" in schema:
        name = _named(schema)
        return _type(known, known.schemas[name], name)
    types = schema.get("type", ())
    names = {types} if isinstance(types, str) else set(types)
    nullable = "null" in names
    kind, *more = (names - {"null"}) or {"any"}
    if kind in {"any", "string"} and "enum" in schema:
        return Type("enum", nullable, values=tuple(each for each in schema["enum"] if each is not None))
    if kind == "string":
        return Type(_TEXTS.get(schema.get("format", ""), "string"), nullable)
    if kind in _PLAIN and not more:
        return Type(_PLAIN[kind], nullable)
    if kind == "array":
        return Type("list", nullable, item=_type(known, schema.get("items", {}), f"{within}Item"))
    if kind == "object" and schema.get("properties"):
        _shape(known, within, schema)
        return Type("shape", nullable, shape=within)
    return Type("map" if kind == "object" else "any", nullable)


def _or_null(given: Type) -> Type:
    return Type(given.kind, nullable=True, values=given.values, item=given.item, shape=given.shape)


def _shape(known: Known, name: str, schema: Document) -> None:
    if name in known.shapes:
        return
    # First the name alone: a shape may have itself among its members.
    known.shapes[name] = Shape(name, "", ())
    required = set(schema.get("required", ()))
    fields = tuple(
        Field(
            name=member,
            type=_type(known, own, name + "".join(word.capitalize() for word in member.split("_"))),
            description=own.get("description", ""),
            required=member in required,
            read_only=own.get("readOnly", False),
            example=next(iter(own.get("examples", ())), None),
        )
        for member, own in schema["properties"].items()
    )
    known.shapes[name] = Shape(name, schema.get("description", ""), fields)


def _named(reference: Document) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _resolved(document: Document, parameter: Document) -> Any:
    if "$ref" not in parameter:
        return parameter
    return document["components"]["parameters"][_named(parameter)]
