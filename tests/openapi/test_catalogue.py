"""The error catalogue says something of every code that a client can meet, and of no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import httpx
import pytest

from gateway.error_codes import error_codes, field_codes, recipes
from gateway.problems import ALL
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
