"""What was agreed about the shape of the code, so that nobody has to remember it in review."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from adapters import RESOURCES
from gateway.config.services import SERVICES
from tests.conftest import LONG

ROOT = Path(__file__).parents[2]
SHIPPED = ("gateway", "adapters", "sandbox", "openapi", "sdk")


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text().splitlines()) for path in sources(*SHIPPED, "deploy", "tests")
    }
    assert {str(path): length for path, length in lengths.items() if length > 300} == {}


def test_a_resource_is_read_on_one_screen() -> None:
    found = [*(ROOT / "adapters").glob("*.py"), *(ROOT / "adapters" / "beneath").glob("*.py")]
    lengths = {path.stem: len(path.read_text().splitlines()) for path in found if path.stem != "ids"}
    assert {name: length for name, length in lengths.items() if length > 90} == {}


def test_the_annotations_of_records_are_no_text_that_every_start_would_compile() -> None:
    declared = re.compile(r"^class \w+\((Record|Dated)\):", re.MULTILINE)
    texts = {path: path.read_text() for path in sources("adapters", "gateway") if path.name != "record.py"}
    declaring = [path for path, text in texts.items() if declared.search(text)]
    assert len(declaring) > 30
    assert [path for path in declaring if "import annotations" in texts[path]] == []


def test_no_module_is_named_after_nothing() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}
    assert [path for path in sources(*SHIPPED, "tests") if path.stem in names or path.parent.name in names] == []


def test_nothing_is_left_to_be_done_later() -> None:
    # in quotes it is data: the state of a task
    mark = re.compile(
        r"(?<!\")\b(TO" + r"DO|FIX" + r"ME|XXX)\b(?!\")|NotImplementedError|pytest\.mark\.(skip|xfail)|pytest\.skip"
    )
    found = [path for path in sources(*SHIPPED, "tests") if path != Path(__file__) and mark.search(path.read_text())]
    assert found == []


def _strings(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    prose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_the_edge_knows_no_resource_by_name() -> None:
    """A new resource must not need an `if` in gateway/. Dated changes (gateway/versions) are about resources."""
    # People sign in with an account, and services and users have their names: these words are the edge's own, too.
    own = {"account", "accounts", "user", "users", *SERVICES}
    names = sorted({name for resource in RESOURCES for name in (resource.path, resource.scope)} - own)
    word = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    found = [
        f"{path.relative_to(ROOT)}: {text!r}"
        for path in sources("gateway")
        if "versions" not in path.relative_to(ROOT / "gateway").parts[:1]
        for text in _strings(path)
        if word.search(text)
    ]
    assert found == []


def _broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.id if isinstance(handler.type, ast.Name) else None
    return handler.type is None or caught in {"Exception", "BaseException"}


def test_every_broad_except_raises_again_or_says_why_not() -> None:
    silent = []
    for path in sources(*SHIPPED):
        lines = path.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.ExceptHandler) and _broad(node):
                raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
                if not raises and not re.search(r"#.{12,}", lines[node.lineno - 1]):
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert silent == []


def test_the_files_that_a_run_begins_with_are_there() -> None:
    assert [file for file in LONG if not (ROOT / "tests" / file).is_file()] == []
