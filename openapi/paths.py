"""Operations → path items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.core.compile.scopes import Scopes
from adapters.core.declare.parameter import Parameter
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Given
from adapters.core.request.selection import FIELDS
from gateway import problems
from gateway.problems import Problem
from openapi.contents import Contents
from openapi.headers import COUNTED, EVERY, references
from openapi.schemas import Schemas
from openapi.security import permission, requirement
from openapi.selecting import parameter

_ALWAYS: tuple[type[Problem], ...] = (
    problems.BadRequest,
    problems.Unauthorized,
    problems.NotAcceptable,
    problems.RateLimited,
    problems.ServerError,
    problems.Unavailable,
)
_BEHIND: tuple[type[Problem], ...] = (problems.BadGateway, problems.GatewayTimeout)
_READING: tuple[type[Problem], ...] = (problems.PayloadTooLarge, problems.UnsupportedMediaType, problems.RequestTimeout)
_LINKED = {"get": "Read it", "update": "Change it", "delete": "Delete it"}


class Paths:
    """`paths` of one contract. `ids`: an example of each type of id, by prefix."""

    def __init__(
        self, schemas: Schemas, date: str, scopes: Scopes, operations: Iterable[Operation], ids: Mapping[str, str]
    ) -> None:
        self._contents, self._date, self._scopes, self._ids = Contents(schemas), date, scopes, ids
        self._operations = {each.name: each for each in operations if not each.faces or each.faces[date] is not None}

    def items(self) -> dict[str, Any]:
        """Path → method → operation."""
        items: dict[str, Any] = {}
        for operation in self._operations.values():
            items.setdefault(operation.route, {})[operation.method.lower()] = self._operation(operation)
        return items

    def _operation(self, operation: Operation) -> dict[str, Any]:
        face = operation.faces[self._date] if operation.faces else None
        sends, gives = (face.sends, face.gives) if face else (None, operation.gives)
        described = [operation.description, permission(operation.scopes, self._scopes)]
        if operation.body is Body.MERGE:
            # Not declared as a second media type: there are generators whose clients then fail to load.
            described.append(
                "A JSON merge patch (RFC 7396), by that media type (`application/merge-patch+json`) as well."
            )
        if operation.replayable:
            described.append("Safe to repeat with an `Idempotency-Key`.")
        item: dict[str, Any] = {
            "operationId": operation_id(operation.name),
            "summary": operation.summary,
            "description": "\n\n".join(part for part in described if part),
            "tags": [operation.first],
            "parameters": self._parameters(operation, gives),
        }
        if sends is not None:
            content = sends.content(self._contents)
            item["requestBody"] = {"required": True, "content": content} if sends.required else {"content": content}
        item["responses"] = {str(operation.success): self._answer(operation, gives), **_refusals(operation, face)}
        item["security"] = requirement(operation.scopes)
        return item

    def _parameters(self, operation: Operation, gives: Given | None) -> list[dict[str, Any]]:
        free = iter(operation.words)
        parameters: list[dict[str, Any]] = []
        for name, kind in zip(operation.param_names, operation.params, strict=True):
            if kind is None:
                text = next(free)
                described, schema, shown = f"The {name}, percent-encoded.", text.strict(), text.example
                schema = schema | {"minLength": max(1, text.least)}
            else:
                described, schema = f"The {kind.noun}'s id.", {"type": "string", "pattern": kind.pattern}
                shown = self._ids.get(kind.prefix) or kind.sample()
            parameters.append(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": described,
                    "schema": schema,
                    "example": shown,
                }
            )
        parameters += [_asked(each) for each in operation.takes]
        shared = [
            *(name for name in operation.query if name != FIELDS),
            "Version",
            *(["IdempotencyKey"] if operation.replayable else []),
        ]
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in shared]
        if FIELDS in operation.query and gives is not None and gives.shape is not None:
            # The last: generated clients take parameters in this order, and it came after the others.
            parameters.append(parameter(gives.shape))
        return parameters

    def _answer(self, operation: Operation, gives: Given | None) -> dict[str, Any]:
        names = [*EVERY, "Version", *COUNTED, "Deprecation", "Sunset"]
        if operation.located:
            names.append("Location")
        if operation.replayable:
            names.append("Idempotent-Replayed")
        answer: dict[str, Any] = {"description": _DONE[operation.success], "headers": references(*names)}
        if gives is not None:
            answer["headers"] |= gives.headers
            answer["content"] = {operation.produces: gives.content(self._contents)}
        if operation.success == 201 and not operation.params and (links := self._links(operation)):
            answer["links"] = links
        return answer

    def _links(self, operation: Operation) -> dict[str, Any]:
        """What can be done with the record that was made."""
        named = {verb: f"{operation.first}.{verb}" for verb in _LINKED}
        return {
            verb: {
                "operationId": operation_id(name),
                "parameters": {"id": "$response.body#/data/id"},
                "description": f"{_LINKED[verb]}.",
            }
            for verb, name in named.items()
            if name in self._operations
        }


def operation_id(name: str) -> str:
    """`contacts.search` → `contacts_search`."""
    return name.replace(".", "_")


def _asked(parameter: Parameter) -> dict[str, Any]:
    """A query parameter of one operation."""
    told = parameter.description
    if parameter.default is not None:
        told += f" `{parameter.default}` when left out."
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": told,
        "schema": parameter.kind.strict(),
        "example": parameter.example,
    }


def _refusals(operation: Operation, face: Face | None) -> dict[str, Any]:
    kinds = [*_ALWAYS]
    if operation.scopes:
        kinds.append(problems.Forbidden)
    if operation.params:
        kinds.append(problems.NotFound)
    if operation.body is not Body.NONE:
        kinds += [*_READING]
    if operation.body is not Body.NONE or operation.takes or FIELDS in operation.query:
        kinds.append(problems.Unprocessable)
    if operation.method != "GET" and not operation.reads:
        kinds += [problems.PreconditionFailed, problems.Conflicting]
    if operation.service:
        kinds += _BEHIND
    kinds.sort(key=lambda kind: kind.status)
    return {str(kind.status): {"$ref": f"#/components/responses/{kind.__name__}"} for kind in kinds}


_DONE = {200: "Done.", 201: "Created.", 202: "Begun.", 204: "Done; there is nothing to tell."}
