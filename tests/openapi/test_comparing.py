"""What counts as a breach of a contract, and what does not."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from openapi.comparing import breaking
from tests.openapi.generated import GENERATED

Document = dict[str, Any]
WHOLE = next(iter(GENERATED.values()))


def of_contacts() -> Document:
    """The document with what is told of contacts alone: it is copied for each change, and takes as long as it is large."""
    paths = {path: of for path, of in WHOLE["paths"].items() if path == "/v1/me" or path.startswith("/v1/contacts")}
    components = WHOLE["components"]
    beside = {name: of for name, of in components.items() if name != "schemas"}
    kept = {"CompanySearch": components["schemas"]["CompanySearch"]}
    texts = [json.dumps(each) for each in (paths, beside, kept)]
    while texts:
        for name in re.findall(r'"#/components/schemas/(\w+)"', texts.pop()):
            if name not in kept:
                kept[name] = components["schemas"][name]
                texts.append(json.dumps(kept[name]))
    return WHOLE | {"paths": paths, "components": beside | {"schemas": kept}}


NEWEST = of_contacts()


def schemas(document: Document) -> Document:
    found: Document = document["components"]["schemas"]
    return found


def search(document: Document) -> Document:
    found: Document = document["paths"]["/v1/contacts/search"]["post"]
    return found


BREACHES: dict[str, tuple[Callable[[Document], object], str]] = {
    "a path removed": (lambda d: d["paths"].pop("/v1/me"), "/v1/me: the path is gone"),
    "an operation removed": (lambda d: d["paths"]["/v1/contacts/{id}"].pop("patch"), "PATCH /v1/contacts/{id}"),
    "an operation renamed": (lambda d: search(d).update(operationId="find"), "operationId"),
    "another scope": (lambda d: search(d)["security"][0].update(oauth2=["deal.read"]), "deal.read"),
    "an answered field removed": (
        lambda d: schemas(d)["Contact"]["properties"].pop("tags"),
        ".tags: the field is gone",
    ),
    "a sent field removed": (
        lambda d: schemas(d)["ContactCreate"]["properties"].pop("tags"),
        ".tags: the field is gone",
    ),
    "a field newly required": (
        lambda d: schemas(d)["ContactCreate"]["required"].append("email"),
        ".email: required now",
    ),
    "a field no longer always there": (lambda d: schemas(d)["Contact"]["required"].remove("tags"), ".tags: no longer"),
    "a word removed": (lambda d: schemas(d)["ContactOrderBy"]["enum"].remove("name"), "'name' is gone"),
    "an answer that may be null": (
        lambda d: schemas(d)["Contact"]["properties"]["first_name"].update(type=["string", "null"]),
        "null may be answered now",
    ),
    "a value that may no longer be null": (
        lambda d: schemas(d)["ContactCreate"]["properties"]["email"].update(type="string"),
        "null is no longer allowed",
    ),
    "a shorter text": (
        lambda d: schemas(d)["ContactCreate"]["properties"]["first_name"].update(maxLength=10),
        "maxLength became 10",
    ),
    "another pattern": (
        lambda d: schemas(d)["ContactCreate"]["properties"]["email"].update(pattern="^x$"),
        "pattern changed",
    ),
    "an operator removed": (
        lambda d: schemas(d)["ContactEmailCondition"]["properties"]["operator"]["enum"].remove("eq"),
        "'eq' is gone",
    ),
    "a field that can no longer be searched by": (
        lambda d: schemas(d)["ContactTextCondition"]["properties"]["field"]["enum"].remove("source"),
        "'source' is gone",
    ),
    "a member that is no longer taken": (
        lambda d: schemas(d)["ContactTextCondition"]["properties"].update(values={"not": {}}),
        ".values: not changed",
    ),
    "an operator that takes other values": (
        lambda d: schemas(d)["ContactEmailCondition"]["then"]["properties"]["value"].update(maxLength=5),
        "maxLength became 5",
    ),
    "an alternative removed": (lambda d: schemas(d)["ContactFilter"]["oneOf"].pop(), "ContactNotGroup is gone"),
    "a header removed": (lambda d: search(d)["responses"]["200"]["headers"].pop("Version"), "Version is gone"),
    "a parameter newly required": (
        lambda d: d["components"]["parameters"]["IdempotencyKey"].update(required=True),
        "Idempotency-Key is required now",
    ),
    "a media type removed": (
        lambda d: d["paths"]["/v1/contacts/import"]["post"]["requestBody"]["content"].pop("text/csv"),
        "the media type text/csv is gone",
    ),
    "a schema renamed": (
        lambda d: search(d)["requestBody"]["content"]["application/json"].update(
            schema={"$ref": "#/components/schemas/CompanySearch"}
        ),
        "no longer called ContactSearch",
    ),
}

ADDITIONS: dict[str, Callable[[Document], object]] = {
    "a path": lambda d: d["paths"].update({"/v1/more": {}}),
    "an operation": lambda d: d["paths"]["/v1/me"].update(delete=d["paths"]["/v1/contacts/{id}"]["delete"]),
    "an answered field": lambda d: schemas(d)["Contact"]["properties"].update(age={"type": "integer"}),
    "an optional sent field": lambda d: schemas(d)["ContactCreate"]["properties"].update(age={"type": "integer"}),
    "a word": lambda d: schemas(d)["ContactOrderBy"]["enum"].append("email"),
    "an operator": lambda d: (
        schemas(d)["ContactEmailCondition"]["properties"]["operator"]["enum"].append("like"),
        schemas(d)["ContactEmailCondition"]["if"]["properties"]["operator"]["enum"].append("like"),
    ),
    "a longer text": lambda d: schemas(d)["ContactCreate"]["properties"]["first_name"].update(maxLength=999),
    "a value that may be null": lambda d: schemas(d)["ContactCreate"]["properties"]["first_name"].update(
        type=["string", "null"]
    ),
    "a field no longer required": lambda d: schemas(d)["ContactCreate"].pop("required"),
    "an error answer": lambda d: search(d)["responses"].update({"418": {"description": "Tea."}}),
    "an optional parameter": lambda d: search(d)["parameters"].append(
        {"name": "q", "in": "query", "schema": {"type": "string"}}
    ),
    "another text": lambda d: search(d).update(description="Otherwise."),
}


@pytest.mark.parametrize(("change", "told"), BREACHES.values(), ids=BREACHES)
def test_this_breaks_clients(change: Callable[[Document], object], told: str) -> None:
    after = copy.deepcopy(NEWEST)
    change(after)
    assert any(told in sentence for sentence in breaking(NEWEST, after)), breaking(NEWEST, after)


@pytest.mark.parametrize("change", ADDITIONS.values(), ids=ADDITIONS)
def test_this_is_an_addition(change: Callable[[Document], object]) -> None:
    after = copy.deepcopy(NEWEST)
    change(after)
    assert breaking(NEWEST, after) == []


def test_a_document_does_not_break_itself() -> None:
    assert breaking(WHOLE, WHOLE) == []
