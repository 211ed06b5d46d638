"""docs/security.md: every promise has a test, and every test that it names exists."""

from __future__ import annotations

import pytest

from tests.repo.promises import rows, shown

ROWS = rows("docs/security.md")


def test_every_promise_has_a_number_and_a_test() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert all(row[2] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"row {row[0]}")
def test_the_tests_of_a_promise_exist(row: list[str]) -> None:
    shown(row[2])
