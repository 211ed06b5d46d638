"""Pages of docs whose rows name the tests that show them: | number | what has to be | tests | what they leave out |."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows(page: str) -> list[list[str]]:
    """The rows of all tables of a page, cell by cell."""
    lines = (ROOT / page).read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d+ \|", line)]


def shown(cell: str) -> None:
    """Every test that the cell names is there: a file below tests/, or `file::what_it_says`."""
    for named in filter(None, cell.split(", ")):
        file, _, name = named.partition("::")
        text = (ROOT / "tests" / file).read_text()
        assert not name or f"def test_{name}(" in text, named
