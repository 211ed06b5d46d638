"""The committed OpenAPI documents as a deployment publishes them: its address, its name, and only what it offers.

The package `openapi` writes the documents; here they are data. Nothing of its code is needed to serve them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.core.operation import Operation
from gateway.brands import Brand
from gateway.config.settings import Settings
from gateway.reference.faults import with_faults
from gateway.sandboxes import offered as testing

Document = dict[str, Any]

_REFERENCE: Final = re.compile(rb'(?<!\\)"#/components/([^"]+)"')
SHARED: Final = "shared"
CONTRACT: Final = "contract"
WEBHOOKS: Final = "webhooks"
EMPTY: Final[Document] = {"paths": {}, "components": {"schemas": {}}}
"""The part of a resource in a contract that does not have it."""


def committed(folder: Path | None = None) -> dict[str, Document]:
    """Contract date → its document as it was generated, newest first. folder: where a deployment with resources of its own
    has generated them; None for the committed ones.
    """
    spec = resources.files("openapi") / "spec" if folder is None else folder
    return merged({f"{date.name}/{part.name}": part.read_bytes() for date in spec.iterdir() for part in date.iterdir()})


def merged(files: Mapping[str, bytes]) -> dict[str, Document]:
    """`{date}/{part}.json` → its text; from that contract date → its whole document, newest first.

    A contract that has no file for a part shares the next newer one's (openapi/parts.py).
    """
    by_date: dict[str, dict[str, Document]] = {}
    for path, text in files.items():
        date, _, name = path.partition("/")
        by_date.setdefault(date, {})[name.removesuffix(".json")] = orjson.loads(text)
    whole: dict[str, Document] = {}
    parts: dict[str, Document] = {}
    for date in sorted(by_date, reverse=True):
        parts = parts | by_date[date]
        whole[date] = _joined(parts)
    return whole


def _joined(parts: Mapping[str, Document]) -> Document:
    shared, contract = parts[SHARED], parts[CONTRACT]
    own = [parts[tag["name"]] for tag in shared["tags"]]
    paths = {path: item for part in own for path, item in part["paths"].items()}
    schemas: Document = {}
    for part in (*own, shared):
        schemas |= part["components"]["schemas"]
    parameters = contract["components"]["parameters"] | shared["components"]["parameters"]
    components = shared["components"] | {"schemas": dict(sorted(schemas.items())), "parameters": parameters}
    return {
        **shared,
        "info": contract["info"],
        "paths": paths,
        "webhooks": parts[WEBHOOKS]["webhooks"],
        "components": components,
    }


def deployed(settings: Settings, operations: Iterable[Operation], spec: Path | None = None) -> dict[str, Document]:
    """Contract date → the document of what a deployment offers, newest first. operations: those of its configuration;
    spec: as `committed` takes it.
    """
    whole = committed(spec)
    if not settings.test.enabled:
        operations = [*operations, *(replace(each, enabled=False) for each in testing.operations(list(whole)))]
    found = {date: offered(document, operations) for date, document in whole.items()}
    return {date: with_faults(document) for date, document in found.items()} if settings.test.enabled else found


def offered(document: Document, operations: Iterable[Operation]) -> Document:
    """The document without the operations that are switched off, and without what only they referred to."""
    off = {(operation.route, operation.method.lower()) for operation in operations if not operation.enabled}
    paths = {
        path: {method: item for method, item in methods.items() if (path, method) not in off}
        for path, methods in document["paths"].items()
    }
    paths = {path: methods for path, methods in paths.items() if methods}
    kept = {item["operationId"] for methods in paths.values() for item in methods.values()}
    paths = {path: {method: _linked(item, kept) for method, item in methods.items()} for path, methods in paths.items()}
    used = {tag for methods in paths.values() for item in methods.values() for tag in item["tags"]}
    tags = [tag for tag in document["tags"] if tag["name"] in used]
    # A service that is not there tells of nothing.
    sent = {name: item for name, item in document["webhooks"].items() if used.issuperset(item["post"]["tags"])}
    components = _reachable(document["components"], paths | sent)
    return {**document, "tags": tags, "paths": paths, "webhooks": sent, "components": components}


def branded(document: Document, brand: Brand) -> Document:
    """The document with the brand's name and addresses in place of the neutral ones."""
    origin = document["servers"][0]["url"]
    text = orjson.dumps(document)
    # In the text, which takes a tenth of what going through the tree does. No quotation mark but the one that begins a string
    # stands there without a backslash before it.
    named = {f'"{origin}/problems/': f"{brand.problem_base}/", f'"{origin}': brand.origin}
    texts = {old.encode(): orjson.dumps(new)[:-1] for old, new in named.items()}
    beginnings = b"|".join(map(re.escape, texts))
    text = re.sub(rb"(?<!\\)(?:" + beginnings + rb")", lambda found: texts[found[0]], text)
    whole: Document = orjson.loads(text)
    whole["info"] = {**whole["info"], "title": brand.name}
    return whole


def _linked(item: Document, kept: set[str]) -> Document:
    """The operation with those links only that lead to an operation which is there."""
    responses = dict(item["responses"])
    for status, response in responses.items():
        if "links" in response:
            links = {name: link for name, link in response["links"].items() if link["operationId"] in kept}
            responses[status] = {
                **{k: v for k, v in response.items() if k != "links"},
                **({"links": links} if links else {}),
            }
    return {**item, "responses": responses}


def reached(components: Document, node: Document) -> set[str]:
    """`group/name` of every component that `node` refers to, directly or not."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        for reference in _references(waiting.pop()):
            if reference not in found:
                found.add(reference)
                group, name = reference.split("/")
                waiting.append(components[group][name])
    return found


def resolved(components: Document, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a node refers to, or itself."""
    while "$ref" in node:
        _, _, group, name = node["$ref"].split("/")
        node = components[group][name]
    return node


def _reachable(components: Document, paths: Document) -> Document:
    """The components that the paths refer to, directly or not; how clients sign in is told in any case."""
    found = reached(components, paths)
    return {
        group: {name: value for name, value in named.items() if f"{group}/{name}" in found}
        if group != "securitySchemes"
        else named
        for group, named in components.items()
    }


def _references(node: Any) -> Iterator[str]:
    """`schemas/Contact` for every reference below, a discriminator's mapping included."""
    return (found.decode() for found in _REFERENCE.findall(orjson.dumps(node)))
