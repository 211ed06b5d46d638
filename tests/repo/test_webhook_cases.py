"""docs/webhook-cases.md: every case is there, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/webhook-cases.md").read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]


def test_every_case_has_a_row() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 43))
    assert all(row[2] or row[3].startswith("all") for row in ROWS), "a case without a test says that it has none"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"case {row[0]}")
def test_the_tests_of_a_case_exist(row: list[str]) -> None:
    for named in filter(None, row[2].split(", ")):
        file, _, name = named.partition("::")
        text = (ROOT / "tests" / file).read_text()
        assert not name or f"def test_{name}(" in text, named
