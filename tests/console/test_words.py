"""What pages are written with: spans of time, lists, charts, and colours that can be read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console import chart, formatting
from gateway.console.chart import HEIGHT, OUTCOMES, WIDTH, Day
from gateway.web import colours

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "just now"), (59, "just now"), (60, "1 minute ago"), (7199, "1 hour ago"), (172_800, "2 days ago")],
)
def test_a_moment_ago_is_told_by_its_largest_unit(seconds: int, said: str) -> None:
    assert formatting.ago(NOW - timedelta(seconds=seconds), NOW) == said
    assert formatting.ago(NOW - timedelta(days=100), NOW) == "on 21 Feb 2026"


def test_what_is_to_come_is_told_alike() -> None:
    assert formatting.ahead(NOW + timedelta(seconds=5), NOW) == "within a minute"
    assert formatting.ahead(NOW + timedelta(hours=5, minutes=50), NOW) == "in 5 hours"
    assert formatting.ahead(NOW + timedelta(days=365), NOW) == "on 1 Jun 2027"
    assert formatting.listed(["a"]) == "a"
    assert formatting.listed(["a", "b", "c"]) == "a, b and c"


def test_an_event_without_words_is_told_by_its_name() -> None:
    assert formatting.told("token.create") == ("created the token ", "")
    assert formatting.told("something.new") == ("something.new", "")
    assert not formatting.names_a_thing("something.new")


COUNTS = st.tuples(*[st.integers(0, 10**7) for _ in OUTCOMES])


@given(st.lists(COUNTS, min_size=1, max_size=40))
def test_every_bar_stays_within_the_chart_and_shows_whatever_is_not_nothing(counts: list[tuple[int, ...]]) -> None:
    days = [Day(date(2026, 1, 1) + timedelta(days=nth), each) for nth, each in enumerate(counts)]
    drawn = chart.drawn(days)
    assert len(drawn.bars) == len(days)
    assert drawn.top >= max(day.total for day in days)
    for bar, day in zip(drawn.bars, days, strict=True):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert len(bar.parts) == sum(count > 0 for count in day.counts)
        assert all(0 <= part.y <= HEIGHT and part.height >= 2 for part in bar.parts)


def channels(colour: str) -> colours.Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


@given(st.integers(0, 0xFFFFFF))
def test_any_brands_colour_can_be_read_by_day_and_by_night(number: int) -> None:
    day, night = re.findall(r"--accent: (#[0-9a-f]{6})", colours.sheet(f"#{number:06x}"))
    for ground in ("#ffffff", "#f5f6f8", "#eceff3"):
        assert colours.contrast(channels(day), channels(ground)) >= 4.5
    for ground in ("#14171c", "#1e232b", "#262c36", "#10131a"):
        assert colours.contrast(channels(night), channels(ground)) >= 4.5


def test_a_colour_that_can_be_read_is_left_alone() -> None:
    assert "--accent: #1d4ed8;" in colours.sheet("#1d4ed8")
    assert colours.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
