"""Several records by their ids, however their service can be asked for them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.core.compile.builder import Override, Overrides
from adapters.core.declare.resource import ListQuery, Upstream
from adapters.core.faults import Invalid, ServiceFailed, Unsettled
from adapters.core.operation import Operation
from tests.adapters.declaring import ROW, accepted, bills, compiled, driven, face, written

ROWS = {name: {**ROW, "id": f"inv_{name}"} for name in ("A", "B", "C")}
PAGE = ListQuery(("status",))
WHOLE = ListQuery(style="whole")


def many(search: Any = None, overrides: Overrides | None = None) -> Operation:
    upstream = Upstream("finance", "/api/bills", **({"search": search} if search else {}))
    return compiled(bills(upstream=upstream), overrides=overrides)["bills.get_many"]


def asked(operation: Operation, *names: str) -> Any:
    return accepted(operation, {"ids": [f"bill_{name}" for name in names]})


def told(operation: Operation, names: str, *replies: Any) -> tuple[list[str], list[str], list[str]]:
    """The ids of the records and of those that are missing, and the calls that were made."""
    answer, calls = driven(operation, asked(operation, *names), *replies)
    document = orjson.loads(answer.body)
    lines = [f"{call.method.decode()} {call.path.decode()}" for call in calls]
    return [row["id"].removeprefix("bill_") for row in document["data"]], document["meta"]["missing"], lines


def listed(*names: str, total: int | None = None) -> dict[str, Any]:
    return {"data": [ROWS[name] for name in names], "pagination": {"total": total or len(names)}}


def test_a_structured_search_finds_all_with_one_call_and_they_come_in_the_order_of_the_ids() -> None:
    found = {"data": [ROWS["A"], ROWS["C"]], "total": 2}
    assert told(many(), "CXA", found) == (["C", "A"], ["bill_X"], ["POST /api/bills/search"])
    _, calls = driven(many(), asked(many(), "C", "A"), found)
    sent = orjson.loads(written(calls[0]))
    assert sent == {
        "sort": {"field": "createdAt", "dir": "desc"},
        "limit": 2,
        "where": {"field": "id", "op": "in", "value": ["inv_C", "inv_A"]},
    }


def test_where_each_has_a_call_of_its_own_all_are_known_beforehand_and_a_404_is_a_missing_one() -> None:
    operation = many(PAGE)
    ahead = face(operation).ahead
    assert ahead is not None
    assert [call.path for call in ahead(asked(operation, "A", "X"))] == [b"/api/bills/inv_A", b"/api/bills/inv_X"]
    replies: tuple[Any, ...] = (ROWS["B"], (404, {}), {"data": ROWS["A"]})
    assert told(operation, "BXA", *replies)[:2] == (["B", "A"], ["bill_X"])
    with pytest.raises(ServiceFailed):
        told(operation, "BA", ROWS["B"], (500, {}))


def test_a_list_that_comes_whole_is_asked_once() -> None:
    assert told(many(WHOLE), "CXA", listed("A", "B", "C")) == (["C", "A"], ["bill_X"], ["GET /api/bills"])


def test_a_list_is_walked_once_for_all_and_claims_no_absence_that_it_has_not_seen() -> None:
    operation = many(PAGE, {"bills.get": Override(via="list")})
    assert told(operation, "CA", listed("A", "B", "C"))[:2] == (["C", "A"], [])
    assert told(operation, "CX", listed("A", "B", "C"))[:2] == (["C"], ["bill_X"])
    with pytest.raises(Unsettled):
        told(operation, "CX", listed(*"A" * 200, total=300), listed("B", total=250))


def test_an_id_that_is_sent_twice_is_read_and_counted_once() -> None:
    taken = asked(many(), "B", "A", "B")
    assert (taken.ids, taken.units) == (("inv_B", "inv_A"), 2)


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ({}, [("/ids", "required")]),
        ({"ids": []}, [("/ids", "too_short")]),
        ({"ids": ["bill_A"] * 101}, [("/ids", "too_long")]),
        ({"ids": ["bill_A", 5, "part_7", "bill_", "bill_A!"]}, [(f"/ids/{at}", "") for at in (1, 2, 3, 4)]),
        ({"ids": "bill_A"}, [("/ids", "type_invalid")]),
        ({"ids": None}, [("/ids", "type_invalid")]),
        ({"id": ["bill_A"]}, [("/ids", "required"), ("/id", "field_unknown")]),
        (["bill_A"], [("", "type_invalid")]),
        (None, [("", "type_invalid")]),
    ],
)
def test_what_is_no_list_of_ids_is_refused_at_its_place(document: Any, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as refused:
        accepted(many(), document)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [
        (pointer, code or ("type_invalid" if pointer == "/ids/1" else "id_invalid")) for pointer, code in faults
    ]


def test_one_bad_value_takes_no_other_record_with_it() -> None:
    rows = [{**ROWS["A"], "weight": "heavy"}, ROWS["B"]]
    answer, calls = driven(many(), asked(many(), "A", "B", "X"), {"data": rows})
    document = orjson.loads(answer.body)
    assert [row["weight"] for row in document["data"]] == [None, 5]
    assert document["meta"] == {"missing": ["bill_X"], "degraded": [{"id": "bill_A", "pointer": "/weight"}]}
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("search", "off", "offered"),
    [
        (None, ("get",), True),
        (None, ("search",), True),
        (None, ("get", "search"), False),
        (None, ("get_many",), False),
        (PAGE, ("get",), False),
        (PAGE, ("search",), True),
        (WHOLE, ("get",), True),
    ],
)
def test_it_is_there_where_records_can_be_read_or_found_by_id(search: Any, off: tuple[str, ...], offered: bool) -> None:
    assert many(search, {f"bills.{name}": Override(enabled=False) for name in off}).enabled is offered


def test_it_has_no_path_of_its_own_to_configure() -> None:
    with pytest.raises(ValueError, match=r"bills\.get_many has no path of its own"):
        many(overrides={"bills.get_many": Override(path="/api/v2/bills")})
