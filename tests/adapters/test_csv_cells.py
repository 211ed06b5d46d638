"""What spreadsheets would run is made text, and text again what it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.core.csv.cells import neutral, undone


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n＝a1 ;(")) | st.text())
def test_neutralising_is_undone_exactly_and_leaves_no_formula(text: str) -> None:
    safe = neutral(text)
    assert undone(safe) == text
    assert safe[:1] not in tuple("=@\t\r\n＝＋－＠")
    assert safe[:1] not in ("+", "-") or not any(char.isalpha() or char in "|!:\"'&%" for char in safe)


@pytest.mark.parametrize("text", ["+44 20 7946 0018", "+1 (555) 010-9999", "-12.50", "'tis", "Ada", "", "a=b"])
def test_phone_numbers_amounts_and_plain_words_stay_as_they_are(text: str) -> None:
    assert neutral(text) == undone(text) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+A1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''+44"]
)
def test_what_a_spreadsheet_might_run_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == "'" + text
    assert undone("'" + text) == text
