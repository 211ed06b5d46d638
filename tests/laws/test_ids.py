"""Identifiers are total and bidirectional: nothing is lost, and nothing meets."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import ids
from adapters.core.declare.ids import IdType

KINDS = [value for value in vars(ids).values() if isinstance(value, IdType)]


def _signature(kind: IdType) -> tuple[object, ...]:
    """All that an id is made by but its prefix, which stands before it unchanged."""
    own = (type(kind), kind.alphabet, kind.number, kind.cut)
    return own if kind.above is None else (*own, _signature(kind.above))


# The first of the kinds that are alike; of all others a few ids are tried.
FIRST = list({_signature(kind): kind for kind in reversed(KINDS)}.values())
every_kind = pytest.mark.parametrize("kind", FIRST, ids=lambda kind: kind.prefix)


@cache
def internal_ids(kind: IdType) -> st.SearchStrategy[Any]:
    """Internal ids as the service writes them; both, where a record has one beneath another."""
    above = st.none() if kind.above is None else internal_ids(kind.above)
    return st.builds(kind.beneath_one, above, _written(kind))


def _written(kind: IdType) -> st.SearchStrategy[Any]:
    texts = st.from_regex(re.compile(kind.alphabet, re.ASCII), fullmatch=True)
    return texts.map(int) if kind.number else texts.map(lambda text: kind.cut + text)


@every_kind
@given(data=st.data())
def test_decoding_undoes_encoding(kind: IdType, data: st.DataObject) -> None:
    internal = data.draw(internal_ids(kind))
    assert kind.decode(kind.encode(internal)) == internal


@every_kind
@given(data=st.data())
def test_no_two_internal_ids_share_a_public_one(kind: IdType, data: st.DataObject) -> None:
    one, other = (data.draw(internal_ids(kind)) for _ in range(2))
    assert (kind.encode(one) == kind.encode(other)) is (one == other)


@every_kind
@given(text=st.text())
def test_what_decodes_is_what_encoding_gives(kind: IdType, text: str) -> None:
    for candidate in (text, kind.prefix + text, text + "\n"):
        internal = kind.decode(candidate)
        assert internal is None or kind.encode(internal) == candidate


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.prefix)
@settings(max_examples=8)
@given(data=st.data(), text=st.text(max_size=30))
def test_the_laws_hold_for_every_kind(kind: IdType, data: st.DataObject, text: str) -> None:
    one, other = (data.draw(internal_ids(kind)) for _ in range(2))
    assert kind.decode(kind.encode(one)) == one
    assert (kind.encode(one) == kind.encode(other)) is (one == other)
    internal = kind.decode(kind.prefix + text)
    assert internal is None or kind.encode(internal) == kind.prefix + text


def test_prefixes_are_distinct_and_none_begins_another() -> None:
    prefixes = [kind.prefix for kind in KINDS]
    assert len(set(prefixes)) == len(prefixes)
    assert all(prefix.endswith("_") and prefix.count("_") == 1 for prefix in prefixes)
