"""The seeded faults fit the code as it is, and the document that lists them is true. `make mutants` sees them caught."""

from __future__ import annotations

import ast
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.__main__ import MUTANTS, ROOT
from tests.mutants.mutant import Mutant

EVERY = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.said)


@EVERY
def test_a_fault_still_has_its_place_and_leaves_code_that_can_be_read(mutant: Mutant, tmp_path: Path) -> None:
    (tmp_path / mutant.file).parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.file, tmp_path / mutant.file)
    before = mutant.apply(tmp_path)
    after = (tmp_path / mutant.file).read_text()
    assert after != before
    if mutant.file.endswith(".py"):
        ast.parse(after)


@EVERY
def test_the_tests_that_are_to_catch_it_are_there(mutant: Mutant) -> None:
    files = [each for each in mutant.caught if each.endswith(".py")]
    assert files and all((ROOT / each).is_file() for each in files)
    for words in mutant.caught[len(files) + 1 :]:
        # Checks of conformance are tests by their names.
        checks = (ROOT / "gateway/conformance").glob("*.py")
        texts = "".join(each.read_text() for each in (*(ROOT / file for file in files), *checks))
        assert all(word in texts for word in words.split(" or ")), words


def test_each_fault_is_one_of_its_own_and_there_are_enough() -> None:
    assert not [said for said, times in Counter(mutant.said for mutant in MUTANTS).items() if times > 1]
    assert len(MUTANTS) >= 40


def test_the_document_lists_every_fault_with_its_file_and_its_tests() -> None:
    told = (ROOT / "docs/mutants.md").read_text()
    rows = [
        f"| {m.said} | `{m.file}` | {', '.join(f'`{f}`' for f in m.caught if f.endswith('.py'))} |" for m in MUTANTS
    ]
    assert [line for line in told.splitlines() if line.startswith("| ") and "`" in line] == rows
