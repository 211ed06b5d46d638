"""The committed documents say what the declarations say, validly, and in a form that makes good clients."""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.core.request.search_request import MOST_LIMIT
from gateway.problems import ALL
from gateway.reference.documents import merged
from gateway.versions import CONTRACTS
from openapi import parts
from openapi.__main__ import SPEC, command
from openapi.comparing import breaking
from openapi.errors import table
from tests.openapi.generated import GENERATED, validator
from tests.openapi.validity import faults

ROOT = Path(__file__).parents[2]
NEWEST = next(iter(GENERATED))
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


def test_the_committed_documents_are_what_the_declarations_say() -> None:
    there = {path.relative_to(SPEC).as_posix(): path.read_bytes() for path in SPEC.glob("*/*.json")}
    assert there == parts.files(GENERATED), "run `make openapi` and commit the result"
    assert {path.name for path in SPEC.iterdir()} == {contract.date for contract in CONTRACTS}


def test_the_parts_of_a_document_together_are_the_document_in_the_same_order() -> None:
    assert [*parts.read(SPEC)] == [*GENERATED]
    for date, whole in parts.read(SPEC).items():
        assert whole == GENERATED[date]
        assert [*whole["paths"]] == [*GENERATED[date]["paths"]]


def test_a_contract_that_changes_nothing_costs_the_file_that_names_it() -> None:
    newest = GENERATED[NEWEST]
    older = copy.deepcopy(newest)
    older["info"]["version"] = "2020-01-01"
    files = parts.files({NEWEST: newest, "2020-01-01": older})
    assert [name for name in files if name.startswith("2020")] == ["2020-01-01/contract.json"]


def test_a_resource_that_only_a_newer_contract_has_is_not_in_the_older_one() -> None:
    newest = GENERATED[NEWEST]
    older = copy.deepcopy(newest)
    older["paths"] = {path: item for path, item in older["paths"].items() if not path.startswith("/v1/notes")}
    older["tags"] = [tag for tag in older["tags"] if tag["name"] != "notes"]
    files = parts.files({NEWEST: newest, "2020-01-01": older})
    assert merged(files)["2020-01-01"]["paths"] == older["paths"]


def test_what_belongs_to_one_resource_stands_in_its_file() -> None:
    for name, part in parts.split(GENERATED[NEWEST]).items():
        for schema in part.get("components", {}).get("schemas", {}):
            assert name == "contacts" or not schema.startswith("Contact"), (name, schema)


def test_nothing_that_clients_rely_on_has_gone_since_the_last_commit() -> None:
    spec = SPEC.relative_to(ROOT).as_posix()
    listed = git("ls-tree", "-r", "--name-only", "HEAD", spec).decode().split()
    before = merged({path.removeprefix(f"{spec}/"): git("show", f"HEAD:{path}") for path in listed})
    assert before.keys() <= GENERATED.keys()
    for date, document in before.items():
        assert breaking(document, GENERATED[date]) == [], "what breaks clients belongs in a new dated contract"


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


@DATES
def test_the_document_is_valid_openapi(date: str) -> None:
    document = json.loads(json.dumps(GENERATED[date]))
    assert faults(document) == []


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
        # A named schema or null is no union to a generator.
        assert "anyOf" not in node or (set(node["anyOf"][0]), *node["anyOf"][1:]) == ({"$ref"}, {"type": "null"}), at
        if "oneOf" in node:
            assert re.fullmatch(r"/components/schemas/\w+", at), at
            assert all(set(each) == {"$ref"} for each in node["oneOf"]), at
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).items():
            if content[0].endswith("json"):
                assert set(content[1]["schema"]) == {"$ref"}, name


@DATES
def test_a_filter_is_one_flat_union_whose_conditions_have_fields_of_their_own(date: str) -> None:
    """Generators trip over a union within a union; and a growing document over a condition for each field."""
    schemas = GENERATED[date]["components"]["schemas"]
    unions = {name: schema for name, schema in schemas.items() if "oneOf" in schema}
    assert unions
    for name, schema in unions.items():
        inner = [schemas[each["$ref"].rpartition("/")[2]] for each in schema["oneOf"]]
        assert not [each for each in inner if "oneOf" in each], name
        conditions = [each for each in inner if "field" in each["properties"]]
        fields = [field for each in conditions for field in each["properties"]["field"]["enum"]]
        assert sorted(set(fields)) == sorted(fields), name
        compared = [
            {**each, "description": "", "properties": {**each["properties"], "field": {}}} for each in conditions
        ]
        assert len({json.dumps(each) for each in compared}) == len(compared), name


@DATES
def test_what_generators_stumble_over_is_not_there(date: str) -> None:
    document = GENERATED[date]
    text = json.dumps(document)
    # A pattern with them becomes a regular expression that is broken over two lines.
    assert "u2028" not in text
    assert "u2029" not in text
    for at, node in nodes(document):
        # A schema that is no object: orval's zod client ends with a TypeError.
        if at.startswith("/components/schemas/") and at.endswith("/properties"):
            assert not [name for name, inner in node.items() if isinstance(inner, bool)], at
    for name, schema in document["components"]["schemas"].items():
        # A member of a request that has a default becomes one that has to be sent.
        assert not [at for at, node in nodes(schema) if "default" in node], name
        if name.endswith("OrderBy"):
            # Languages without scoped enums.
            assert len(schema["x-enum-varnames"]) == len(schema["enum"])
    names = [
        name for schema in document["components"]["schemas"].values() for name in schema.get("x-enum-varnames", [])
    ]
    assert len(names) == len(set(names))
    for name, operation in operations(document):
        media = list(operation.get("requestBody", {}).get("content", {}))
        # Two media types of one schema: openapi-python-client writes modules that cannot be imported.
        assert media in ([], ["application/json"], ["multipart/form-data", "text/csv"]), name


@DATES
def test_every_example_is_of_its_schema(date: str) -> None:
    document = json.loads(json.dumps(GENERATED[date]))
    for at, node in nodes(document["paths"] | {"components": document["components"]["responses"]}):
        if "schema" not in node:
            continue
        shown = (
            [node["example"]] if "example" in node else [each["value"] for each in node.get("examples", {}).values()]
        )
        for example in shown:
            assert [error.message for error in validator(date, node["schema"]).iter_errors(example)] == [], at


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
AGENTS = {ROOT / "gateway" / "mcp"}


@DATES
def test_a_page_says_how_much_it_can_hold_and_the_document_whom_to_turn_to(date: str) -> None:
    schemas = GENERATED[date]["components"]["schemas"]
    pages = [schema for name, schema in schemas.items() if name.endswith("Page")]
    assert pages and {page["properties"]["data"].get("maxItems") for page in pages} == {MOST_LIMIT}
    assert GENERATED[date]["info"]["contact"]["url"] == "https://api.example.com/docs"


def test_every_code_of_the_gateway_is_in_the_documents_and_no_other() -> None:
    """Codes are found where they are raised: as the first argument of a problem, or as a key of a stage's sentences."""
    sources = [*(ROOT / "gateway").rglob("*.py"), *(ROOT / "adapters/core").rglob("*.py")]
    texts = [path.read_text() for path in sources if not (PEOPLE | AGENTS) & set(path.parents)]
    raised = {code for text in texts for code in codes(ast.parse(text))}
    raised |= {
        code for text in texts for code in re.findall(r"^    \"((?:token|version)_[a-z_]+)\": \"", text, re.MULTILINE)
    }
    told = {example.code for examples in table([c.date for c in CONTRACTS]).values() for example in examples}
    own = {"validation_failed", "cursor_invalid", "json_malformed"}
    assert raised - told == set()
    assert told - raised <= own


def test_whole_documents_are_written_beside_whatever_else_a_folder_holds(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    done = CliRunner().invoke(command, ["--whole", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {"package.json", *(f"{date}.json" for date in GENERATED)}
