"""Ids in every alphabet that a service may have: handed out, read back, and never another's."""

from __future__ import annotations

import re
from typing import Annotated, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.core.compile.builder import Override
from adapters.core.declare.alphabets import all_of, atoms, sample
from adapters.core.declare.ids import BASE62, CUID, DIGITS, HEX24, UUID, IdType
from adapters.core.declare.kinds import Moment, Reference
from adapters.core.declare.resource import ListQuery, ReadOnly, Record, Upstream, required
from adapters.core.faults import RecordNotFound, ServiceInvalid
from tests.adapters.declaring import BILL, LINE, PART, ROW, accepted, bills, compiled, data, driven, written

ALPHABETS = [
    HEX24,
    CUID,
    BASE62,
    UUID,
    DIGITS,
    "[0-9A-Za-z_-]{21}",
    "wh_[0-9a-z]{16}",
    "coa_[0-9a-f]{8}",
    r"a\.b~[xy]{0,3}",
]
NUMBER = IdType("num_", DIGITS, "number", number=True)
every_alphabet = pytest.mark.parametrize("alphabet", ALPHABETS)
OPERATIONS = compiled(bills())
GET, UPDATE = OPERATIONS["bills.get"], OPERATIONS["bills.update"]


class Numbered(Record):
    """A record with a number."""

    id: ReadOnly[Annotated[str, Reference(NUMBER)]] = required("Its id.", "num_1")
    created_at: ReadOnly[Moment] = required("When it was made.", "2026-06-01T09:00:00Z")


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ALPHABETS), st.data())
def test_a_look_at_many_ids_says_what_a_look_at_each_says(alphabet: str, data: st.DataObject) -> None:
    good = st.from_regex(re.compile(alphabet, re.ASCII), fullmatch=True)
    ids = data.draw(st.lists(good, max_size=30))
    # One stranger among many, often one that is nearly of the alphabet.
    near = good.flatmap(
        lambda one: st.sampled_from((f"{one}\n", one + one[-1], one + one, one[:-1], one[1:], one.upper()))
    )
    strangers = data.draw(st.lists(near | st.text(max_size=24), max_size=1))
    ids[data.draw(st.integers(0, len(ids))) : 0] = strangers
    each = [re.fullmatch(alphabet, one, re.ASCII) is not None for one in ids]
    assert all_of(alphabet)(ids) is all(each)


@every_alphabet
def test_among_many_the_longest_is_the_last_that_fits(alphabet: str) -> None:
    parts = atoms(alphabet)
    longest = "".join(atom.characters[0] * atom.most for atom in parts)
    one_more = longest + parts[-1].characters[0]
    assert re.fullmatch(alphabet, longest, re.ASCII) and not re.fullmatch(alphabet, one_more, re.ASCII)
    others = [sample(alphabet, place) for place in range(2)] * 4
    assert all_of(alphabet)([*others, longest])
    assert not all_of(alphabet)([*others, one_more])


@every_alphabet
def test_an_id_can_be_made_of_every_alphabet(alphabet: str) -> None:
    made = {sample(alphabet, place) for place in (0, 1)}
    assert len(made) == 2
    assert all(re.fullmatch(alphabet, each) for each in made)


@pytest.mark.parametrize(
    "alphabet",
    ["", "[a-z]+", "[a-z]*", "(a|b)", "[^a]{3}", "a/b", "[ -~]{4}", "[é]{3}", "x{0,200}", "[z-a]{2}", r"\d{3}", "a%2f"],
)
def test_an_alphabet_that_a_path_could_not_hold_is_refused_at_import(alphabet: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        atoms(alphabet)
    with pytest.raises(TypeError):
        IdType("odd_", alphabet, "oddity")


@pytest.mark.parametrize(
    "made", [lambda: IdType("Odd_", HEX24, "x"), lambda: IdType("odd", HEX24, "x"), lambda: IdType("o_d_", HEX24, "x")]
)
def test_a_prefix_has_one_form(made: Any) -> None:
    with pytest.raises(TypeError):
        made()


def test_numbers_have_one_alphabet_and_nothing_is_cut_from_them() -> None:
    for more in ({"alphabet": HEX24}, {"alphabet": DIGITS, "cut": "N"}):
        with pytest.raises(TypeError):
            IdType(prefix="num_", noun="number", number=True, **more)


@given(st.integers(1, 10**18 - 1))
def test_an_integer_is_digits_outside_and_a_number_inside(number: int) -> None:
    assert PART.encode(number) == f"part_{number}"
    assert PART.decode(f"part_{number}") == number


@pytest.mark.parametrize("text", ["0", "-1", "01", "1" * 19, "1.0", "1e3", "", "١", "+1", " 1"])
def test_what_is_no_whole_positive_number_in_its_one_spelling_is_no_id(text: str) -> None:
    assert PART.decode(f"part_{text}") is None


def test_a_fixed_start_is_cut_outside_and_put_back_inside() -> None:
    answer, (call,) = driven(GET, accepted(GET, None, "bill_Zz9"), ROW)
    assert call.path == b"/api/bills/inv_Zz9"
    found = data(answer)
    assert found["id"] == "bill_Zz9"
    assert found["lines"][0]["part_id"] == "part_7"
    assert BILL.encode("inv_Zz9") == "bill_Zz9"
    assert BILL.decode("bill_inv_Zz9") is None


@pytest.mark.parametrize("wrong", ["Zz9", "inv_", "inv_Z-9", "INV_Zz9", "inv_é", 9, None, "inv_a/b"])
def test_an_id_of_another_alphabet_is_never_handed_out(wrong: Any) -> None:
    with pytest.raises(ServiceInvalid):
        driven(GET, accepted(GET, None, "bill_Zz9"), {**ROW, "id": wrong})


@pytest.mark.parametrize("wrong", ["7", 0, -1, 10**18, 7.5, True])
def test_an_integer_id_that_could_not_be_read_back_is_never_handed_out(wrong: Any) -> None:
    answer, _ = driven(GET, accepted(GET, None, "bill_Zz9"), {**ROW, "items": [{**LINE, "partId": wrong}]})
    assert data(answer)["lines"][0]["part_id"] is None
    assert answer.degraded == ("bills.lines.part_id",)


def test_an_integer_id_is_a_number_in_what_the_service_is_sent() -> None:
    document = {"lines": [{"part_id": "part_12", "title": "Cog", "unit_price": "1"}], "currency": "EUR"}
    _, calls = driven(UPDATE, accepted(UPDATE, document, "bill_Zz9"), ROW)
    assert orjson.loads(written(calls[-1]))["items"][0]["partId"] == 12


def test_a_record_with_an_integer_id_is_found_in_a_list_and_walked_by_key() -> None:
    rows = [{"id": place, "createdAt": ROW["createdAt"]} for place in (30, 4, 3)]
    more = {"model": Numbered, "id": NUMBER, "rename": {}, "upstream": Upstream("x", "/n", listing=ListQuery())}
    via = compiled(bills(**more), overrides={"bills.get": Override(via="list")})
    listed = {"data": rows, "pagination": {"total": 3}}
    answer, _ = driven(via["bills.get"], accepted(via["bills.get"], None, "num_4"), listed)
    assert data(answer)["id"] == "num_4"
    with pytest.raises(RecordNotFound):
        driven(via["bills.get"], accepted(via["bills.get"], None, "num_5"), listed)
    search = compiled(bills(**more))["bills.search"]
    answer, (call,) = driven(search, accepted(search, {"limit": 1}), {"data": rows[:2], "total": 3})
    assert [each["id"] for each in data(answer)] == ["num_30"]
    cursor = orjson.loads(answer.body)["meta"]["cursor"]["next"]
    _, (call,) = driven(search, accepted(search, {"limit": 1, "cursor": cursor}), {"data": [], "total": 3})
    assert b'"field":"id","op":"lt","value":30' in written(call)
    asked = accepted(search, {"filters": [{"field": "id", "operator": "in", "values": ["num_3", "num_4"]}]})
    assert asked.window is not None
    assert asked.window.where == {"field": "id", "op": "in", "value": [3, 4]}
