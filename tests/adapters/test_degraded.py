"""One bad value takes no answer with it: it is null where null may stand, and is named; elsewhere the answer stays refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest

from adapters.core.calls import Input
from adapters.core.declare.resource import ListQuery, Upstream
from adapters.core.faults import ServiceInvalid
from adapters.core.words import Export
from tests.adapters.declaring import LINE, ROW, accepted, bills, compiled, data, driven, face

STYLES: dict[str, Any] = {
    "key": ({}, lambda rows: {"data": rows, "total": 3}),
    "page": ({"search": ListQuery()}, lambda rows: {"data": rows, "pagination": {"total": 3}}),
    "cursor": ({"search": ListQuery(style="cursor", items="items")}, lambda rows: {"items": rows, "nextCursor": None}),
    "whole": ({"search": ListQuery(style="whole", items=None)}, lambda rows: rows),
}
OPERATIONS = compiled(bills(words=(Export(),)))
GET = OPERATIONS["bills.get"]
ASKED = accepted(GET, None, "bill_Zz9")


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        ({"weight": "heavy"}, ["/weight"]),
        ({"weight": 1.5}, ["/weight"]),
        ({"paidAt": "yesterday"}, ["/paid_at"]),
        ({"paidAt": 5, "weight": []}, ["/weight", "/paid_at"]),
        ({"items": [LINE, {**LINE, "partId": "seven"}]}, ["/lines/1/part_id"]),
        ({"items": [{**LINE, "partId": 0}]}, ["/lines/0/part_id"]),
        ({"items": [{**LINE, "amount": "much"}]}, ["/lines/0/amount"]),
    ],
)
def test_a_value_that_does_not_fit_is_null_where_null_may_stand_and_named(
    wrong: dict[str, Any], pointers: list[str]
) -> None:
    good = data(driven(GET, ASKED, ROW)[0])
    answer, calls = driven(GET, ASKED, {**ROW, **wrong})
    told = orjson.loads(answer.body)
    assert len(calls) == 1
    assert told["meta"] == {"degraded": [{"id": "bill_Zz9", "pointer": pointer} for pointer in pointers]}
    for pointer in pointers:
        value: Any = told["data"]
        for step in pointer.split("/")[1:]:
            value = value[int(step)] if step.isdigit() else value[step]
        assert value is None
    changed = {pointer.split("/")[1] for pointer in pointers}
    assert {name: value for name, value in told["data"].items() if name not in changed} == {
        name: value for name, value in good.items() if name not in changed
    }
    names = ["".join(step for step in pointer.split("/") if not step.isdigit()) for pointer in pointers]
    assert [name.replace("bills.", "").replace(".", "") for name in answer.degraded] == names


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Zz9"},
        {"id": None},
        {"status": "weird"},
        {"createdAt": None},
        {"items": None},
        {"items": [5]},
        {"items": [{**LINE, "rate": None}]},
        {"currency": 5},
    ],
)
def test_what_cannot_be_represented_is_the_service_s_fault(wrong: dict[str, Any]) -> None:
    for body in ({**ROW, **wrong}, {"data": {**ROW, **wrong}}):
        with pytest.raises(ServiceInvalid):
            driven(GET, ASKED, body)


@pytest.mark.parametrize("style", STYLES)
def test_one_bad_row_of_a_page_is_told_apart_from_the_others(style: str) -> None:
    more, envelope = STYLES[style]
    search = compiled(bills(upstream=Upstream("finance", "/api/bills", **more)))["bills.search"]
    rows = [{**ROW, "id": f"inv_{place}", "weight": "x" if place == 2 else place} for place in (3, 2, 1)]
    answer, calls = driven(search, accepted(search, {}), envelope(rows))
    told = orjson.loads(answer.body)
    assert len(calls) == 1
    assert {each["id"]: each["weight"] for each in told["data"]} == {"bill_3": 3, "bill_2": None, "bill_1": 1}
    assert told["meta"]["degraded"] == [{"id": "bill_2", "pointer": "/weight"}]
    assert told["meta"]["cursor"] == {"next": None, "has_more": False}
    assert answer.degraded == ("bills.weight",)


def test_what_is_sound_says_nothing_of_it() -> None:
    answer, _ = driven(GET, ASKED, ROW)
    assert "meta" not in orjson.loads(answer.body)
    assert answer.degraded == ()


def test_a_write_is_not_sent_again_for_a_bad_answer() -> None:
    create = OPERATIONS["bills.create"]
    request = accepted(create, {"lines": [{"title": "Cog", "unit_price": "1"}]})
    answer, calls = driven(create, request, (201, {**ROW, "weight": "x"}))
    assert (len(calls), answer.status, answer.headers) == (1, 201, ((b"location", b"/v1/bills/bill_Zz9"),))
    assert orjson.loads(answer.body)["meta"]["degraded"] == [{"id": "bill_Zz9", "pointer": "/weight"}]
    patch = OPERATIONS["bills.update"]
    changed = accepted(patch, {"currency": "JPY"}, "bill_Zz9")
    now = {**ROW, "items": [{**LINE, "rate": 2}]}
    _, calls = driven(patch, changed, now, {**now, "weight": "x"})
    assert [call.method for call in calls] == [b"GET", b"PATCH"]


def test_a_bad_cell_of_an_export_is_empty_where_it_may_be() -> None:
    translation = face(OPERATIONS["bills.export"]).translation(Input())
    header = "id,currency,items,status,weight,paidAt,createdAt\n"
    items = '"[{""title"":""Cog"",""rate"":1.5}]"'
    good = f"inv_1,EUR,{items},open,5,,2026-06-01T09:00:00.000Z\n"
    bad = f"inv_2,EUR,{items},open,heavy,soon,2026-06-01T09:00:00.000Z\n"
    out = translation.feed((header + good + bad + good).encode()) + translation.close()
    rows = list(csv.DictReader(io.StringIO(out.decode(), newline="")))
    assert [(row["id"], row["weight"], row["paid_at"]) for row in rows] == [
        ("bill_1", "5", ""),
        ("bill_2", "", ""),
        ("bill_1", "5", ""),
    ]
    assert '"1.50"' in rows[1]["lines"]
    with pytest.raises(ServiceInvalid):
        translation.feed(good.replace("open", "weird").encode())
