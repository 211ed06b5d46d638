"""The internal calls of an import and an export, and what becomes of their replies."""

from __future__ import annotations

import pytest

from adapters import RESOURCES
from adapters.core.calls import Answer, Call, Input, Reply
from adapters.core.compile.catalogue import compile_all
from adapters.core.faults import FieldError, Invalid, ServiceFailed, ServiceThrottled
from adapters.core.operation import Face, Operation
from gateway.versions import CONTRACTS

BY_NAME = {operation.name: operation for operation in compile_all(RESOURCES, CONTRACTS, {})}
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


def test_an_import_is_one_write_that_answers_how_many() -> None:
    call, answer = ended(IMPORT, 200, b'{"data": {"imported": 3, "secret": 1}}')
    assert (call.method, call.path, call.writes, call.creates) == (b"POST", b"/api/crm/contacts/import", True, True)
    assert (answer.status, answer.body) == (200, b'{"data":{"imported":3}}')


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
