"""The command itself: what it says without arguments, of its version, of what it does not know, and how wide it prints."""

from __future__ import annotations

from importlib import metadata

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import COMMANDS, main
from gateway.cli.options import fitted


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
