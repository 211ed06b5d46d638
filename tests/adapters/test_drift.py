"""Where a service's record is not what is declared: told by the field's path alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from adapters import RESOURCES
from adapters.core.answer.drift import ROWS, drifts
from adapters.core.answer.from_service import STRANGE
from adapters.core.compile.catalogue import whole
from adapters.core.declare.resource import Resource
from adapters.core.shapes import shape_of
from tests.adapters.test_golden import GOLDEN
from tests.conformance.declared import name

EVERY = whole(RESOURCES)
BY_PATH = {each.path: each for each in EVERY}
Change = Callable[[dict[str, Any]], object]


def golden(resource: Resource) -> dict[str, Any]:
    document = json.loads((GOLDEN / resource.path / "internal.json").read_text())
    record: dict[str, Any] = document.get("data", document)
    return record


def found(path: str, record: Any, *, many: bool = False) -> set[tuple[str, str]]:
    resource = BY_PATH[path]
    shape = shape_of(resource.model, resource.rename)
    return {(each.field, each.kind) for each in drifts(shape, json.dumps(record).encode(), many=many)}


@pytest.mark.parametrize("resource", EVERY, ids=name)
def test_a_record_as_its_service_holds_it_has_not_drifted(resource: Resource) -> None:
    shape = shape_of(resource.model, resource.rename)
    for document in (golden(resource), {"data": golden(resource)}):
        assert drifts(shape, json.dumps(document).encode(), many=False) == set()


@pytest.mark.parametrize(
    ("path", "change", "drift"),
    [
        ("contacts", lambda record: record.pop("id"), ("id", "missing")),
        ("contacts", lambda record: record.update(createdAt=None), ("createdAt", "null")),
        ("contacts", lambda record: record.update(createdAt="yesterday"), ("createdAt", "misfit")),
        ("contacts", lambda record: record.update(companyId="no id of ours!"), ("companyId", "misfit")),
        ("invoices", lambda record: record["items"][0].update(qty=["many"]), ("items.qty", "misfit")),
        ("invoices", lambda record: record.update(items={"first": 1}), ("items", "misfit")),
    ],
)
def test_one_change_of_a_service_is_one_drift(path: str, change: Change, drift: tuple[str, str]) -> None:
    record = golden(BY_PATH[path])
    change(record)
    assert found(path, record) == {drift}
    assert found(path, {"data": record}) == {drift}
    assert found(path, {"data": [record], "nextCursor": None}, many=True) == {drift}
    assert found(path, {"rows": [golden(BY_PATH[path]), record]}, many=True) == {drift}
    assert found(path, [record]) == {drift}, "a record may be found through a list"


def test_of_a_long_list_the_first_are_looked_at() -> None:
    plain, other = golden(BY_PATH["contacts"]), golden(BY_PATH["contacts"]) | {"createdAt": 1}
    assert found("contacts", [plain] * ROWS + [other], many=True) == set()
    assert found("contacts", [], many=True) == set()


@pytest.mark.parametrize("body", [b"", b"no JSON", b"7", b'"text"', b"[1]", b'{"data": [[]]}', b"\xff", b"[" * 9000])
def test_what_is_no_answer_is_left_to_whoever_reads_it_for_the_client(body: bytes) -> None:
    resource = BY_PATH["contacts"]
    for many in (True, False):
        with suppress(*STRANGE):
            assert drifts(shape_of(resource.model, resource.rename), body, many=many) == set()
