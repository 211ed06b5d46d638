"""docs/webhook-cases.md: every case is there, and every test that it names exists."""

from __future__ import annotations

import pytest

from tests.repo.promises import rows, shown

ROWS = rows("docs/webhook-cases.md")


def test_every_case_has_a_row() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 43))
    assert all(row[2] or row[3].startswith("all") for row in ROWS), "a case without a test says that it has none"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"case {row[0]}")
def test_the_tests_of_a_case_exist(row: list[str]) -> None:
    shown(row[2])
