"""The committed documents say what the declarations say, validly, and in a form that makes good clients."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.problems import ALL
from gateway.versions import CONTRACTS
from openapi.__main__ import SPEC
from openapi.comparing import breaking
from openapi.document import documents, written
from openapi.errors import table

ROOT = Path(__file__).parents[2]
GENERATED = documents()
DATES = pytest.mark.parametrize("date", GENERATED)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def nodes(node: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield at, node
        for name, inner in node.items():
            yield from nodes(inner, f"{at}/{name}")
    elif isinstance(node, list):
        for position, inner in enumerate(node):
            yield from nodes(inner, f"{at}/{position}")


def test_there_is_one_document_for_each_contract_and_no_other() -> None:
    assert {path.stem for path in SPEC.iterdir()} == {contract.date for contract in CONTRACTS} == set(GENERATED)


@DATES
def test_the_committed_document_is_what_the_declarations_say(date: str) -> None:
    assert (SPEC / f"{date}.json").read_bytes() == written(GENERATED[date]), "run `make openapi` and commit the result"


@DATES
def test_nothing_that_clients_rely_on_has_gone_since_the_last_commit(date: str) -> None:
    path = (SPEC / f"{date}.json").relative_to(ROOT)
    show = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=ROOT, capture_output=True, check=True)
    assert breaking(json.loads(show.stdout), GENERATED[date]) == [], (
        "what breaks clients belongs in a new dated contract"
    )


@DATES
def test_the_document_is_valid_openapi(date: str) -> None:
    document = json.loads(written(GENERATED[date]))
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@DATES
def test_every_operation_says_what_a_reader_needs(date: str) -> None:
    document = GENERATED[date]
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        for scheme in operation["security"]:
            for scope in next(iter(scheme.values())):
                assert f"`{scope}`" in operation["description"], name
        statuses = set(operation["responses"])
        assert {"400", "401", "406", "429", "500", "503"} <= statuses, name
        assert ("404" in statuses) == ("{" in name), name
        assert ("requestBody" in operation) == bool({"413", "415"} & statuses), name
        success = next(response for status, response in operation["responses"].items() if status.startswith("2"))
        assert {"X-Request-Id", "Version", "X-RateLimit-Remaining", "RateLimit"} <= set(success["headers"]), name


@DATES
def test_every_operation_has_a_name_of_its_own(date: str) -> None:
    names = Counter(operation["operationId"] for _, operation in operations(GENERATED[date]))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)


@DATES
def test_every_union_and_every_body_has_a_name(date: str) -> None:
    """A generator of code names what the document does not, and names it otherwise the next time."""
    document = GENERATED[date]
    for at, node in nodes(document):
        assert "anyOf" not in node, at
        if "oneOf" in node:
            assert re.fullmatch(r"/components/schemas/\w+", at), at
            assert all(set(each) == {"$ref"} for each in node["oneOf"]), at
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).items():
            if content[0].endswith("json"):
                assert set(content[1]["schema"]) == {"$ref"}, name


@DATES
def test_conditions_are_told_apart_by_their_field(date: str) -> None:
    schemas = GENERATED[date]["components"]["schemas"]
    unions = {name: schema for name, schema in schemas.items() if "discriminator" in schema}
    assert unions
    for name, schema in unions.items():
        mapping = schema["discriminator"]["mapping"]
        assert list(mapping.values()) == [each["$ref"] for each in schema["oneOf"]], name
        for field, reference in mapping.items():
            assert schemas[reference.rpartition("/")[2]]["properties"]["field"]["enum"] == [field], name


@DATES
def test_every_example_is_of_its_schema(date: str) -> None:
    document = json.loads(written(GENERATED[date]))
    for at, node in nodes(document["paths"] | {"components": document["components"]["responses"]}):
        if "schema" not in node:
            continue
        shown = (
            [node["example"]] if "example" in node else [each["value"] for each in node.get("examples", {}).values()]
        )
        validator = Draft202012Validator({**node["schema"], "components": document["components"]})
        for example in shown:
            assert [error.message for error in validator.iter_errors(example)] == [], at


def codes(tree: ast.AST) -> Iterator[str]:
    """The codes that are named where a problem is made, or a fault that becomes one."""
    places = dict.fromkeys([*(kind.__name__ for kind in ALL), "BadParameter"], 0) | {"Malformed": 1, "_malformed": 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            arguments = node.args[places[name] :][:1] if name in places else []
            yield from (
                each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


# What these answer with, only browsers and the programs that sign apps in ever see.
PEOPLE = {ROOT / "gateway" / folder for folder in ("oauth", "web", "account", "console", "cli")}


def test_every_code_of_the_gateway_is_in_the_documents_and_no_other() -> None:
    """Codes are found where they are raised: as the first argument of a problem, or as a key of a stage's sentences."""
    sources = [*(ROOT / "gateway").rglob("*.py"), *(ROOT / "adapters/core").rglob("*.py")]
    texts = [path.read_text() for path in sources if not PEOPLE & set(path.parents)]
    raised = {code for text in texts for code in codes(ast.parse(text))}
    raised |= {
        code for text in texts for code in re.findall(r"^    \"((?:token|version)_[a-z_]+)\": \"", text, re.MULTILINE)
    }
    told = {example.code for examples in table([c.date for c in CONTRACTS]).values() for example in examples}
    own = {"validation_failed", "cursor_invalid", "json_malformed"}
    assert raised - told == set()
    assert told - raised <= own
