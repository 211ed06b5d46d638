"""`webhooks` of one contract: what subscribers are posted, type by type, and with which headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.core.compile.catalogue import Catalogue
from adapters.core.compile.events import EventType
from adapters.core.shapes import Shape
from gateway.webhooks import declared, own_events, shapes
from openapi.schemas import Schema, Schemas

_OMITTED = ("thin", "too_large", "budget", "unavailable", "not_offered")
_HEADERS = {
    "webhook-id": (
        "The event, the same at every attempt: what repetitions are known by.",
        "evt_7Qm2bV9xKc4TzRw1LfYp8HsN",
    ),
    "webhook-timestamp": ("When this attempt was made, in seconds since 1970.", "1789207200"),
    "webhook-signature": (
        "`v1,` and base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}` (Standard Webhooks); two while rotated.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
    "Version": ("The contract of the record.", "2026-09-01"),
}


def webhooks(schemas: Schemas, date: str, catalogue: Catalogue) -> dict[str, Any]:
    """Type → path item, in the order of the declarations."""
    types = catalogue.events()
    tags = {event.name: resource.path for resource in catalogue.resources for event in resource.events}
    by_subject: dict[str, list[EventType]] = {}
    for kind in types.named.values():
        by_subject.setdefault(kind.subject, []).append(kind)
    found = {}
    for subject, kinds in by_subject.items():
        shape = kinds[0].shapes[date]
        names = [kind.name for kind in kinds]
        changes = any(kind.declared.previous for kind in kinds)
        schema = _envelope(schemas, shape, subject, names, changes=changes)
        for kind in kinds:
            needs = f"Sent while the owner's scopes and role have `webhook.read` and `{kind.scope}`."
            example = _example(kind.name, subject, date, shape)
            tag = tags.get(kind.name, declared.EVENTS)
            found[kind.name] = _item(kind.name, tag, f"{kind.declared.why} {needs}", schema, example)
    own = Shape("WebhookNotice", shapes.SUBSCRIPTION.description, shapes.SUBSCRIPTION.fields[:1])
    names = [*own_events.SUBSCRIBABLE, own_events.TEST]
    schema = _envelope(schemas, own, own_events.SUBJECT, names, changes=False)
    told = own_events.SUBSCRIBABLE | {own_events.TEST: "A trial, when a subscription is made or asks for it."}
    for name in names:
        example = _example(name, own_events.SUBJECT, date, own)
        found[name] = _item(
            name, declared.FIRST, f"{told[name]} Sent while the owner has `webhook.read`.", schema, example
        )
    return {name: {"post": item} for name, item in found.items()}


def _item(name: str, tag: str, about: str, schema: Schema, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "on_" + name.replace(".", "_"),
        "summary": name,
        "description": about,
        "tags": [tag],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
                "example": shown,
            }
            for header, (text, shown) in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
        "responses": {
            "2XX": {"description": "Taken. Answer within 20 seconds; what your answer says is not read."},
            "default": {"description": "Tried again, ten times within 75 hours."},
        },
        "security": [],
    }


def _envelope(schemas: Schemas, shape: Shape, subject: str, names: Iterable[str], *, changes: bool) -> Schema:
    # Not the record itself: what is guarded is in no event, and a name stands for one schema.
    data = schemas.described(shape)
    data["description"] = (
        f"{shape.description} Of it only the id is there when the event is `partial`, and what it told itself."
    )
    data["required"] = ["id"]
    reference = schemas.add(f"{shape.name}EventData", data)
    previous: Schema = {"type": ["object", "null"], "description": "What was there before, of the fields that say so."}
    if changes:
        previous = {"anyOf": [reference, {"type": "null"}], "description": previous["description"]}
    text, moment = {"type": "string"}, {"type": "string", "format": "date-time"}
    properties: dict[str, Schema] = {
        "id": text | {"description": "The event's id, the same at every attempt."},
        "type": text | {"enum": [*names], "description": "What happened."},
        "created_at": moment | {"description": "When it happened."},
        "sequence": {
            "type": "integer",
            "format": "int64",
            "description": "Grows with every event of the workspace; gaps are normal.",
        },
        "tenant_id": text | {"description": "The workspace."},
        "version": text | {"format": "date", "description": "The contract of `data`."},
        "object": text | {"enum": [subject], "description": "What `data` is."},
        "as_of": moment | {"description": "When the record was read."},
        "partial": {"type": "boolean", "description": "Whether the record is not in it whole."},
        "omitted": {
            "type": ["string", "null"],
            "enum": [*_OMITTED, None],
            "description": "Why not; read the record by its id where you need it.",
        },
        "previous": previous,
        "data": reference,
        "test": {"type": "boolean", "description": "True in a trial, else absent."},
    }
    schema = {
        "type": "object",
        "description": f"Something happened to a {subject.replace('_', ' ')}.",
        "required": [name for name in properties if name != "test"],
        "properties": properties,
    }
    return schemas.add(f"{shape.name}Event", schema)


def _example(name: str, subject: str, date: str, shape: Shape) -> dict[str, Any]:
    return {
        "id": "evt_7Qm2bV9xKc4TzRw1LfYp8HsN",
        "type": name,
        "created_at": "2026-09-12T10:00:00.250Z",
        "sequence": 8123,
        "tenant_id": "biz_clx0a1b2c3d4e5f6g7h8i9j0k",
        "version": date,
        "object": subject,
        "as_of": "2026-09-12T10:00:01Z",
        "partial": False,
        "omitted": None,
        "previous": None,
        "data": shape.example(),
    }
