"""The reduced documents stand for the whole ones: whatever construct is anywhere is there, and what no part can show holds for the whole.

Generators and Spectral are given the reduced document of the newest contract. They took ten minutes of a run with the whole one, for
thirty resources of which the third is described as the first was. What they might still find in the other operations, and not in these,
are names that become one name and examples that are wrong: both are looked at here, for all.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.openapi.generated import GENERATED, validator
from tests.openapi.reduced import constructs, covering, reduced

NEWEST = max(GENERATED)
DATES = pytest.mark.parametrize("date", GENERATED)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["operationId"]: item for methods in document["paths"].values() for item in methods.values()}


@pytest.mark.parametrize("begun", [(), ("contacts_create", "contacts_get", "contacts_search", "contacts_update")])
def test_every_construct_of_the_whole_document_is_in_the_reduced_one_which_is_a_fraction_of_it(
    begun: tuple[str, ...],
) -> None:
    whole = GENERATED[NEWEST]
    less = reduced(whole, begun)
    assert constructs(whole) - constructs(less) == set()
    assert set(begun) <= set(operations(less))
    assert len(json.dumps(less)) < len(json.dumps(whole)) / 2


def twin(name: str) -> dict[str, Any]:
    """An operation that is like the other in all but its name."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name.title()}"}}}
    return {
        "operationId": f"{name}_create",
        "description": "Makes one.",
        "tags": [name],
        "parameters": [{"name": "Version", "in": "header", "schema": {"type": "string"}}],
        "requestBody": {"content": content},
        "responses": {"201": {"description": "Done.", "content": content}},
        "security": [{"oauth2": ["all"]}],
    }


def twins() -> dict[str, Any]:
    field = {
        "type": "string",
        "pattern": "^[0-9]{4}$",
        "maxLength": 10,
        "description": "How it is called.",
        "enum": ["one"],
    }
    names = ("ash", "elm")
    return {
        "paths": {f"/v1/{name}": {"post": twin(name)} for name in names},
        "webhooks": {},
        "tags": [{"name": name} for name in names],
        "components": {
            "schemas": {name.title(): {"type": "object", "properties": {"named": {**field}}} for name in names},
            "securitySchemes": {},
        },
    }


EDITS: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "a keyword": lambda operation, field: field.update(multipleOf=3),
    "a format": lambda operation, field: field.update(format="hostname"),
    "a type": lambda operation, field: field.update(type=["string", "null"]),
    "the build of a pattern": lambda operation, field: field.update(pattern="^(?=[0-9])[0-9]{4}$"),
    "the spelling of a word": lambda operation, field: field.update(enum=["one-two"]),
    "a large bound": lambda operation, field: field.update(maxLength=2**40),
    "the end of a comment": lambda operation, field: field.update(description="Ends */ here."),
    "a name that is reserved": lambda operation, field: field.update(properties={"synchronized": {}}),
    "no text": lambda operation, field: operation.pop("description"),
    "a status": lambda operation, field: operation["responses"].update({"418": {"description": "Tea."}}),
    "a header": lambda operation, field: operation["responses"]["201"].update(
        headers={"Age": {"schema": {"type": "integer"}}}
    ),
    "another medium": lambda operation, field: operation["requestBody"]["content"].update({"text/csv": {}}),
    "a style": lambda operation, field: operation["parameters"][0].update(style="simple"),
    "no security": lambda operation, field: operation.update(security=[]),
    "links": lambda operation, field: operation["responses"]["201"].update(
        links={"again": {"operationId": "ash_create"}}
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_operation_stays_that_alone_has_something(edit: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    (kept,) = covering(twins())
    left = "elm" if kept == "ash_create" else "ash"
    document = copy.deepcopy(twins())
    edit(
        document["paths"][f"/v1/{left}"]["post"], document["components"]["schemas"][left.title()]["properties"]["named"]
    )
    assert f"{left}_create" in covering(document)


def pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def made(document: dict[str, Any]) -> Iterator[str]:
    """What generators call what has no name of its own: by where it stands."""
    for name, schema in document["components"]["schemas"].items():
        for member, described in schema.get("properties", {}).items():
            if "$ref" not in described:
                yield from (f"{name}{pascal(member)}{end}" for end in ("", "Enum", "Inner", "Item", "Type"))
    for name in operations(document):
        ends = (
            "Request",
            "Response",
            "Responses",
            "Data",
            "Error",
            "Errors",
            "Body",
            "Params",
            "PathParameters",
            "Result",
        )
        yield from (f"{pascal(name)}{end}" for end in (*ends, "200", "201", "204", "Success"))


@DATES
def test_no_two_names_become_one_in_any_language(date: str) -> None:
    schemas = GENERATED[date]["components"]["schemas"]

    def twice(names: list[str]) -> list[str]:
        return [
            name
            for name, count in Counter(re.sub(r"[^a-z0-9]", "", each.lower()) for each in names).items()
            if count > 1
        ]

    assert twice([*schemas]) == []
    assert [name for name in made(GENERATED[date]) if name in schemas] == []
    for name, schema in schemas.items():
        assert twice([*schema.get("properties", ())]) == [], name
    # Go has the words of all enums that have a name in one place.
    enums = {name: schema for name, schema in schemas.items() if "enum" in schema}
    constants = [word.upper() for each in enums.values() for word in each.get("x-enum-varnames", each["enum"])]
    assert twice(constants) == []


def described(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "type" in node or "enum" in node:
            yield node
        for key, inner in node.items():
            if key not in ("example", "examples", "enum"):
                yield from described(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from described(inner)


@DATES
def test_examples_and_words_are_of_the_schema_that_names_them_and_no_word_is_there_twice(date: str) -> None:
    for schema in described(GENERATED[date]["components"]["schemas"]):
        words = schema.get("enum", ())
        assert len({*words}) == len(words), schema
        told = [*words, *schema.get("examples", ())]
        if told:
            assert [each for each in told if not validator(date, schema).is_valid(each)] == [], schema
