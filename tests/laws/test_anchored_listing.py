"""Walking a list neither repeats nor skips a row that was there throughout, however the rows around it come and go."""

from __future__ import annotations

import random
from itertools import islice
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Place, Planner
from adapters.core.declare.resource import ListQuery
from adapters.core.paging import anchored_walk
from adapters.core.paging.spans import onward
from adapters.core.shapes import shape_of
from tests.laws.things import HELD, RENAME, SORTS, Listing, Thing, Unrest, comparable, thing, walk

Style = Literal["page", "offset", "cursor"]
NUMBERED: tuple[Style, ...] = ("page", "offset")
STYLES: tuple[Style, ...] = (*NUMBERED, "cursor")
OUTWARD = Outward(shape_of(Thing, RENAME))
every_style = pytest.mark.parametrize("style", STYLES)
every_numbered_style = pytest.mark.parametrize("style", NUMBERED)

limits = st.sampled_from([1, 2, 3, 7, 25, 60, 99, 100])
amounts = st.one_of(st.integers(0, 8), st.integers(90, 450))
bursts = st.lists(
    st.tuples(st.sampled_from(["insert", "delete"]), st.sampled_from(["low", "high", "any"]), amounts), max_size=12
)


def planner(style: Style) -> Planner:
    declared = ListQuery(style=style, items="items" if style == "cursor" else "data")
    return anchored_walk.search(Place("crm", "/api/things"), declared, OUTWARD, shape_of(Thing, RENAME))


def service_of(style: Style, seed: int, size: int, variety: int = 5) -> Listing:
    chance = random.Random(seed)
    return Listing([thing(chance, variety) for _ in range(size)], style=style)


@every_style
@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    limit=limits,
    by=st.sampled_from(SORTS),
    descending=st.booleans(),
    size=st.one_of(st.integers(0, 30), st.integers(150, 1500)),
    bursts=bursts,
    quiet=st.integers(0, 3),
)
def test_a_walk_gives_every_row_that_stayed_exactly_once(
    style: Style,
    seed: int,
    limit: int,
    by: str,
    descending: bool,
    size: int,
    bursts: list[tuple[str, str, int]],
    quiet: int,
) -> None:
    service = service_of(style, seed, min(size, 40 * limit))
    unrest = Unrest(service, random.Random(seed + 1), HELD[by], bursts)

    def before_call() -> None:
        # Between pages and between the two calls of one page alike.
        if service.calls % (quiet + 1) == quiet:
            unrest.strike()

    service.before_call = before_call
    seen: list[str] = []
    pages = walk(planner(style), service, limit=limit, order_by=by, descending=descending)
    most = 2 * (size + sum(amount for _, _, amount in bursts)) + 100
    for page in islice(pages, most):
        assert len(page.ids) <= limit
        assert page.calls <= 2
        seen += page.ids
    assert page.following is None, f"the walk did not end within {most} pages"
    assert len(seen) == len(set(seen))
    assert unrest.stayed <= set(seen)


@every_style
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    limit=st.integers(1, 100),
    by=st.sampled_from(SORTS),
    descending=st.booleans(),
    size=st.integers(0, 1200),
)
def test_a_quiet_walk_takes_one_call_a_page_and_fills_every_page(
    style: Style, seed: int, limit: int, by: str, descending: bool, size: int
) -> None:
    service = service_of(style, seed, min(size, 40 * limit))
    pages = list(walk(planner(style), service, limit=limit, order_by=by, descending=descending))
    assert {page.calls for page in pages} == {1}
    assert all(len(page.ids) == limit for page in pages[:-1])
    ordered = sorted(service.rows, key=lambda row: comparable(row, HELD[by]), reverse=descending)
    assert [found for page in pages for found in page.ids] == [row["id"] for row in ordered]
    assert len(pages) == max(1, -(-len(service.rows) // limit))
    assert {page.total for page in pages} == ({None} if style == "cursor" else {len(service.rows)})


@given(limit=st.integers(1, 100), pages=st.integers(1, 5_000))
def test_at_any_depth_one_page_by_number_holds_the_anchor_and_what_follows(limit: int, pages: int) -> None:
    anchor = pages * limit - 1
    span = onward("page", anchor, limit + 1)
    assert span.size <= 200 and span.start % span.size == 0
    assert span.start <= anchor and anchor + limit < span.start + span.size


@every_numbered_style
@pytest.mark.parametrize("change", [1, 20, 25, 70])
@pytest.mark.parametrize("kind", ["insert", "delete"])
def test_a_change_before_the_anchor_costs_one_more_call_at_most_and_no_empty_page(
    style: Style, change: int, kind: str
) -> None:
    service = service_of(style, 5, 400, variety=900)
    unrest = Unrest(service, random.Random(6), "createdAt", [(kind, "low", change)])
    pages = walk(planner(style), service, limit=25, order_by="created_at", descending=False)
    first = list(islice(pages, 4))
    unrest.strike()
    rest = list(pages)
    assert rest[0].calls <= 2 and rest[0].ids
    assert {page.calls for page in rest[1:]} == {1}
    seen = [found for page in (*first, *rest) for found in page.ids]
    assert len(seen) == len(set(seen)) and unrest.stayed <= set(seen)


@every_numbered_style
def test_when_everything_seen_is_deleted_the_walk_goes_on_with_the_rest(style: Style) -> None:
    service = service_of(style, 7, 300, variety=900)
    pages = walk(planner(style), service, limit=100, order_by="created_at", descending=False)
    seen = [found for page in islice(pages, 2) for found in page.ids]
    gone = set(seen)
    service.rows = [row for row in service.rows if row["id"] not in gone]
    rest = [found for page in pages for found in page.ids]
    assert sorted(rest) == sorted(row["id"] for row in service.rows)


@every_numbered_style
def test_when_everything_is_deleted_the_walk_ends_at_once(style: Style) -> None:
    service = service_of(style, 8, 5_000)
    pages = walk(planner(style), service, limit=100, order_by="created_at")
    list(islice(pages, 20))
    service.rows = []
    (last,) = pages
    assert last.ids == [] and last.calls == 1


@every_numbered_style
def test_a_walk_that_cannot_find_its_place_at_once_does_not_end_early(style: Style) -> None:
    service = service_of(style, 10, 2_000, variety=900)
    unrest = Unrest(service, random.Random(11), "createdAt", [("delete", "low", 60), ("delete", "low", 1_300)])
    pages = walk(planner(style), service, limit=100, order_by="created_at", descending=False)
    seen = [found for page in islice(pages, 10) for found in page.ids]
    service.before_call = unrest.strike
    rest = list(pages)
    assert rest[0].ids == []
    seen += [found for page in rest for found in page.ids]
    assert len(seen) == len(set(seen)) and unrest.stayed <= set(seen)


@every_numbered_style
@pytest.mark.parametrize("inserted", range(22, 30))
def test_an_anchor_that_moved_to_the_edge_of_the_window_or_just_past_it_is_found(style: Style, inserted: int) -> None:
    service = service_of(style, 12, 400, variety=900)
    pages = walk(planner(style), service, limit=25, order_by="created_at", descending=False)
    seen = [found for page in islice(pages, 4) for found in page.ids]
    chance = random.Random(13)
    service.rows += [thing(chance, 5) | {"createdAt": "2026-05-01T00:00:00.000Z"} for _ in range(inserted)]
    following = next(pages)
    assert following.ids and not set(following.ids) & set(seen)
    if inserted > 25:
        assert len(following.ids) == 25 or following.calls == 1
