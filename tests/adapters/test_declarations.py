"""What a declaration cannot say is refused at start, and what it leaves out is no trap later."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from adapters.core.compile.builder import Override
from adapters.core.declare.ids import HEX24, IdType
from adapters.core.declare.kinds import Line, Moment, Reference
from adapters.core.declare.resource import ListQuery, Op, ReadOnly, Record, Resource, Upstream, optional, required
from adapters.core.words import Action, Labels, Related
from tests.adapters.declaring import ROW, accepted, bills, compiled, data, driven, written

TIMELESS = IdType("tml_", HEX24, "timeless thing")


class Timeless(Record):
    """Something that nobody knows the age of."""

    id: ReadOnly[Annotated[str, Reference(TIMELESS)]] = required("Its id.", "tml_5f2b8c1d9e3a7b6c4d5e6f71")
    name: Line | None = optional("Its name.", "Rock")
    touched_at: Moment | None = optional("When it was last touched.", "2026-06-01T09:00:00Z")


def timeless(**more: Any) -> Resource:
    return Resource(
        **{
            "model": Timeless,
            "id": TIMELESS,
            "path": "rocks",
            "singular": "rock",
            "scope": "rock",
            "upstream": Upstream("x", "/api/rocks", listing=ListQuery()),
            **more,
        }
    )


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"model": Timeless, "id": TIMELESS, "rename": {}}, "path"),
        ({"path": "rocks", "singular": "rock", "id": TIMELESS}, "model"),
        ({"path": "rocks", "model": Timeless, "id": TIMELESS, "rename": {}}, "singular"),
        ({"path": "rocks", "singular": "rock", "model": Timeless, "rename": {}}, "prefix"),
    ],
)
def test_two_resources_cannot_be_at_one_place(other: dict[str, Any], what: str) -> None:
    with pytest.raises(TypeError, match=f"two resources have the same {what}"):
        compiled(bills(), bills(**other))


def test_one_prefix_stands_for_one_type_of_id() -> None:
    class Twin(Record):
        """Refers to another type with the same prefix."""

        id: ReadOnly[Annotated[str, Reference(TIMELESS)]] = required("Its id.", "tml_5f2b8c1d9e3a7b6c4d5e6f71")
        bill_id: Annotated[str, Reference(IdType("bill_", HEX24, "bill"))] | None = optional("A bill.", None)

    with pytest.raises(TypeError, match="two types of id begin with bill_"):
        compiled(bills(), timeless(model=Twin, upstream=Upstream("x", "/api/rocks")))


def test_two_operations_cannot_have_one_name_or_one_path() -> None:
    with pytest.raises(TypeError, match="two operations have the same name"):
        compiled(bills(words=(Action("update", {"status": "paid"}, "Pay"),)))
    with pytest.raises(TypeError, match="two operations have the same name"):
        compiled(bills(words=(Action("pay", {"status": "paid"}, "Pay"), Action("pay", {"status": "open"}, "Open"))))


@pytest.mark.parametrize("scope", ["", "a.b", "Bill", "*", "bill read"])
def test_a_family_of_scopes_is_one_word(scope: str) -> None:
    with pytest.raises(TypeError, match="no family of scopes"):
        compiled(bills(scope=scope))


def test_what_a_word_names_is_a_field() -> None:
    with pytest.raises(TypeError, match=r"bills: close sets unknown fields \['statsu'\]"):
        compiled(bills(words=(Action("close", {"statsu": "paid"}, "Close"),)))
    with pytest.raises(TypeError, match="bills have no field rock_id"):
        compiled(bills(), timeless(words=(Related("bills", by="rock_id"),), path="rocks", upstream=Upstream("x", "/r")))


def test_labels_are_a_list_of_words() -> None:
    with pytest.raises(TypeError, match="not a list of words"):
        timeless(words=(Labels("name", "name"),))


@pytest.mark.parametrize(
    ("operations", "overrides"),
    [(Op.CREATE | Op.SEARCH, {}), (Op.ALL, {"bills.get": Override(enabled=False)})],
)
def test_a_create_names_no_address_where_there_is_nothing(operations: Op, overrides: dict[str, Override]) -> None:
    create = compiled(bills(operations=operations), overrides=overrides)["bills.create"]
    request = accepted(create, {"lines": [{"title": "Cog", "unit_price": "1"}]})
    answer, _ = driven(create, request, (201, ROW))
    assert (answer.status, answer.headers) == (201, ())
    assert data(answer)["id"] == "bill_Zz9"
    assert not create.located
    assert "Location" not in create.description


def test_a_create_names_the_address_of_what_it_made() -> None:
    create = compiled(bills())["bills.create"]
    request = accepted(create, {"lines": [{"title": "Cog", "unit_price": "1"}]})
    assert driven(create, request, (201, ROW))[0].headers == ((b"location", b"/v1/bills/bill_Zz9"),)


def test_what_knows_no_age_is_ordered_by_its_id() -> None:
    search = compiled(timeless())["rocks.search"]
    _, (call,) = driven(search, accepted(search, {}), {"data": []})
    assert b'"sort":{"field":"id","dir":"desc"}' in written(call)
    named = compiled(timeless(sorts=("name", "id")))["rocks.search"]
    _, (call,) = driven(named, accepted(named, {}), {"data": []})
    assert b'"sort":{"field":"name"' in written(call)


def test_what_knows_no_age_is_not_looked_for_in_a_list_that_moves() -> None:
    via = {"rocks.get": Override(via="list")}
    with pytest.raises(ValueError, match=r"rocks\.get cannot use a list in which nothing is known never to move"):
        compiled(timeless(), overrides=via)
    listing = Upstream("x", "/api/rocks", listing=ListQuery(ordered="touched_at"))
    get = compiled(timeless(upstream=listing), overrides=via)["rocks.get"]
    request = accepted(get, None, "tml_5f2b8c1d9e3a7b6c4d5e6f71")
    row = {"id": "5f2b8c1d9e3a7b6c4d5e6f71", "name": "Rock"}
    _, (call,) = driven(get, request, {"data": [row], "pagination": {"total": 1}})
    assert b"sort=touchedAt" in call.path


def test_a_related_list_of_what_knows_no_age_is_ordered_too() -> None:
    class Pebble(Record):
        """A small rock."""

        id: ReadOnly[Annotated[str, Reference(IdType("pbl_", HEX24, "pebble"))]] = required(
            "Its id.", "pbl_" + "0" * 24
        )
        rock_id: Annotated[str, Reference(TIMELESS)] | None = optional("Of which rock.", None)

    pebbles = Resource(
        model=Pebble,
        id=IdType("pbl_", HEX24, "pebble"),
        path="pebbles",
        singular="pebble",
        scope="pebble",
        upstream=Upstream("x", "/api/pebbles"),
    )
    listed = compiled(timeless(words=(Related("pebbles", by="rock_id"),)), pebbles)["rocks.list_pebbles"]
    request = accepted(listed, None, "tml_5f2b8c1d9e3a7b6c4d5e6f71")
    _, (_, call) = driven(listed, request, {"id": "5f2b8c1d9e3a7b6c4d5e6f71"}, {"data": []})
    assert b'"sort":{"field":"id","dir":"desc"}' in written(call)
