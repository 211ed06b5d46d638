"""The internal calls of an import and an export, and what becomes of their replies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.core.calls import Answer, Call, Input, Reply
from adapters.core.faults import BadParameter, FieldError, Invalid, ServiceFailed, ServiceThrottled
from adapters.core.operation import Face, Operation
from gateway.versions import CONTRACTS
from tests.attacks.driving import asked
from tests.conformance.declared import BY_NAME

IMPORT, EXPORT = BY_NAME["contacts.import"], BY_NAME["contacts.export"]


def face(operation: Operation) -> Face:
    found = operation.faces[CONTRACTS[0].date]
    assert found is not None
    return found


def ended(operation: Operation, status: int, body: bytes = b"") -> tuple[Call, Answer]:
    plan = face(operation).plan(Input())
    call = next(plan)
    with pytest.raises(StopIteration) as end:
        plan.send(Reply(status, body, 7.0))
    answer: Answer = end.value.value
    return call, answer


def told(rows: int, imported: int, *, dry_run: bool = False, ids: list[str] | None = None) -> dict[str, Any]:
    return {"data": {"rows": rows, "imported": imported, "dry_run": dry_run, "ids": ids}}


def test_an_import_is_one_write_that_answers_how_many() -> None:
    call, answer = ended(IMPORT, 200, b'{"data": {"imported": 3, "secret": 1}}')
    assert (call.method, call.path, call.writes, call.creates) == (b"POST", b"/api/crm/contacts/import", True, True)
    assert (answer.status, json.loads(answer.body)) == (200, told(0, 3))


HEX = "5f2b8c1d9e3a7b6c4d5e6f70"


@pytest.mark.parametrize(
    ("made", "ids"),
    [
        ({"imported": 2, "ids": [HEX, HEX[::-1]]}, [f"con_{HEX}", f"con_{HEX[::-1]}"]),
        ({"imported": 0, "ids": []}, []),
        ({"imported": 2, "ids": [HEX]}, None),
        ({"imported": 1, "ids": ["../x"]}, None),
        ({"imported": 1, "ids": None}, None),
        ({"imported": 1001, "ids": [HEX] * 1001}, None),
    ],
)
def test_an_import_tells_the_ids_where_the_service_tells_them_and_they_can_be(
    made: dict[str, Any], ids: list[str] | None
) -> None:
    _, answer = ended(IMPORT, 200, json.dumps({"data": made}).encode())
    assert json.loads(answer.body) == told(0, made["imported"], ids=ids)


def test_a_dry_run_calls_nobody() -> None:
    with pytest.raises(StopIteration) as end:
        next(face(IMPORT).plan(Input(dry_run=True, rows=7)))
    assert json.loads(end.value.value.body) == told(7, 0, dry_run=True)


@pytest.mark.parametrize(
    ("query", "dry_run", "ignore"),
    [
        ({}, False, False),
        ({"dry_run": "true"}, True, False),
        ({"ignore_read_only": "true", "dry_run": "false"}, False, True),
    ],
)
def test_what_the_query_of_an_import_switches_on(query: dict[str, str], dry_run: bool, ignore: bool) -> None:
    found = face(IMPORT).accept(asked(None, (), **query))
    assert (found.dry_run, found.ignore_read_only) == (dry_run, ignore)


@pytest.mark.parametrize("value", ["", "1", "yes", "TRUE"])
def test_a_flag_that_is_neither_true_nor_false_is_refused(value: str) -> None:
    with pytest.raises(BadParameter):
        face(IMPORT).accept(asked(None, (), dry_run=value))


def test_rows_that_the_service_refuses_are_told_in_public_names() -> None:
    rows = b"""[{"row": 2, "field": "assigneeId", "message": "does not exist"},
        {"row": 3, "field": null, "message": "insert into contacts (tenantId) failed"}]"""
    plan = face(IMPORT).plan(Input())
    next(plan)
    with pytest.raises(Invalid) as invalid:
        plan.send(Reply(400, b'{"error": {"code": "import_failed", "message": "x", "rows": %b}}' % rows))
    assert invalid.value.errors == [
        FieldError("/owner_id", "refused", "The value was refused: does not exist.", (), 2, "owner_id"),
        FieldError("", "refused", "The value was refused.", (), 3, None),
    ]


@pytest.mark.parametrize(
    ("status", "fault"), [(413, Invalid), (429, ServiceThrottled), (500, ServiceFailed), (404, ServiceFailed)]
)
def test_a_service_that_will_not_import_is_a_fault(status: int, fault: type[Exception]) -> None:
    plan = face(IMPORT).plan(Input())
    next(plan)
    with pytest.raises(fault):
        plan.send(Reply(status, b"no"))


def test_an_export_is_one_read_that_becomes_a_file() -> None:
    call, answer = ended(EXPORT, 200)
    assert (call.method, call.path, call.writes) == (b"GET", b"/api/crm/contacts/export", False)
    assert answer.headers == ((b"content-disposition", b'attachment; filename="contacts.csv"'),)
    assert answer.content_type == b"text/csv; charset=utf-8"
