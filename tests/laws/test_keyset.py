"""Walking a structured search neither repeats nor skips a row that was there throughout, whatever it is ordered by."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Place
from adapters.core.declare.upstream import StructuredSearch
from adapters.core.paging import keyset
from adapters.core.shapes import shape_of
from tests.laws.things import HELD, RENAME, SORTS, Searching, Thing, Unrest, comparable, holds, thing, walk

SHAPE = shape_of(Thing, RENAME)
SEARCH = keyset.search(Place("crm", "/api/things/search"), StructuredSearch(), Outward(SHAPE), SHAPE)
FILTERS: list[dict[str, Any] | None] = [
    None,
    {"field": "title", "op": "isNull"},
    {"field": "title", "op": "gt", "value": "A"},
    {"not": {"field": "score", "op": "eq", "value": 1}},
    {"or": [{"field": "score", "op": "gte", "value": 2}, {"field": "value", "op": "isNull"}]},
    {"and": [{"field": "good", "op": "eq", "value": True}, {"field": "createdAt", "op": "notNull"}]},
]
walks = {
    "seed": st.integers(0, 2**32),
    "limit": st.sampled_from([1, 2, 5, 25, 100]),
    "by": st.sampled_from(SORTS),
    "descending": st.booleans(),
    "where": st.sampled_from(FILTERS),
}
bursts = st.lists(
    st.tuples(st.sampled_from(["insert", "delete"]), st.sampled_from(["low", "high", "any"]), st.integers(0, 60)),
    max_size=12,
)


def service_of(seed: int, size: int) -> Searching:
    chance = random.Random(seed)
    return Searching([thing(chance, 5) for _ in range(size)])


@settings(max_examples=80, deadline=None)
@given(**walks, size=st.integers(0, 200), bursts=bursts)
def test_a_walk_gives_every_row_that_stayed_exactly_once(
    seed: int,
    limit: int,
    by: str,
    descending: bool,
    where: dict[str, Any] | None,
    size: int,
    bursts: list[tuple[str, str, int]],
) -> None:
    service = service_of(seed, min(size, 40 * limit))
    wanted = {row["id"] for row in service.rows if where is None or holds(where, row)}
    unrest = Unrest(service, random.Random(seed + 1), HELD[by], bursts)
    service.before_call = unrest.strike
    seen: list[str] = []
    pages = walk(SEARCH, service, limit=limit, order_by=by, descending=descending, where=where)
    for page in islice(pages, size + sum(amount for _, _, amount in bursts) + 2):
        assert len(page.ids) <= limit
        assert page.calls == 1
        seen += page.ids
    assert page.following is None
    assert len(seen) == len(set(seen))
    assert unrest.stayed & wanted <= set(seen)


@settings(max_examples=80, deadline=None)
@given(**walks, size=st.integers(0, 200))
def test_a_quiet_walk_gives_full_pages_in_order_and_one_total(
    seed: int, limit: int, by: str, descending: bool, where: dict[str, Any] | None, size: int
) -> None:
    service = service_of(seed, min(size, 40 * limit))
    pages = list(walk(SEARCH, service, limit=limit, order_by=by, descending=descending, where=where))
    found = [row for row in service.rows if where is None or holds(where, row)]
    found.sort(key=lambda row: comparable(row, HELD[by]), reverse=descending)
    assert [seen for page in pages for seen in page.ids] == [row["id"] for row in found]
    assert all(len(page.ids) == limit for page in pages[:-1])
    assert len(pages) == max(1, -(-len(found) // limit))
    assert {page.total for page in pages} == {len(found)}


@pytest.mark.parametrize("descending", [False, True])
def test_empty_texts_lie_between_null_and_every_other_text(descending: bool) -> None:
    service = service_of(3, 0)
    chance = random.Random(4)
    service.rows = [thing(chance, 5) | {"title": title} for title in [None, "", "a"] for _ in range(4)]
    chance.shuffle(service.rows)
    titles = {row["id"]: row["title"] for row in service.rows}
    pages = walk(SEARCH, service, limit=1, order_by="name", descending=descending)
    seen = [titles[found] for page in pages for found in page.ids]
    ascending = [None] * 4 + [""] * 4 + ["a"] * 4
    assert seen == (ascending[::-1] if descending else ascending)
