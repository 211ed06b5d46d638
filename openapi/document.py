"""The whole document of one contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from adapters.core.compile.catalogue import Catalogue
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import Resource
from adapters.core.operation import Operation
from adapters.core.shapes import Shape
from adapters.core.words import report
from gateway.api.me import ME
from gateway.sandboxes import declared as testing
from gateway.sandboxes import offered
from gateway.webhooks import declared, shapes
from openapi import headers
from openapi.errors import responses
from openapi.paths import Paths
from openapi.schemas import Schemas
from openapi.security import ORIGIN, schemes
from openapi.webhooks import webhooks

Document = dict[str, Any]

_ABOUT = """\
Every request carries two headers: `Authorization: Bearer <token>`, and `Version` with the date of the contract your
program was written for. Records are listed and searched by `POST /v1/…/search`; answers come as `{"data": …}`, failures
as RFC 9457 problem documents with a `code` for programs and a `trace_id` for support. Answers of 4 KB and more come in zstd
or gzip, whichever your `Accept-Encoding` prefers."""


def documents(catalogue: Catalogue) -> dict[str, Document]:
    """Contract date → its document, newest first."""
    dates = [contract.date for contract in catalogue.contracts]
    operations = [ME, *declared.operations(dates), *offered.operations(dates), *catalogue.operations()]
    return {contract.date: document(contract, catalogue, operations) for contract in catalogue.contracts}


def document(contract: Contract, catalogue: Catalogue, operations: Sequence[Operation]) -> Document:
    """The document of one contract."""
    resources = catalogue.resources
    schemas = Schemas()
    refusals = responses(schemas, [each.date for each in catalogue.contracts])
    paths = Paths(schemas, contract.date, catalogue.scopes, operations, dict(_ids(operations, contract.date))).items()
    sent = webhooks(schemas, contract.date, catalogue)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "API",
            "version": contract.date,
            "summary": contract.summary,
            "description": _ABOUT.replace("\n", " "),
            "contact": {"url": f"{ORIGIN}/docs"},
        },
        "externalDocs": {"url": f"{ORIGIN}/docs", "description": "Reference and guides."},
        "servers": [{"url": ORIGIN}],
        "tags": [*_tags(resources, operations)],
        "x-tagGroups": _groups(resources, operations),
        "paths": paths,
        "webhooks": sent,
        "components": {
            "schemas": dict(sorted(schemas.named.items())),
            "responses": refusals,
            "parameters": headers.requests(contract.date),
            "headers": headers.answers(),
            "securitySchemes": schemes(catalogue),
        },
    }


def _tags(resources: Iterable[Resource], operations: Iterable[Operation]) -> Iterator[Mapping[str, str]]:
    about = {resource.path: (resource.model.__doc__ or "").strip() for resource in resources}
    about[report.FIRST] = "What is worked out from the books and from deals."
    about[testing.FIRST] = testing.ABOUT
    about[ME.first] = "What a token is and may do."
    about[declared.FIRST] = shapes.SUBSCRIPTION.description
    about[declared.EVENTS] = shapes.EVENT.description
    for first in dict.fromkeys(operation.first for operation in operations):
        yield {"name": first, "description": about[first]}


def _groups(resources: Iterable[Resource], operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """The tags by part of the suite: a table of contents that readers of this extension show."""
    group_of = {resource.path: resource.group for resource in resources} | {report.FIRST: "Reports"}
    group_of[testing.FIRST] = "Test mode"
    group_of |= dict.fromkeys((declared.FIRST, declared.EVENTS), "Webhooks")
    groups: dict[str, list[str]] = {}
    for first in dict.fromkeys(operation.first for operation in operations):
        groups.setdefault(group_of.get(first, "General"), []).append(first)
    return [{"name": name, "tags": tags} for name, tags in groups.items()]


def _ids(operations: Iterable[Operation], date: str) -> Iterator[tuple[str, str]]:
    """The prefix of each type of id in a path → the example that records of that type have."""
    for operation in operations:
        face = operation.faces.get(date)
        if face is not None and face.gives is not None and face.gives.shape is not None:
            yield from _id_of(face.gives.shape)


def _id_of(shape: Shape) -> Iterator[tuple[str, str]]:
    for field in shape.fields:
        if field.name == "id":
            example = str(field.example)
            yield example[: example.index("_") + 1], example
