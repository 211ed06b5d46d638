"""The samples of the reference in TypeScript: each compiles, and those whose examples are true anywhere are run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.reference.documents import committed
from sdk.typescript.package import archive
from sdk.typescript.samples import literal, sample
from tests.live import Live
from tests.sdk.typescript.toolchain import HERE, NEWEST, contract, node, run, tools, workshop

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Called:
    operation: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


def called() -> Iterator[Called]:
    """Each operation with the examples of the document."""
    document = committed()[NEWEST]
    shared = document["components"]["parameters"]
    for item in (item for methods in document["paths"].values() for item in methods.values()):
        parameters = [
            shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in item["parameters"]
        ]
        content = item.get("requestBody", {}).get("content", {}).get("application/json", {})
        bodies = (
            [content["example"]]
            if "example" in content
            else [each["value"] for each in content.get("examples", {}).values()]
        )
        yield Called(
            item["operationId"],
            {each["name"]: each["example"] for each in parameters if each["in"] == "path"},
            {each["name"]: each["example"] for each in parameters if each["in"] == "query" and each.get("required")},
            bodies[-1] if bodies else None,
        )


def test_every_operation_has_a_sample_that_compiles(tmp_path: Path) -> None:
    workshop(tmp_path)
    (tmp_path / "node_modules/@types").symlink_to(tools() / "node_modules/@types")
    (tmp_path / "node_modules/undici-types").symlink_to(tools() / "node_modules/undici-types")
    (tmp_path / "samples").mkdir()
    for call in called():
        text = sample(contract(), call, "sdk")
        assert text is not None
        (tmp_path / "samples" / f"{call.operation}.ts").write_text(text)
    options = json.loads((HERE / "programs/tsconfig.json").read_text())
    options["compilerOptions"]["types"] = ["node"]
    (tmp_path / "samples/tsconfig.json").write_text(json.dumps(options))
    run(tools() / "node_modules/.bin/tsc", "-p", "samples", cwd=tmp_path)


def test_samples_are_run(tmp_path: Path, live: Live) -> None:
    workshop(tmp_path, archive(replace(contract(), origin=live.url), "sdk"))
    (tmp_path / "contacts.csv").write_text("first_name\r\nGrace\r\n")
    by_id = {each.operation: each for each in called()}
    made = live.call("POST", "/v1/contacts", {"first_name": "Ada"}).json()["data"]["id"]
    shown = [
        by_id["me_get"],
        by_id["contacts_search"],
        by_id["reports_cash_flow"],
        by_id["contacts_import"],
        by_id["contacts_export"],
        replace(by_id["contacts_get"], parameters={"id": made}),
        replace(by_id["contacts_get_many"], body={"ids": [made], "fields": ["first_name"]}),
        replace(by_id["contacts_list_notes"], parameters={"id": made}),
        replace(by_id["contacts_delete"], parameters={"id": made}),
    ]
    names = []
    for call in shown:
        text = sample(contract(), call, "sdk")
        assert text is not None
        names.append(f"./{call.operation}.mjs")
        (tmp_path / names[-1]).write_text(text)
    # One process for all of them, for they are programs of a few lines.
    program = f"for (const each of {json.dumps(names)}) {{ console.log('====' + each); await import(each); }}"
    (tmp_path / "all.mjs").write_text(program)
    printed = run(node(), "all.mjs", cwd=tmp_path, TOKEN=live.a.tokens["owner"]).split("====./")[1:]
    said = dict(each.split(".mjs\n", 1) for each in printed)
    assert "effective_scopes" in said["me_get"]
    assert made in said["contacts_get"]
    assert "Ada" in said["contacts_get_many"]
    assert said["contacts_list_notes"].strip() == "[]"
    assert (tmp_path / "contacts.csv").read_text().count("\n") > 10
    assert live.call("GET", f"/v1/contacts/{made}").status_code == 404


def test_values_are_written_as_people_write_them() -> None:
    assert literal({"a": 1, "b-c": [None, True, "é"]}) == '{ a: 1, "b-c": [null, true, "é"] }'
    long = {"one": "x" * 60, "two": ["y" * 60]}
    assert literal(long) == '{\n  one: "' + "x" * 60 + '",\n  two: ["' + "y" * 60 + '"],\n}'


def test_what_is_switched_off_has_no_sample() -> None:
    assert sample(contract(), Called("moons_get"), "sdk") is None
