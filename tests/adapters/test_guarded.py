"""A guarded member is there for those who have its family's scope, and for nobody else: not in answers, filters, refusals or examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import orjson
import pytest

from adapters.core.compile.events import EventTypes
from adapters.core.compile.scopes import single_scopes
from adapters.core.declare.changes import Contract
from adapters.core.declare.event import Event
from adapters.core.declare.ids import HEX24, IdType
from adapters.core.declare.kinds import Amount, Currency, Line, Reference
from adapters.core.declare.record import Guarded, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Op, Resource, Upstream
from adapters.core.declare.rules import with_currency
from adapters.core.faults import Invalid
from adapters.core.operation import Operation
from adapters.core.words import Action, Related
from openapi.schemas import Schemas
from tests.adapters.declaring import DATE, accepted, compiled, data, driven, face

WORKER, SHOP = IdType("wrk_", HEX24, "worker"), IdType("shop_", HEX24, "shop")
SECRET, SERIAL = "73512.25", "5f2b8c1d9e3a7b6c4d5e6f70"
SEES, SETS = "wage.read", "wage.write"


class Wage(Record):
    """What somebody is paid."""

    amount: Amount = required("How much.", "100.00")
    currency: Currency | None = optional("In what.", "EUR")


class Worker(Record):
    """Somebody who works."""

    id: ReadOnly[Annotated[str, Reference(WORKER)]] = required("The id.", f"wrk_{SERIAL}")
    title: Line = required("What they are called.", "Ada")
    shop_id: Annotated[str, Reference(SHOP)] | None = optional("Where.", f"shop_{SERIAL}")
    wage: Annotated[Wage | None, Guarded("wage")] = optional("What they get.", {"amount": "100.00", "currency": "EUR"})
    grade: Annotated[Line | None, Guarded("wage")] = optional("How high.", "B2")


class Shop(Record):
    """A place of work."""

    id: ReadOnly[Annotated[str, Reference(SHOP)]] = required("The id.", f"shop_{SERIAL}")


def workers(**more: Any) -> Resource:
    declared = {
        "model": Worker,
        "id": WORKER,
        "path": "workers",
        "singular": "worker",
        "scope": "worker",
        "upstream": Upstream("hr", "/api/workers"),
        "rename": {"wage": "pay"},
        "rules": (with_currency("wage"),),
        "words": (Action("rest", {"title": "Resting"}, "Let rest"),),
        "events": (Event(name="worker.created", internal="w", why="One came.", facts={"title": "title"}),),
    }
    return Resource(**{**declared, **more})


SHOPS = Resource(
    model=Shop,
    id=SHOP,
    path="shops",
    singular="shop",
    scope="shop",
    upstream=Upstream("hr", "/api/shops"),
    words=(Related("workers", by="shop_id"),),
    operations=Op.GET,
)
OPERATIONS = compiled(workers(), SHOPS)
ROW = {
    "id": SERIAL,
    "title": "Ada",
    "shopId": SERIAL,
    "pay": {"amount": float(SECRET), "currency": "EUR"},
    "grade": "B2",
}
PAGE = {"data": [ROW], "total": 1}


def asked(name: str, operation: Operation) -> Any:
    shop, worker = f"shop_{SERIAL}", f"wrk_{SERIAL}"
    match name:
        case "workers.search":
            return accepted(operation, {}), [PAGE]
        case "workers.create":
            return accepted(operation, {"title": "Ada"}), [ROW]
        case "workers.update":
            return accepted(operation, {"title": "Ada"}, worker), [ROW]
        case "shops.list_workers":
            return accepted(operation, None, shop), [{"id": SERIAL}, PAGE]
    return accepted(operation, None, worker), [ROW]


@pytest.mark.parametrize(
    "name",
    ["workers.get", "workers.search", "workers.create", "workers.update", "workers.rest", "shops.list_workers"],
)
def test_every_answer_with_the_record_has_the_member_for_those_who_may_see_it_only(name: str) -> None:
    operation = OPERATIONS[name]
    assert face(operation).guards == {SEES}
    for scopes, there in ((frozenset({SEES}), True), (frozenset({SETS}), False), (frozenset[str](), False)):
        request, replies = asked(name, operation)
        told = _with(operation, scopes, request, *replies)
        rows = told if isinstance(told, list) else [told]
        assert [("wage" in row, "grade" in row) for row in rows] == [(there, there)]
        assert [row["title"] for row in rows] == ["Ada"]


def _with(operation: Operation, scopes: frozenset[str], request: Any, *replies: Any) -> Any:
    seen = face(operation).seen(scopes)
    answer, _ = driven(replace(operation, faces={DATE: seen}), request, *replies)
    if SEES not in scopes:
        assert SECRET.encode() not in answer.body
    return data(answer)


def test_a_bad_value_of_it_is_not_told_to_those_who_do_not_see_it() -> None:
    operation = OPERATIONS["workers.get"]
    bad = {**ROW, "grade": 7}
    request = accepted(operation, None, f"wrk_{SERIAL}")
    answer, _ = driven(operation, request, bad)
    assert orjson.loads(answer.body)["meta"]["degraded"] == [{"id": f"wrk_{SERIAL}", "pointer": "/grade"}]
    told = _with(operation, frozenset(), request, bad)
    assert set(told) == {"id", "title", "shop_id"}


@pytest.mark.parametrize("name", ["workers.create", "workers.update"])
def test_a_body_with_it_demands_the_scope_that_sets_it_whatever_else_is_wrong(name: str) -> None:
    demands = face(OPERATIONS[name]).demands
    assert demands is not None
    assert demands({"wage": "nonsense"}) == demands({"grade": "x", "zzz": 1}) == {SETS}
    assert demands({"title": "Ada"}) == demands(None) == demands([]) == frozenset()
    for lesser in face(OPERATIONS[name]).narrowed.values():
        assert lesser.demands is not None
        assert lesser.demands({"wage": 1}) == {SETS}


def test_null_clears_it_in_a_patch_and_is_as_good_as_not_sent_in_a_create() -> None:
    made, changed = (face(OPERATIONS[f"workers.{name}"]).demands for name in ("create", "update"))
    assert made is not None and changed is not None
    assert made({"grade": None}) == frozenset()
    assert changed({"grade": None}) == {SETS}


def test_it_may_be_set_by_somebody_who_may_not_see_it() -> None:
    operation = OPERATIONS["workers.create"]
    request = accepted(operation, {"title": "Ada", "wage": {"amount": SECRET, "currency": "EUR"}})
    assert orjson.loads(orjson.dumps(request.body, default=float))["pay"] == {
        "amount": float(SECRET),
        "currency": "EUR",
    }
    assert "wage" not in _with(operation, frozenset({SETS}), request, ROW)


@pytest.mark.parametrize("name", ["wage", "grade"])
def test_it_cannot_be_filtered_by_and_is_not_among_what_can(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        accepted(OPERATIONS["workers.search"], {"filters": [{"field": name, "operator": "is_empty"}]})
    (error,) = refused.value.errors
    assert error.code == "field_not_filterable"
    assert not {"wage", "grade"} & {*error.allowed}


def test_nothing_that_the_service_says_of_it_is_passed_on() -> None:
    operation = OPERATIONS["workers.create"]
    request = accepted(operation, {"title": "Ada", "wage": {"amount": "1.00", "currency": "EUR"}})
    for words in ([f"must be more than {SECRET}"], ["must be more than seventy"]):
        refusal = {"error": {"code": "x", "message": "", "fields": {"pay.amount": words, "title": ["is rude"]}}}
        with pytest.raises(Invalid) as refused:
            driven(operation, request, (400, refusal))
        told = {each.pointer: each.message for each in refused.value.errors}
        assert told == {"/wage/amount": "The value was refused.", "/title": "The value was refused: is rude."}


def test_an_amount_needs_its_currency_in_a_create_and_in_a_patch() -> None:
    for name, ids in (("workers.create", ()), ("workers.update", (f"wrk_{SERIAL}",))):
        with pytest.raises(Invalid) as refused:
            accepted(OPERATIONS[name], {"title": "Ada", "wage": {"amount": "1.00"}}, *ids)
        assert [(e.pointer, e.code) for e in refused.value.errors] == [("/wage/currency", "currency_required")]


def test_documents_say_who_sees_it_and_give_no_example() -> None:
    schemas = Schemas()
    shape = face(OPERATIONS["workers.get"]).gives.shape  # type: ignore[union-attr]
    assert shape is not None
    schemas.record(shape)
    told = schemas.named["Worker"]
    assert told["required"] == ["id", "title", "shop_id"]
    assert "Absent without the scope `wage.read`." in told["properties"]["wage"]["description"]
    assert not {"wage", "grade"} & {
        *shape.example(),
        *shape.example(sent=True),
        *shape.example(sent=True, partial=True),
    }


def test_its_scopes_exist_and_no_event_tells_it() -> None:
    assert {SEES, SETS} <= {*single_scopes([workers(), SHOPS])}
    assert {SEES, SETS} & {*single_scopes([workers(operations=Op.GET)])} == {SEES}
    types = EventTypes([workers()], [Contract(date=DATE, summary="The first.")])
    assert [field.name for field in types.named["worker.created"].shapes[DATE].fields] == ["id", "title", "shop_id"]


@pytest.mark.parametrize("more", [{"sorts": ("title", "grade")}, {"searched": ("grade",)}])
def test_a_declaration_that_would_tell_it_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="guarded"):
        workers(**more)
