"""The error catalogue says something of every code that a client can meet, and of no other."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from gateway.error_codes import error_codes, field_codes, recipes
from gateway.problems import ALL
from gateway.reference.reproducing import curl
from tests.live import Live
from tests.openapi.test_documents import PEOPLE, codes

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("gateway", "adapters")
    for path in (ROOT / folder).rglob("*.py")
    if not PEOPLE & set(path.parents)
]
# Named where they are made by other means than a literal first argument.
OTHERWISE = {"json_malformed", "validation_failed", "cursor_invalid"}


def raised() -> set[str]:
    texts = [path.read_text() for path in SOURCES]
    found = {code for text in texts for code in codes(ast.parse(text))}
    for text in texts:
        found |= set(re.findall(r"^    \"((?:token|version)_[a-z_]+)\": \"", text, re.MULTILINE))
    return found | OTHERWISE


def of_fields() -> set[str]:
    """Literals where an entry of `errors` is made, or a validator's error that becomes one."""
    found: set[str] = set()
    for path in SOURCES:
        if ROOT / "adapters" not in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                places = {"FieldError": 1, "PydanticCustomError": 0}
                if name in places and len(node.args) > places[name]:
                    code = node.args[places[name]]
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        found.add(code.value)
    return found


def test_every_code_in_the_source_is_in_the_catalogue() -> None:
    assert raised() - error_codes().keys() == set()
    assert error_codes().keys() - raised() == set()


def test_every_code_says_how_it_is_had_with_one_call() -> None:
    assert recipes().keys() == error_codes().keys()


def test_every_code_of_a_field_in_the_source_is_in_the_catalogue() -> None:
    assert of_fields() - field_codes().keys() - {"object_too_long"} == set()


def test_every_kind_of_problem_has_a_code_and_every_code_a_kind() -> None:
    slugs = {code.slug for code in error_codes().values()}
    assert {kind.slug for kind in ALL} == slugs


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.slug)
def test_the_page_of_a_problem_lists_its_codes_and_they_lead_to_the_catalogue(live: Live, kind: type) -> None:
    page = httpx.get(f"{live.url}/problems/{kind.slug}").text  # type: ignore[attr-defined]
    errors = live.client.get("/docs/errors").text
    own = [name for name, code in error_codes().items() if code.slug == kind.slug]  # type: ignore[attr-defined]
    assert own
    for name in own:
        assert f'href="/docs/errors#{name}"' in page
        assert f'<h3 id="{name}">' in errors


@pytest.mark.parametrize("code", recipes())
def test_the_command_of_a_code_sends_its_recipe(code: str, tmp_path: Path) -> None:
    recipe = recipes()[code]
    # In place of curl, what tells what it was called with.
    program = tmp_path / "curl"
    program.write_text(
        '#!/bin/sh\nfor each; do printf \'%s\\0\' "$each"; case $each in @-) cat > "$OUT";; esac; done\n'
    )
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TOKEN": "gw_test_pat_x", "OUT": str(tmp_path / "body")}
    command = curl(recipe, "http://127.0.0.1:1", "2026-09-01")
    said = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True).stdout.decode()
    arguments = said.split("\0")[:-1]
    pairs = list(itertools.pairwise(arguments))
    headers = [value.split(": ", 1) for flag, value in pairs if flag == "-H" and value != "Content-Type:"]
    assert [tuple(each) for each in headers] == list(recipe.sent("gw_test_pat_x", "2026-09-01"))
    assert f"http://127.0.0.1:1{recipe.target}" in arguments
    sent = dict(pairs).get("--data-binary", "").encode()
    assert ((tmp_path / "body").read_bytes() if sent == b"@-" else sent) == recipe.content
    assert ("-X", recipe.method) in pairs or recipe.method == ("POST" if recipe.content else "GET")
