"""The samples of the reference are programs: every one runs, asks for what it is a sample of, and suits type checkers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from gateway.reference.documents import committed
from sdk.model import Operation
from sdk.python.samples import sample
from tests.sdk import made
from tests.sdk.scripted import Script, Scripted

DOCUMENT = committed()[made.NEWEST]
OPERATIONS = {each.id: each for resource in made.contract().resources for each in resource.operations}


@dataclass
class Shown:
    operation: str
    parameters: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


def shown(operation: Operation) -> Shown:
    """The call with the examples of the document."""
    item = DOCUMENT["paths"][operation.route][operation.method.lower()]
    content = item.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = content.get("examples", {})
    example: dict[str, Any] = examples.get("filtered") or next(iter(examples.values()), {})
    return Shown(
        operation.id,
        {each.name: str(each.example) for each in operation.path},
        {each.name: each.example for each in operation.query if each.required},
        example.get("value", content.get("example")),
    )


def written(operation: Operation) -> str:
    text = sample(made.contract(), shown(operation), made.NAME)
    assert text is not None
    return text


def answer(operation: Operation) -> dict[str, Any]:
    """One that the operation could have."""
    if operation.kind == "export":
        return {"text": "id\r\n", "headers": {"Content-Type": "text/csv"}}
    if operation.gives is None:
        return {"status": 204, "headers": {}}
    meta = {"cursor": {"next": None, "has_more": False}, "missing": []}
    data: Any = [] if operation.gives.kind == "list" else {}
    return {"json": {"data": data, "meta": meta}, "headers": {"Content-Type": "application/json"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with Scripted([Script([answer(each)]) for each in OPERATIONS.values()]) as scripted:
        yield scripted


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_sample_asks_for_what_it_is_a_sample_of(
    server: Scripted, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made.library()
    number, operation = list(OPERATIONS).index(name), OPERATIONS[name]
    monkeypatch.setenv("ACME_TOKEN", "gw_test_pat_sample")
    monkeypatch.setenv("ACME_BASE_URL", server.url(number))
    monkeypatch.chdir(tmp_path)
    for each in made.contract().resources:
        (tmp_path / f"{each.name}.csv").write_text("first_name\r\nAda\r\n")
    exec(compile(written(operation), name, "exec"), {"__name__": "sample"})
    (seen,) = server.scripts[number].seen
    call, route = shown(operation), operation.route
    for parameter, value in call.parameters.items():
        route = route.replace(f"{{{parameter}}}", value)
    assert (seen["method"], unquote(seen["path"].partition("?")[0])) == (operation.method, route)
    if isinstance(call.body, dict) and operation.kind != "search":
        sent = {key: value for key, value in call.body.items() if value is not None or operation.kind != "call"}
        assert json.loads(seen["body"]) == sent
    if operation.kind == "search":
        assert json.loads(seen["body"]).get("filters") == call.body.get("filters")


@pytest.mark.timeout(240)
def test_samples_and_library_suit_a_strict_type_checker(tmp_path: Path) -> None:
    for name, operation in OPERATIONS.items():
        (tmp_path / f"{name}.py").write_text(written(operation) + "\n")
    line = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-version",
        "3.10",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    files = [f"{name}.py" for name in OPERATIONS]
    done = subprocess.run([*line, "-p", made.NAME], cwd=made.folder(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    env = {"MYPYPATH": str(made.folder()), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([*line, *files], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
