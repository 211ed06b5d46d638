"""What spreadsheets would run is made text, and text again what it was."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.core.csv.cells import neutral, shown, undone

BEGINS = tuple("=+-@＝＋－＠")


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n＝a1 ;(")) | st.text())
def test_neutralising_is_undone_exactly_and_leaves_no_formula(text: str) -> None:
    safe = neutral(text)
    assert undone(safe) == text
    assert safe[:1] not in tuple("=@\t\r\n＝＋－＠")
    assert safe[:1] not in ("+", "-") or not any(char.isalpha() or char in "|!:\"'&%" for char in safe)
    if safe != text or not re.fullmatch(r"[+-][0-9 ().,;/*#+-]*", text):
        assert not any(cell.lstrip(" ").startswith(BEGINS) for cell in re.split("[;\t\r\n]", safe))


TEXTS = st.text(alphabet=st.sampled_from("'=+-@;,{[ a1\"\\\t\n＝"))


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS) | st.integers() | st.none(), min_size=1))
def test_an_object_is_exported_without_a_formula_and_read_back_as_it_was(value: dict[str, Any]) -> None:
    cell = shown(value)
    assert json.loads(cell) == value
    assert not any(part.lstrip(" ").startswith(BEGINS) for part in re.split("[;\t\r\n]", cell))


@given(st.lists(TEXTS.filter(lambda item: ";" not in item and item)))
def test_a_list_of_words_is_no_json_whatever_it_begins_with(words: list[str]) -> None:
    cell = shown(words)
    assert [undone(item) for item in cell.split(";") if item] == words


@pytest.mark.parametrize(
    "text", ["+44 20 7946 0018", "+1 (555) 010-9999", "-12.50", "'tis", "Ada", "", "a=b", "a;b", "x; y"]
)
def test_phone_numbers_amounts_and_plain_words_stay_as_they_are(text: str) -> None:
    assert neutral(text) == undone(text) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+A1", "@SUM(A1)", "\t-x", "\r=1", "＝1", "'=1", "''+44", " =1"]
)
def test_what_a_spreadsheet_might_run_gets_an_apostrophe(text: str) -> None:
    assert neutral(text).startswith("'" + text[0])
    assert undone(neutral(text)) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=cmd|' /C calc'!A0;y", "x;'=cmd|' /C calc'!A0;y"),
        (";=1+1", ";'=1+1"),
        ("x; =1+1", "x;' =1+1"),
        ("x;@SUM(1)", "x;'@SUM(1)"),
        ("x;+1-1", "x;'+1-1"),
        ("x;-1+1", "x;'-1+1"),
        ("x;-HYPERLINK(1)", "x;'-HYPERLINK(1)"),
        ("x;;=1;＝2", "x;;'=1;'＝2"),
        ("x\t=1", "x\t'=1"),
        ("x\n=1\r\n@2", "x\n'=1\r\n'@2"),
        ("x;'=1", "x;''=1"),
        ("=1;=2", "'=1;'=2"),
    ],
)
def test_behind_a_semicolon_and_a_tab_a_cell_begins_elsewhere(text: str, safe: str) -> None:
    assert neutral(text) == safe
    assert undone(safe) == text


def test_a_formula_in_an_object_is_escaped_as_json_escapes() -> None:
    cell = shown({"x": "a;=cmd|' /C calc'!A0;b; @y", "=z": ["=1", ";+1"]})
    assert cell == '{"x":"a;\\u003dcmd|\' /C calc\'!A0;b; \\u0040y","=z":["=1",";\\u002b1"]}'
