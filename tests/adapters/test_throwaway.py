"""A new resource is one file and one line. Here it is written into a copy of the checkout, which is then used as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.versions import CONTRACTS
from tests.openapi.validity import faults
from tests.process.serving import ROOT, founded

DECLARATION = '''\
"""Gadgets: a throw-away resource over rows that the sandbox has."""

from typing import Annotated

from adapters.core.declare.ids import HEX24, IdType
from adapters.core.declare.kinds import Line, Moment, Name, Reference, Whole
from adapters.core.declare.resource import ListQuery, ReadOnly, Record, Resource, Upstream, optional, required

GADGET = IdType("gad_", HEX24, "gadget")


class Gadget(Record):
    """Something useful."""

    id: ReadOnly[Annotated[str, Reference(GADGET)]] = required("The gadget's id.", "gad_5f2b8c1d9e3a7b6c4d5e6f71")
    label: Name = required("What it is called.", "Sprocket")
    branch: Line | None = optional("What it is for.", "Milling")
    size: Whole | None = optional("How big it is.", 12)
    created_at: ReadOnly[Moment] = required("When it was made.", "2026-06-01T09:00:00Z")


gadgets = Resource(
    model=Gadget,
    id=GADGET,
    path="gadgets",
    singular="gadget",
    scope="gadget",
    upstream=Upstream("crm", "/api/crm/companies", listing=ListQuery(("branch",))),
    rename={"label": "name", "branch": "industry", "size": "employeeCount"},
    sorts=("created_at", "label", "size"),
)
'''
PARTS = ("adapters", "gateway", "openapi", "sandbox", "sdk", "tests")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with the file and the line."""
    home = tmp_path_factory.mktemp("throwaway")
    for part in PARTS:
        shutil.copytree(ROOT / part, home / part)
    for file in ("pyproject.toml", "config.yaml"):
        shutil.copy(ROOT / file, home / file)
    (home / "adapters/gadgets.py").write_text(DECLARATION)
    contents = home / "adapters/contents.py"
    text = contents.read_text().replace("\nRESOURCES: ", "\nfrom adapters.gadgets import gadgets\n\nRESOURCES: ", 1)
    contents.write_text(text.replace("*(contacts,", "*(gadgets, contacts,", 1))
    return home


def python(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(checkout)}
    line = [sys.executable, *arguments]
    return subprocess.run(line, cwd=checkout, env=env, capture_output=True, text=True, check=False, timeout=110)


def test_the_declaration_is_short_and_nothing_of_the_edge_is_touched(checkout: Path) -> None:
    assert len([line for line in DECLARATION.splitlines() if line]) <= 32
    for path in (ROOT / "gateway").rglob("*.py"):
        assert (checkout / path.relative_to(ROOT)).exists()
    asked = ("explain", "POST", "/v1/gadgets", "--body", "/dev/null", "--json", "--data-dir", str(founded(checkout)))
    said = python(checkout, "-m", "gateway", *asked)
    assert json.loads(said.stdout)["scopes"] == ["gadget.write"], said.stderr


def test_it_gets_its_place_in_a_valid_document(checkout: Path) -> None:
    done = python(checkout, "-m", "openapi", "--whole", "--out", "documents")
    assert done.returncode == 0, done.stderr
    for contract in CONTRACTS:
        document = json.loads((checkout / "documents" / f"{contract.date}.json").read_text())
        assert faults(document) == []
        paths = {path: set(item) for path, item in document["paths"].items() if path.startswith("/v1/gadgets")}
        assert set(paths) == {"/v1/gadgets", "/v1/gadgets/get", "/v1/gadgets/search", "/v1/gadgets/{id}"}
        assert {"get", "patch", "delete"} <= paths["/v1/gadgets/{id}"]
        schema = document["components"]["schemas"]["Gadget"]
        assert list(schema["properties"]) == ["id", "label", "branch", "size", "created_at"]


def test_it_conforms_to_the_contract_in_everything_that_is_asked_of_a_resource(checkout: Path) -> None:
    done = python(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance", "-k", "gadgets")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    passed = int(done.stdout.rstrip().rpartition("\n")[2].split(" passed")[0].split()[-1])
    assert passed > 40, done.stdout[-300:]
