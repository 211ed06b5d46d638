"""Our clock beside those of the receivers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from gateway.webhooks.skew import Skew

NOW = 1_789_207_200.5


def at(seconds: float) -> bytes:
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC), usegmt=True).encode()


def test_the_median_of_hosts_is_told_once_there_are_three_and_one_that_is_wrong_moves_nothing() -> None:
    skew = Skew()
    assert skew.note("a", at(NOW - 300), NOW) is None
    assert skew.note("b", at(NOW - 300), NOW) is None
    assert skew.note("c", at(0), NOW) == pytest.approx(300, abs=0.6)
    assert skew.note("d", at(NOW - 300), NOW) == pytest.approx(300, abs=0.6)


def test_a_host_is_looked_at_once_a_minute_however_often_it_answers() -> None:
    skew = Skew()
    for host in "abc":
        skew.note(host, at(NOW), NOW)
    assert skew.note("a", at(NOW - 900), NOW + 59) is None
    assert skew.note("a", at(NOW), NOW + 61) is not None


@pytest.mark.parametrize("date", [None, b"", b"yesterday", b"\xff", b"Mon, 99 Foo 2026 99:99:99 GMT", b"0" * 10_000])
def test_what_is_no_date_is_none(date: bytes | None) -> None:
    skew = Skew()
    for host in "abc":
        skew.note(host, at(NOW), NOW)
    assert skew.note("d", date, NOW) is None
