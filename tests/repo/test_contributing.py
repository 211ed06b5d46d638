"""The pages of docs/contributing.md about a contract, a stage and a command, done as they stand there."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import types
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Any

import click
import pytest
from click.testing import CliRunner

from adapters.core.calls import Answer
from adapters.core.compile.catalogue import Catalogue
from adapters.core.declare.changes import Contract, Renamed
from adapters.core.declare.ids import HEX24, IdType
from adapters.core.declare.kinds import Reference
from adapters.core.operation import Face, Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Contracted, Exchange
from gateway.auth.caller import Caller
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.config import Settings
from gateway.downstream.header_lines import line
from gateway.versions.v2026_06_01 import v2026_06_01
from gateway.versions.v2026_09_01 import v2026_09_01
from tests.adapters.declaring import DATE, accepted, driven, written

PAGE = (Path(__file__).parents[2] / "docs/contributing.md").read_text()
DECLARING = {each.__name__: each for each in (IdType, Reference, Contract, Renamed)} | {
    "Annotated": Annotated,
    "HEX24": HEX24,
    "v2026_06_01": v2026_06_01,
    "v2026_09_01": v2026_09_01,
}


def block(title: str) -> str:
    """The code of a page."""
    (text,) = re.findall(rf"\n## {title}\n.*?```python\n(.*?)```", PAGE, re.DOTALL) or [""]
    assert text, title
    return str(re.sub(r"(?m)^   ", "", text)) if text.startswith("   ") else str(text)


def done(code: str, known: dict[str, Any]) -> dict[str, Any]:
    """What the code defines, in a module of its own."""
    module = types.ModuleType("page")
    module.__dict__.update(known)
    exec(compile(code, "docs/contributing.md", "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


@pytest.mark.parametrize(("date", "name"), [("2026-12-01", "title"), ("2026-09-01", "label"), ("2026-06-01", "label")])
def test_a_contract_is_added_and_the_older_ones_keep_their_names(date: str, name: str) -> None:
    resource = re.findall(r"\n## Add a resource\n.*?   ```python\n(.*?)   ```", PAGE, re.DOTALL)[0]
    page = block("Add a contract")
    field = re.findall(r"^title: .*$", page, re.MULTILINE)
    declared = re.sub(r"(?m)^   ", "", resource).replace('"label"', '"title"')
    declared = re.sub(r"(?m)^    label: .*$", f"    {field[0]}", declared)
    # Both files are one here.
    declared = re.sub(r"(?m)^from adapters.ids .*\n", "", declared)
    made = done(f"{declared}\n{page.replace(field[0], '')}", DECLARING)
    known = Catalogue((made["gadgets"],), made["CONTRACTS"])
    assert [contract.date for contract in known.contracts] == ["2026-12-01", "2026-09-01", "2026-06-01"]
    create = {each.name: each for each in known.operations()}["gadgets.create"]
    # `declaring` looks at an operation in one contract.
    dated = dataclasses.replace(create, faces={DATE: create.faces[date]})
    given = accepted(dated, {name: "Sprocket"})
    row = {"id": "a" * 24, "name": "Sprocket", "size": None, "createdAt": NOW, "updatedAt": NOW}
    answer, (call,) = driven(dated, given, (201, row))
    assert json.loads(written(call))["name"] == "Sprocket"
    assert [each for each in json.loads(answer.body)["data"] if each in ("title", "label")] == [name]


NOW = "2026-06-01T09:00:00.000Z"


def test_a_stage_is_a_function_of_the_operation_that_returns_a_handler_or_the_next_one() -> None:
    known = {each.__name__: each for each in (Operation, Dependencies, Exchange, Caller, Face, Answer, line)}
    label = done(block("Add a stage"), known | {"Contracted": Contracted, "Awaitable": Awaitable})["label"]

    async def proceed(exchange: Exchange, caller: Caller, face: Face) -> Answer:
        return Answer(200)

    def operation(method: str) -> Operation:
        return Operation(name="gadgets.x", first="gadgets", tail="x", method=method, summary="", scopes=())

    nothing: Any = None
    assert label(operation("GET"), nothing, proceed) is proceed
    handler = label(operation("POST"), nothing, proceed)
    exchange = Exchange("POST", "/v1/gadgets/x", b"", {}, b"", nothing, nothing, "", nothing, "", 0.0)
    answer = asyncio.run(handler(exchange, nothing, nothing))
    assert (answer.status, exchange.lines) == (200, b"x-operation: gadgets.x\r\n")


def test_a_command_is_a_module_with_a_click_command(tmp_path: Path) -> None:
    helpers = (as_json, configured, print_json, print_table, Settings)
    made = done(block("Add a command"), {each.__name__: each for each in helpers} | {"click": click})
    (tmp_path / "config.yaml").write_text("{}")
    said = CliRunner().invoke(made["command"], ["--json", "--config", str(tmp_path / "config.yaml")])
    assert said.exit_code == 0, said.output
    assert [each["date"] for each in json.loads(said.output)["contracts"]] == ["2026-09-01", "2026-06-01"]
    table = CliRunner().invoke(made["command"], ["--config", str(tmp_path / "config.yaml")]).output
    assert table.splitlines()[0].split() == ["DATE", "SUMMARY"]
