"""What patterns may be written with: `re` as every Python that we support has it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo.test_house_rules import SHIPPED, sources

_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")


def possessive_groups(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each literal that repeats a group possessively, or has an atomic one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            if _GROUP.search(_CLASS.sub("x", text)):
                yield node.lineno, text


@pytest.mark.parametrize("pattern", ["(?:ab|c)*+", "(a)++", "(?:a)?+", "(a){1,3}+", "(?>a|b)", "[)]*(?:[(]a)*+"])
def test_a_possessive_group_is_found(pattern: str) -> None:
    assert list(possessive_groups(f"re.compile({pattern!r})")) == [(1, pattern)]
    assert list(possessive_groups(f"re.compile({pattern.encode()!r})")) == [(1, pattern)]


@pytest.mark.parametrize("pattern", ["a*+b++", "[a-z]?+[()*+,;=]", r"\)*+", "(?:a[b]*+)*", "(a)+"])
def test_a_character_may_be_repeated_possessively(pattern: str) -> None:
    assert list(possessive_groups(f"re.compile({pattern!r})")) == []


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Before CPython 3.11.5 such a group matches wrongly where something in it is tried in two ways (gh-106052)."""
    found = [
        (f"{path.relative_to(Path(__file__).parents[2])}:{line}", text)
        for path in sources(*SHIPPED)
        for line, text in possessive_groups(path.read_text())
    ]
    assert found == []
