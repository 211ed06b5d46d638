"""`Test-Fault`: what it may say, and what is answered to what it may not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.injection.header import read
from gateway.api.injection.table import INJECTIONS, named
from gateway.problems import BadRequest

KNOWN = named(INJECTIONS)


def refusal(text: str) -> str:
    with pytest.raises(BadRequest) as refused:
        read(text, KNOWN)
    assert refused.value.code == "parameter_invalid" and refused.value.members == {"header": "Test-Fault"}
    assert refused.value.detail.startswith("Test-Fault: ") and refused.value.detail.endswith("Nothing was done.")
    return refused.value.detail


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("slow=1500ms", "slow", {"": 1.5}),
        ("slow=2s", "slow", {"": 2.0}),
        ('slow="250ms"', "slow", {"": 0.25}),
        ("rate_limited", "rate_limited", {"retry_after": 1.0}),
        ("rate_limited; retry_after=3", "rate_limited", {"retry_after": 3.0}),
        (" rate_limited\t;retry_after=3s ", "rate_limited", {"retry_after": 3.0}),
        ("conflict", "conflict", {}),
    ],
)
def test_a_fault_is_read_with_its_values(text: str, name: str, values: dict[str, float]) -> None:
    asked = read(text, KNOWN)
    assert (asked.injection.name, asked.values) == (name, values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rate_limitd", "There is no fault 'rate_limitd'. Did you mean rate_limited?"),
        ("xyz", "There are body_incomplete, "),
        ("", "It is written NAME"),
        ("slow", "slow={…}, a time from 1ms to 30s"),
        ("slow=", "slow is a time from 1ms to 30s"),
        ("slow=-1s", "slow is a time from 1ms to 30s"),
        ("slow=1h", "slow is a time from 1ms to 30s"),
        ("slow=31s", "slow is a time from 1ms to 30s"),
        ("conflict=1", "The fault conflict takes no value of its own."),
        ("conflict; at=1", "The fault conflict has no parameter 'at': it has none."),
        ("rate_limited; after=3", "The fault rate_limited has no parameter 'after': it has retry_after."),
        ("rate_limited; retry_after", "rate_limited; retry_after is a time from 1s to 3600s"),
        ("rate_limited; retry_after=0", "rate_limited; retry_after is a time"),
        ("rate_limited; retry_after=3; retry_after=4", "rate_limited; retry_after is given twice."),
        ("rate_limited;", "It is written NAME"),
        ("conflict, slow=1s", "One fault is asked for at a time."),
        ("conflict\x00", "It is written NAME"),
        ("x" * 201, "at most 200 characters"),
    ],
)
def test_what_is_no_fault_is_told_what_is_wrong_with_it(text: str, told: str) -> None:
    assert told in refusal(text)


@given(st.text(st.characters(max_codepoint=255), max_size=220))
def test_every_value_is_a_fault_or_told_what_is_wrong(text: str) -> None:
    with suppress(BadRequest):
        assert read(text, KNOWN).injection in INJECTIONS
