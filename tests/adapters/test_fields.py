"""`fields`: records cut to what was asked for, whichever way they are read."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters import RESOURCES
from adapters.core.calls import Input
from adapters.core.compile.catalogue import compile_all
from adapters.core.faults import Invalid
from adapters.core.operation import Request
from gateway.versions import CONTRACTS
from tests.adapters.declaring import ROW, accepted, bills, compiled, data, driven

OPERATIONS = compiled(bills())
SEARCH, GET, SEVERAL = (OPERATIONS[f"bills.{name}"] for name in ("search", "get", "get_many"))
PAGE = {"data": [ROW], "total": 1}


def ways(fields: list[str]) -> list[tuple[Any, Input, Any]]:
    """Each way to read bills, and what its service answers."""
    return [
        (SEARCH, accepted(SEARCH, {"fields": fields}), PAGE),
        (GET, accepted(GET, None, "bill_Zz9", fields=",".join(fields)), ROW),
        (SEVERAL, accepted(SEVERAL, {"ids": ["bill_Zz9"], "fields": fields}), PAGE),
    ]


def one(answer: Any) -> Any:
    told = data(answer)
    return told[0] if isinstance(told, list) else told


def test_only_what_is_named_is_answered_in_the_order_of_the_model_and_the_id_always() -> None:
    for operation, request, reply in ways(["status", "lines"]):
        answer, calls = driven(operation, request, reply)
        assert list(one(answer)) == ["id", "lines", "status"], operation.name
        whole = Input(ids=request.ids, window=request.window)
        told, same = driven(operation, whole, reply)
        assert one(answer) == {name: one(told)[name] for name in ("id", "lines", "status")}
        assert orjson.loads(answer.body).get("meta") == orjson.loads(told.body).get("meta")
        assert calls == same


def test_an_unknown_name_is_refused_at_its_place_with_those_there_are() -> None:
    named = ["id", "state"]
    for operation, asked in (
        (SEARCH, ({"fields": named},)),
        (GET, (None, "bill_Zz9")),
        (SEVERAL, ({"ids": ["bill_Zz9"], "fields": named},)),
    ):
        with pytest.raises(Invalid) as refused:
            accepted(operation, *asked, **({"fields": "id,state"} if operation is GET else {}))
        (error,) = refused.value.errors
        assert (error.pointer, error.code) == ("/fields/1", "value_unknown")
        assert error.allowed == ("id", "currency", "lines", "status", "weight", "paid_at", "created_at")


@pytest.mark.parametrize("fields", [[], "status", ["status"] * 101, [5]])
def test_what_is_no_list_of_names_is_refused(fields: Any) -> None:
    for operation, document in ((SEARCH, {}), (SEVERAL, {"ids": ["bill_Zz9"]})):
        with pytest.raises(Invalid) as refused:
            accepted(operation, {**document, "fields": fields})
        assert refused.value.errors[0].pointer.startswith("/fields")
        assert accepted(operation, {**document, "fields": None}).fields is None
    for text in ("", ",", "status,", "status, weight"):
        with pytest.raises(Invalid):
            accepted(GET, None, "bill_Zz9", fields=text)


def test_a_value_that_is_null_for_want_of_a_valid_one_is_noted_only_where_it_is_answered() -> None:
    bad = {**ROW, "weight": "heavy"}
    for fields, noted in ((["weight"], {"degraded": [{"id": "bill_Zz9", "pointer": "/weight"}]}), (["status"], None)):
        answer, _ = driven(GET, accepted(GET, None, "bill_Zz9", fields=",".join(fields)), bad)
        assert orjson.loads(answer.body).get("meta") == noted
        # Whoever runs the gateway learns of it all the same.
        assert answer.degraded == ("bills.weight",)


def test_a_page_may_be_cut_in_another_way_than_the_one_before() -> None:
    first = accepted(SEARCH, {"fields": ["status"], "limit": 1})
    answer, _ = driven(SEARCH, first, {"data": [ROW, {**ROW, "id": "inv_Y"}], "total": 2})
    cursor = orjson.loads(answer.body)["meta"]["cursor"]["next"]
    assert accepted(SEARCH, {"fields": ["weight"], "limit": 1, "cursor": cursor}).window is not None


def test_an_older_contract_has_its_own_names() -> None:
    oldest, newest = CONTRACTS[-1].date, CONTRACTS[0].date
    renamed = 0
    for operation in compile_all(RESOURCES, CONTRACTS, {}):
        if not operation.name.endswith(".get"):
            continue
        shapes = {date: operation.faces[date] for date in (oldest, newest)}
        names = {date: {field.name for field in face.gives.shape.fields} for date, face in shapes.items()}  # type: ignore[union-attr]
        for name in names[oldest] - names[newest]:
            renamed += 1
            request = Request(("x",), {"fields": name}, None, None, None)  # type: ignore[arg-type]
            assert shapes[oldest].accept(request).fields == {"id", name}  # type: ignore[union-attr]
            with pytest.raises(Invalid):
                shapes[newest].accept(request)  # type: ignore[union-attr]
    assert renamed
