"""Records beneath a record: their calls, what becomes of the replies, and which declarations cannot be."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from adapters.core.compile.builder import Override
from adapters.core.compile.catalogue import prefixes, refuse_doubles
from adapters.core.compile.scopes import single_scopes
from adapters.core.declare.ids import DIGITS, IdType
from adapters.core.declare.kinds import Line, Moment, Reference, Whole
from adapters.core.declare.resource import (
    ListQuery,
    Op,
    ReadOnly,
    Record,
    Resource,
    Rule,
    States,
    Upstream,
    optional,
    required,
)
from adapters.core.faults import Conflict, Invalid, RecordNotFound, ServiceFailed
from adapters.core.operation import Operation, Request
from adapters.core.words import Child
from tests.adapters.declaring import accepted, bills, compiled, data, driven, face, written

SCAN = IdType("scan_", DIGITS, "scan", number=True)


class Scan(Record):
    """A picture of a bill."""

    id: ReadOnly[Annotated[str, Reference(SCAN)]] = required("Its id.", "scan_7")
    title: Line = required("What it shows.", "Front")
    first_page: Whole = optional("Where it begins.", 1, 1)
    last_page: Whole | None = optional("Where it ends.", 2)
    created_at: ReadOnly[Moment] = required("When it was made.", "2026-06-01T09:00:00Z")


EVERY = Op.SEARCH | Op.CREATE | Op.DELETE
ROW = {"id": 7, "title": "Front", "from": 1, "lastPage": None, "createdAt": "2026-06-01T09:00:00.000Z"}
SHOWN = {"id": "scan_7", "title": "Front", "first_page": 1, "last_page": None, "created_at": "2026-06-01T09:00:00Z"}
IN_ORDER = Rule(
    "out_of_order", "last_page", ("first_page", "last_page"), lambda a, b: b is None or (a or 1) <= b, "No."
)


def scans(**more: Any) -> Resource:
    return Resource(
        **{
            "model": Scan,
            "id": SCAN,
            "path": "scans",
            "singular": "paper scan",
            "scope": "scan",
            "upstream": Upstream("finance", "/api/bills/{id}/pictures", ListQuery(style="offset")),
            "rename": {"first_page": "from"},
            "operations": EVERY,
            "rules": (IN_ORDER,),
            **more,
        }
    )


def with_scans(**more: Any) -> dict[str, Any]:
    return compiled(bills(words=(Child(scans(**more)),), states=States({"open": (), "paid": ()})))


def page(*rows: Any, total: int) -> dict[str, Any]:
    return {"data": list(rows), "pagination": {"total": total}}


def test_they_are_listed_beneath_their_record_newest_first_in_one_call() -> None:
    operation = with_scans()["bills.list_scans"]
    assert (operation.method, operation.route) == ("GET", "/v1/bills/{id}/scans")
    answer, calls = driven(operation, accepted(operation, None, "bill_Zz9", limit="2"), page(ROW, total=1))
    (call,) = calls
    assert call.path == b"/api/bills/inv_Zz9/pictures?sort=createdAt&order=desc&offset=0&limit=2"
    assert data(answer) == [SHOWN]


def test_a_list_goes_on_where_it_ended_and_only_beneath_the_same_record() -> None:
    operation = with_scans()["bills.list_scans"]
    rows = [{**ROW, "id": number} for number in (9, 8)]
    answer, _ = driven(operation, accepted(operation, None, "bill_Zz9", limit="2"), page(*rows, total=3))
    assert b'"has_more":true' in answer.body
    assert _bound_to(operation, "inv_Zz9") == _bound_to(operation, "inv_Zz9") != _bound_to(operation, "inv_Zz8")


def _bound_to(operation: Operation, record: str) -> bytes:
    """What a cursor of this record's list is sealed with."""
    bound: list[bytes] = []

    def seal_for(fingerprint: bytes) -> Any:
        bound.append(fingerprint)
        return lambda _: "sealed"

    window = face(operation).accept(Request((record,), {}, None, lambda *_: [], seal_for)).window
    assert window is not None
    assert window.seal is not None
    window.seal([1])
    return bound[0]


def test_a_list_beneath_a_record_that_is_not_there_is_not_found_and_never_empty() -> None:
    operation = with_scans()["bills.list_scans"]
    with pytest.raises(RecordNotFound):
        driven(operation, accepted(operation, None, "bill_Zz9"), (404, {}))
    with pytest.raises(ServiceFailed):
        driven(operation, accepted(operation, None, "bill_Zz9"), (500, {}))


def test_one_is_added_with_its_own_names_and_answered_without_an_address() -> None:
    operation = with_scans()["bills.create_paper_scan"]
    assert (operation.route, operation.success, operation.located) == ("/v1/bills/{id}/scans", 201, False)
    request = accepted(operation, {"title": "Front"}, "bill_Zz9")
    answer, (call,) = driven(operation, request, (201, {"data": ROW}))
    assert (call.path, call.writes, call.creates) == (b"/api/bills/inv_Zz9/pictures", True, True)
    assert written(call) == b'{"title":"Front"}'
    assert (answer.status, answer.headers, data(answer)) == (201, (), SHOWN)


def test_its_own_rules_hold_and_those_of_the_record_do_not() -> None:
    operation = with_scans()["bills.create_paper_scan"]
    with pytest.raises(Invalid) as refused:
        accepted(operation, {"title": "Front", "first_page": 3, "last_page": 2}, "bill_Zz9")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/last_page", "out_of_order")]
    body = {"error": {"code": "rule_violated", "fields": {"lastPage": ["no"]}}}
    with pytest.raises(Invalid) as refused:
        driven(operation, accepted(operation, {"title": "Front"}, "bill_Zz9"), (400, body))
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/last_page", "out_of_order")]


def test_a_refusal_for_the_state_of_the_record_tells_that_state() -> None:
    operation = with_scans()["bills.create_paper_scan"]
    asked, body = (
        accepted(operation, {"title": "Front"}, "bill_Zz9"),
        {"error": {"code": "invalid_state", "state": "paid"}},
    )
    with pytest.raises(Conflict) as conflict:
        driven(operation, asked, (400, body))
    assert (conflict.value.code, conflict.value.current) == ("state_conflict", "paid")
    with pytest.raises(RecordNotFound):
        driven(operation, asked, (404, {}))


def test_one_is_deleted_by_both_ids() -> None:
    operation = with_scans()["bills.delete_paper_scan"]
    assert operation.route == "/v1/bills/{id}/scans/{paper_scan_id}"
    answer, (call,) = driven(operation, accepted(operation, None, "bill_Zz9", "scan_7"), (204, b""))
    assert (call.method, call.path, answer.status) == (b"DELETE", b"/api/bills/inv_Zz9/pictures/7", 204)


def test_only_what_is_declared_is_offered_and_scopes_follow() -> None:
    added = bills(words=(Child(scans(operations=Op.CREATE)),))
    assert not {"bills.list_scans", "bills.delete_paper_scan"} & compiled(added).keys()
    assert [each for each in single_scopes([added]) if each.startswith("scan")] == ["scan.write"]
    offered = with_scans()
    assert offered["bills.list_scans"].scopes == ("bill.read", "scan.read")
    assert offered["bills.create_paper_scan"].scopes == ("scan.write",)
    assert offered["bills.delete_paper_scan"].scopes == ("scan.delete",)


def test_a_deployment_may_have_them_elsewhere_or_not_at_all() -> None:
    overrides = {
        "bills.list_scans": Override(path="/images/{id}"),
        "bills.create_paper_scan": Override(enabled=False),
    }
    offered = compiled(bills(words=(Child(scans()),)), overrides=overrides)
    listing = offered["bills.list_scans"]
    _, (call,) = driven(listing, accepted(listing, None, "bill_Zz9"), page(total=0))
    assert call.path.startswith(b"/images/inv_Zz9?")
    assert not offered["bills.create_paper_scan"].enabled


@pytest.mark.parametrize(
    "more",
    [
        {"operations": Op.ALL},
        {"upstream": Upstream("finance", "/api/pictures/{id}", ListQuery())},
        {"upstream": Upstream("finance", "/api/bills/{id}/pictures", ListQuery(style="whole"))},
        {"upstream": Upstream("finance", "/api/bills/{id}/pictures")},
    ],
)
def test_what_cannot_live_beneath_a_record_is_refused_at_import(more: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="bills/scans"):
        bills(words=(Child(scans(**more)),))


def test_their_ids_are_known_and_no_two_begin_alike() -> None:
    assert "scan_" in prefixes([bills(words=(Child(scans()),))])
    with pytest.raises(TypeError, match="two resources have the same"):
        refuse_doubles([bills(words=(Child(scans()),)), scans(path="others", singular="other")])
