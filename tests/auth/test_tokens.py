"""The token's format: round trip, and every corruption refused without a look-up."""

import string
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys.token_format import ALPHABET, Kind, display_prefix, mint, new_id, well_formed

PREFIXES = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=12)
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["personal", "app"])


@given(PREFIXES, KINDS)
def test_every_minted_token_is_well_formed(prefix: str, kind: Kind) -> None:
    token = mint(prefix, kind)
    assert well_formed(token.encode(), prefix)


def test_a_personal_token_has_thirty_random_characters_and_a_six_character_checksum() -> None:
    token = mint("gw", "personal")
    assert token.startswith("gw_pat_")
    assert len(token) == len("gw_pat_") + 36
    assert set(token[7:]) <= set(ALPHABET)


def test_the_checksum_is_the_base62_crc32_of_everything_before_it() -> None:
    token = mint("gw", "personal")
    value = 0
    for character in token[-6:]:
        value = value * 62 + ALPHABET.index(character)
    assert value == crc32(token[:-6].encode())


@given(kind=KINDS, at=st.integers(0, 42), byte=st.integers(0, 255))
def test_every_single_character_corruption_is_refused(kind: Kind, at: int, byte: int) -> None:
    token = mint("gw", kind).encode()
    corrupted = token[:at] + bytes([byte]) + token[at + 1 :]
    assert well_formed(corrupted, "gw") == (corrupted == token)


@pytest.mark.parametrize("swap", range(42))
def test_swapped_neighbours_are_refused(swap: int) -> None:
    token = bytearray(mint("gw", "personal").encode())
    if token[swap] == token[swap + 1]:
        return
    token[swap], token[swap + 1] = token[swap + 1], token[swap]
    assert not well_formed(bytes(token), "gw")


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused(token: bytes) -> None:
    assert not well_formed(token, "gw")


@pytest.mark.parametrize("length", range(44))
def test_truncated_and_extended_tokens_are_refused(length: int) -> None:
    token = mint("gw", "personal").encode()
    assert not well_formed(token[: min(length, 42)], "gw")
    assert not well_formed(token + token[: length + 1], "gw")


def test_a_token_of_another_deployment_is_refused() -> None:
    assert not well_formed(mint("other", "personal").encode(), "gw")
    assert not well_formed(mint("gw", "personal").encode(), "g")
    assert not well_formed(mint("g", "personal").encode(), "gw")


def test_a_hundred_kilobytes_are_refused_without_being_hashed() -> None:
    assert not well_formed(b"gw_pat_" + b"A" * 100_000, "gw")


def test_no_two_tokens_or_ids_are_equal() -> None:
    assert len({mint("gw", "personal") for _ in range(1000)}) == 1000
    assert len({new_id() for _ in range(1000)}) == 1000


def test_a_listing_shows_four_random_characters_only() -> None:
    token = mint("gw", "personal")
    assert display_prefix(token) == token[:11]


@pytest.mark.parametrize(("kind", "word"), [("personal", "pat"), ("app", "app")])
def test_a_token_of_test_mode_says_so_and_is_well_formed(kind: Kind, word: str) -> None:
    token = mint("gw", kind, "test")
    assert token.startswith(f"gw_test_{word}_") and display_prefix(token) == token[: len(f"gw_test_{word}_") + 4]
    assert well_formed(token.encode(), "gw")
    # Without the word it is a token with a wrong checksum: nobody makes a live one of it.
    assert not well_formed(token.replace("_test_", "_").encode(), "gw")
    assert not well_formed(mint("gw", kind).replace("gw_", "gw_test_").encode(), "gw")
    assert not well_formed(mint("gw", "refresh", "test").encode(), "gw")
