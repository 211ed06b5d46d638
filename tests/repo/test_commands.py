"""The commands that people and machines type here: make, .ci/run."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {"install", "run", "test", "lint", "openapi", "bench", "profile", "image", "image-test", "chaos", "clean"}


def make(*args: str, **env: str) -> str:
    """What make prints, as typed in a shell: not as a part of the make that runs these tests, whose flags would be taken over."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    done = subprocess.run(["make", *args], cwd=ROOT, env=inherited | env, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_alone_lists_every_target_with_a_line_of_explanation() -> None:
    output = make()
    listed = dict(re.findall(r"^  make (\S+)\s+(\S.*)$", output, re.MULTILINE))
    assert set(listed) >= TARGETS
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(listed) == set(phony[1].split())


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text


@pytest.mark.parametrize(
    ("failing", "code"),
    [("", 0), ("lint", 1), ("test", 1), ("image-test", 1), ("lint test", 1)],
    ids=["none", "lint", "test", "image", "both"],
)
def test_ci_runs_lint_tests_and_the_image_and_fails_when_any_does(tmp_path: Path, failing: str, code: int) -> None:
    # A make that only says what it was asked for: the suite cannot be run inside itself.
    stand_in = tmp_path / "make"
    stand_in.write_text('#!/bin/sh\necho "made $*"\ncase " $FAILING " in *" $1 "*) exit 2;; esac\n')
    stand_in.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FAILING": failing}
    done = subprocess.run(
        ["bash", ROOT / ".ci/run"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["made lint", "made test", "made image-test"]
    assert done.returncode == code


def test_ci_is_executable() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_installation_is_checked_against_hashes_and_builds_nothing_in_isolation() -> None:
    text = (ROOT / "Makefile").read_text()
    installs = [line for line in text.splitlines() if "$(PIP) install" in line]
    assert installs
    assert all("--require-hashes" in line or "--no-build-isolation" in line for line in installs)


def test_what_make_runs_keeps_its_code_compiled_where_the_environment_would_forbid_that(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "gateway"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$*: [$PYTHONDONTWRITEBYTECODE]"\n')
    program.chmod(0o755)
    said = make("run", "--old-file=install", f"VENV={tmp_path}", "ARGS=", PYTHONDONTWRITEBYTECODE="1")
    assert said == "serve: []\n"


def test_an_installation_compiles_the_code_that_it_runs_from_this_folder() -> None:
    text = (ROOT / "Makefile").read_text()
    compiled = re.search(r"-m compileall -q (.*)$", text, re.MULTILINE)
    packages = re.search(r"^packages = (\[.*\])$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert compiled is not None and packages is not None
    assert compiled[1].split() == sorted(ast.literal_eval(packages[1]))


def test_an_installation_says_nothing_of_what_is_there_already() -> None:
    text = (ROOT / "Makefile").read_text()
    assert re.search(r"^PIP := .*--quiet\b", text, re.MULTILINE)
    assert [line for line in text.splitlines() if re.search(r"\bpip install", line)] == []


def test_files_that_install_or_build_name_no_address_but_loopback() -> None:
    files = ["Makefile", "Dockerfile", ".dockerignore", ".ci/run", "pyproject.toml", *map(str, ROOT.glob("*.in"))]
    text = "".join((ROOT / file).read_text() for file in files)
    assert [url for url in re.findall(r"\w+://[^\s\"']+", text) if not url.startswith("http://127.0.0.1:")] == []
