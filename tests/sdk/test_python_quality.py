"""What the Python library is like to have: types that hold, an import that takes no time, source that people can read."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sdk.python.package import files
from tests.sdk import made
from tests.sdk.typescript.toolchain import node, tools

PROGRAM = """\
from datetime import datetime, timezone

from acme import Client, Contact, Deal, errors

client = Client("t")
for contact in client.contacts.search(where=[Contact.lead_score >= 50, Contact.tags.contains_any("vip")], order_by="name"):
    print(contact.name, contact.created_at.year, contact["new"])
deal = client.deals.create(name="x", currency="INR")
client.deals.stage(deal.id, stage_id="s")
raw = client.with_raw_response(client.contacts.get)("con_1")
print(raw.data.email, raw.status)
one = client.contacts.search(where=Contact.created_at >= datetime.now(timezone.utc)).first()
if one is not None:
    print(one.phones[0])
try:
    client.contacts.create(first_name="Ada")
except errors.ValidationFailed as error:
    print(error.errors)
print(Deal.status == "open")
"""


@pytest.mark.timeout(240)
def test_pyright_finds_nothing_in_the_library_and_nothing_unknown_in_a_program_with_it(tmp_path: Path) -> None:
    shutil.copytree(made.folder() / made.NAME, tmp_path / made.NAME)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/program.py").write_text(PROGRAM)
    settings = {
        "include": [made.NAME, "programs"],
        "typeCheckingMode": "standard",
        "strict": ["programs"],
        "pythonVersion": "3.10",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    script = tools() / "node_modules/pyright/index.js"
    line = [node(), str(script), "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)["generalDiagnostics"]
    assert [(each["file"], each["message"]) for each in told] == []


def test_an_import_takes_no_time() -> None:
    imports = "from acme import Client, Contact, errors"
    program = f"import time; begun = time.process_time(); {imports}; print(time.process_time() - begun)"
    line = [sys.executable, "-c", program]
    run = [subprocess.run(line, cwd=made.folder(), capture_output=True, text=True, check=True).stdout for _ in range(5)]
    assert min(map(float, run)) <= 0.080


def test_a_client_that_is_imported_has_not_loaded_what_only_requests_need() -> None:
    program = (
        "import sys; from acme import AsyncClient, Client, Contact, errors; "
        "print({'httpx', 'ssl', 'asyncio', 'dataclasses', 'json', 'pathlib'} & sys.modules.keys())"
    )
    line = [sys.executable, "-c", program]
    said = subprocess.run(line, cwd=made.folder(), capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"


def lines_of_code(text: str) -> int:
    """Without blank lines, comments and docstrings."""
    tree, told = ast.parse(text), set[int]()
    for each in ast.walk(tree):
        if isinstance(each, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = each.body[0]
            if ast.get_docstring(each) is not None and first.end_lineno is not None:
                told |= set(range(first.lineno, first.end_lineno + 1))
    lines = enumerate(map(str.strip, text.splitlines()), 1)
    return sum(1 for number, line in lines if line and not line.startswith("#") and number not in told)


def test_a_resource_takes_seventy_lines_of_code() -> None:
    """On average, of records, bodies and operations. The client without asyncio is derived from the other line by line."""
    written, resources = files(made.contract(), made.NAME), made.contract().resources
    parts = [written.get(f"{part}/{each.name}.py", "") for part in ("records", "aio") for each in resources]
    assert sum(map(lines_of_code, parts)) / len(resources) <= 70


def test_no_name_of_the_gateway_is_in_a_library() -> None:
    whole = "\n".join(files(made.contract(), made.NAME).values())
    assert "gateway." not in whole
    assert "sdk." not in whole.replace("_sdk.", "")
