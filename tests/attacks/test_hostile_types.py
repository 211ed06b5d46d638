"""Every field of every record, answered with something else than was declared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.core.calls import Input
from adapters.core.declare.resource import Op, Resource
from adapters.core.faults import ServiceFailed, ServiceInvalid
from gateway import problems
from tests.attacks.driving import READABLE, answered, asked, face, record
from tests.conformance.declared import least, name, sample, shape
from tests.live import NEWEST, Live

DEEP = b'{"data":{"strange":' + b"[" * 50_000 + b"]" * 50_000 + b"}}"
WRONG: dict[type, tuple[Any, ...]] = {
    str: (7, True, ["canary"], {"canary": 1}),
    int: ("canary", 1.5, True, [], {}),
    float: ("canary", True, [], {}),
    bool: ("canary", 1, [], {}),
    list: ("canary", 7, {"canary": 1}, [{"canary": 1}], [[["canary"]]]),
    dict: ("canary", 7, ["canary"], True),
}


def _spoilt(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    good = record(resource)
    # Decimals are read alike from numbers and from texts.
    numbers = {each.held for each in shape(resource, NEWEST).fields if each.kind and each.kind.held is Decimal}
    for field, value in good.items():
        for wrong in WRONG[float if field in numbers and value is not None else type(value)]:
            # An object of free names holds whatever the workspace put there.
            yield f"{field}={wrong!r}", {**good, field: wrong}
    for field in ("id", "createdAt"):
        yield f"{field} null", {**good, field: None}
        yield f"{field} missing", {key: value for key, value in good.items() if key != field}
    yield "createdAt words", {**good, "createdAt": "canary"}


def _page(row: dict[str, Any]) -> dict[str, Any]:
    """What every kind of list can be read from."""
    return {"data": [row], "items": [row], "total": 1, "pagination": {"total": 1}}


@pytest.mark.parametrize("resource", READABLE, ids=name)
def test_a_field_of_another_type_is_null_and_named_or_makes_the_answer_invalid(resource: Resource) -> None:
    nullable = {each.held for each in shape(resource, NEWEST).fields if each.nullable}
    get, search = f"{resource.path}.get", f"{resource.path}.search"
    one = Input(ids=("0" * 24,))
    many = face(search).accept(asked(least(resource)))
    for operation, request, body in ((get, one, {"data": record(resource)}), (search, many, _page(record(resource)))):
        good = answered(operation, request, body)
        assert (good.status, good.degraded) == (200, ())
    for what, spoilt in _spoilt(resource):
        for operation, request, body in ((get, one, {"data": spoilt}), (search, many, _page(spoilt))):
            if what.partition("=")[0] in nullable:
                answer = answered(operation, request, body)
                assert b"canary" not in answer.body, what
                assert len(json.loads(answer.body)["meta"]["degraded"]) == len(answer.degraded) == 1, what
                continue
            with pytest.raises(ServiceInvalid) as invalid:
                answered(operation, request, body)
            assert "canary" not in str(invalid.value), what


@pytest.mark.parametrize("resource", READABLE, ids=name)
def test_undeclared_fields_stay_inside(resource: Resource) -> None:
    extra = {"tenantId": "canary", "internalNotes": "canary", "__proto__": "canary", "searchVector": ["canary"]}
    answer = answered(
        f"{resource.path}.get", Input(ids=("0" * 24,)), {"data": {**record(resource), **extra}, "debug": "canary"}
    )
    assert b"canary" not in answer.body
    assert list(json.loads(answer.body)["data"]) == [field.name for field in shape(resource, NEWEST).fields]


def _changing(resource: Resource) -> dict[str, Any]:
    fields = shape(resource, NEWEST).fields
    changed = next(field for field in fields if field.required and field.sendable(partial=True))
    return {changed.name: changed.example}


@pytest.mark.parametrize(
    "body", [b"", b"garbage", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"data":[]}', b'{"data":7}', DEEP]
)
@pytest.mark.parametrize("resource", [r for r in READABLE if Op.UPDATE in r.operations], ids=name)
def test_a_record_that_is_none_never_crashes_an_operation(resource: Resource, body: bytes) -> None:
    path = resource.path
    text = sample(resource, NEWEST)
    for operation, request in (
        (f"{path}.get", Input(ids=("0" * 24,))),
        (f"{path}.create", face(f"{path}.create").accept(asked(text))),
        (f"{path}.update", face(f"{path}.update").accept(asked(_changing(resource)))),
        (f"{path}.update", Input(ids=("0" * 24,))),
    ):
        with pytest.raises(ServiceInvalid):
            answered(operation, request, body)
    with pytest.raises(ServiceFailed):
        answered(f"{path}.create", face(f"{path}.create").accept(asked(text)), body, 500)


NO_TEXT = [
    b'{"data":[{"id":"\xff"}]}',
    b'{"error":{"fields":{"email":["\xff"]}}}',
    b'{"data":' + DEEP,
    b'{"error":' + DEEP,
]


@pytest.mark.parametrize("body", NO_TEXT)
def test_a_list_that_is_no_text_or_has_no_end_of_depth_never_crashes_a_search(body: bytes) -> None:
    for operation in ("contacts.search", "contacts.import", "contacts.add_tags"):
        with pytest.raises(ServiceInvalid):
            answered(operation, face(operation).accept(asked({"tags": ["vip"]} if "tags" in operation else {})), body)


@pytest.mark.parametrize("body", NO_TEXT)
def test_a_refusal_that_is_no_text_or_has_no_end_of_depth_is_a_failure(body: bytes) -> None:
    with pytest.raises(ServiceFailed):
        answered("contacts.create", face("contacts.create").accept(asked({"first_name": "Ada"})), body, 400)


def test_a_cell_with_no_end_of_depth_ends_an_export() -> None:
    translate = face("contacts.export").translate
    assert translate is not None
    with pytest.raises(ServiceInvalid):
        translate(Input()).feed(
            b"id,firstName,customFields,createdAt,updatedAt\n5f2b8c1d9e3a7b6c4d5e6f70,Ada,"
            + DEEP
            + b",2026-06-01T09:00:00Z,2026-06-01T09:00:00Z\n"
        )


@pytest.mark.parametrize(
    ("sent", "now"),
    [
        ({"amount": "1.50"}, {"currency": 7}),
        ({"amount": "1.50"}, {"currency": "XXQ"}),
        ({"amount": "1.50"}, {"currency": []}),
        ({"amount": "1.50"}, {"currency": {}}),
        ({"currency": "JPY"}, {"value": "canary"}),
        ({"currency": "JPY"}, {"value": []}),
        ({"currency": "JPY"}, {"value": True}),
    ],
)
def test_a_patch_that_needs_the_record_survives_a_strange_one(sent: dict[str, Any], now: dict[str, Any]) -> None:
    row = {"currency": "USD", "value": 1.5, **now}
    with pytest.raises(ServiceInvalid):
        answered("deals.update", face("deals.update").accept(asked(sent)), {"data": row})


@pytest.mark.parametrize("amount", ["1e999999999", "-1e-999999999", "0e999999999", "1e99999999999999999999"])
@pytest.mark.parametrize("currency", ["USD", "usd", "canary"])
def test_an_amount_of_a_gigabyte_of_digits_is_not_written_out(amount: str, currency: str) -> None:
    row = json.dumps({**record(next(r for r in READABLE if r.path == "deals")), "value": "@", "currency": currency})
    body = b'{"data":' + row.replace('"@"', amount).encode() + b"}"
    try:
        assert len(answered("deals.get", Input(ids=("0" * 24,)), body).body) < 2000
    except ServiceInvalid as invalid:
        problem = problems.of(invalid)
        assert problem is not None and problem.status == 502


@pytest.mark.parametrize("resource", READABLE, ids=name)
def test_over_http_a_wrong_type_is_a_bad_gateway(live: Live, resource: Resource) -> None:
    spoilt = {**record(resource), "createdAt": ["canary"]}
    with live.fault(path=resource.upstream.path.partition("{")[0], status=200, body={"data": spoilt}):
        answer = live.call("GET", f"/v1/{resource.path}/{resource.id.sample()}")
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_invalid")
    assert "canary" not in answer.text
