"""The command itself: what it says without arguments, of its version, of what it does not know, and how wide it prints."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gateway import deployment
from gateway.cli import COMMANDS, main
from gateway.cli.options import fitted
from gateway.cli.teaching import families
from gateway.process import child
from tests.process.serving import environment, founded, run


def test_alone_it_shows_its_help_as_if_it_was_asked_for() -> None:
    alone, asked = CliRunner().invoke(main, []), CliRunner().invoke(main, ["--help"])
    assert (alone.exit_code, alone.stderr) == (0, "")
    assert alone.stdout == asked.stdout
    assert all(f"  {name} " in alone.stdout for name in COMMANDS)


def test_it_knows_its_version() -> None:
    said = CliRunner().invoke(main, ["--version"], prog_name="gateway")
    assert said.stdout == f"gateway {metadata.version('gateway')}\n"


@pytest.mark.parametrize(("typed", "meant"), [("tokns", "tokens"), ("serv", "serve"), ("client", "clients")])
def test_a_command_that_is_nearly_one_is_told_which(typed: str, meant: str) -> None:
    said = CliRunner().invoke(main, [typed])
    assert said.exit_code == 2
    assert f"Did you mean '{meant}'?" in said.stderr


@given(st.lists(st.integers(1, 400), min_size=1, max_size=9), st.integers(0, 500))
def test_a_table_gives_away_no_more_than_it_must(widths: list[int], room: int) -> None:
    cut = fitted(widths, room)
    assert all(0 < new <= old for new, old in zip(cut, widths, strict=True))
    assert sum(cut) <= room or max(cut) <= 8
    if sum(widths) <= room:
        assert cut == widths


HEAVY = {
    "sqlalchemy",
    "pydantic",
    "httpx",
    "structlog",
    "cryptography",
    "yaml",
    "starlette",
    "adapters",
    "gateway.config",
}


@pytest.mark.parametrize(
    "arguments",
    [[], ["--version"], *([name, "--help"] for name in COMMANDS), ["tokens", "create", "--help"]],
    ids=" ".join,
)
def test_help_waits_for_nothing_that_only_work_needs(arguments: list[str]) -> None:
    # What is loaded, not how long it takes: on a quiet machine all of these take some 0.1 s.
    program = (
        "import sys\nfrom gateway.cli import main\n"
        f"main({arguments!r}, standalone_mode=False)\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout
    assert HEAVY & set(done.stderr.split()) == set()


KNOWN = deployment.built_in().scopes.known
LISTINGS = [
    *(["tenants", "list"], ["tokens", "list"], ["clients", "list"], ["grants", "list"], ["audit", "tail"]),
    *(["tokens", "list", "--json"], ["tokens", "list", "--tenant", "biz_clxacme"], ["tokens", "show", "tok_nothing"]),
    *(["clients", "show", "app_nothing"], ["healthy"]),
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a deployment that has a tenant."""
    home = tmp_path_factory.mktemp("stored")
    founded(home)
    assert run(home, "tenants", "add", "clxacme", "--name", "Acme", "--untried", stdin="sk_acme").returncode == 0
    return home


@pytest.mark.parametrize("arguments", LISTINGS, ids=" ".join)
def test_a_listing_waits_for_nothing_that_only_changes_need(stored: Path, arguments: list[str]) -> None:
    status = 4 if "nothing" in arguments[-1] else arguments == ["healthy"]
    assert (HEAVY - {"yaml", "gateway.config"}) & loaded(stored, arguments, status) == set()


@pytest.mark.parametrize("arguments", [["keys", "list"], ["keys", "rotate"]], ids=" ".join)
def test_a_change_waits_for_no_resource_that_it_is_not_about(stored: Path, arguments: list[str]) -> None:
    assert {"adapters.contents", "adapters.core.compile"} & loaded(stored, arguments, 0) == set()


def loaded(stored: Path, arguments: list[str], status: int) -> set[str]:
    """The modules that a command has loaded when it ends, which it must with this status."""
    program = (
        "import sys\nfrom gateway.__main__ import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    line = [sys.executable, "-P", "-c", program, *arguments, "--data-dir", str(stored / "data")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=stored, env=environment())
    assert done.returncode == status, done.stderr
    return set(done.stderr.split())


def test_examples_and_scopes_stand_in_the_help_of_what_takes_them() -> None:
    shown = {name: families() for name in ("tokens", "clients")}
    for group, scopes in shown.items():
        said = CliRunner().invoke(main, [group, "create", "--help"]).stdout
        told = " ".join(said.split())
        assert all(f" {family} {' '.join(members)}" in told for family, members in scopes.items())
        assert f"  gateway {group} create --" in said
    assert {scope for members in families().values() for scope in members} == KNOWN


@pytest.mark.parametrize("typed", ["tok", "tokens cr", "clients rotate-"])
def test_a_shell_is_told_how_a_line_may_go_on(typed: str) -> None:
    env = {**child.environment(), "_GATEWAY_COMPLETE": "bash_complete", "COMP_WORDS": f"gateway {typed}"}
    env["COMP_CWORD"] = str(len(typed.split()))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gateway"))], env=env, capture_output=True, text=True, check=True
    )
    (found,) = done.stdout.splitlines()
    assert found.removeprefix("plain,").startswith(typed.rsplit(maxsplit=1)[-1])
