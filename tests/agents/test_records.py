"""What of a record a tool tells, and what it says of words that people outside may have written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.core.declare.kinds import Custom, Prose
from adapters.core.faults import Invalid
from adapters.core.operation import Operation
from adapters.core.shapes import Field
from gateway.config.settings import Settings
from gateway.deployment import catalogue, operations
from gateway.mcp.offered import offered
from gateway.mcp.records import FOREIGN, Records, known_fields, shape_of
from gateway.versions import CONTRACTS

NEWEST = CONTRACTS[0].date
OPERATIONS = operations(Settings(), catalogue(Settings()))
# The actions of invoices answer the invoice; what lives beneath a record is told by its list.
OFFERED = offered(OPERATIONS, NEWEST, outward=True)
EVERY = [
    *(each for named in OFFERED.plain.values() for each in named.values()),
    *(each for named in (*OFFERED.related.values(), *OFFERED.actions.values()) for each in named.values()),
]
# Long texts and loose objects that nobody outside a workspace writes. One that is not here has to be declared Foreign.
OWN = {
    *("accounts.description", "canned_responses.body", "products.description", "projects.description"),
    *("sla_policies.description", "tasks.description", "project_tasks.description", "attendance.note"),
    *("invoices.notes", "leave_requests.reason", "project_tasks.list_time_logs.note"),
    *("invoices.custom", "employees.custom", "products.custom", "projects.custom"),
}


def records(operation: Operation) -> Iterator[tuple[str, Field]]:
    """The fields of what an operation answers, dotted where they lie in another one."""
    shape = shape_of(operation, NEWEST)
    for each in shape.fields if shape else ():
        yield each.name, each
        for inner in each.nested.fields if each.nested else ():
            yield f"{each.name}.{inner.name}", inner


def example(operation: Operation) -> dict[str, Any]:
    shape = shape_of(operation, NEWEST)
    assert shape is not None
    return {"id": "x_1", **{name: _filled(value) for name, value in shape.example().items()}}


def _filled(value: Any) -> Any:
    return {name: "x" if each is None else each for name, each in value.items()} if isinstance(value, dict) else value


def test_long_texts_of_every_resource_are_declared_to_be_strangers_words_or_known_to_be_own() -> None:
    found = set()
    for path, operation in [*OFFERED.plain["get"].items(), *_lists()]:
        for name, each in records(operation):
            if isinstance(each.kind, Prose | Custom) and not each.foreign:
                found.add(f"{path}.{name}")
    assert found == OWN


def _lists() -> list[tuple[str, Operation]]:
    """Lists of what lives beneath a record; the others are of resources that stand for themselves."""
    own = [shape_of(each, NEWEST) for each in OFFERED.plain["get"].values()]
    lists = [each for named in OFFERED.related.values() for each in named.values()]
    return [(each.name, each) for each in lists if shape_of(each, NEWEST) not in own]


@pytest.mark.parametrize("operation", [each for each in EVERY if shape_of(each, NEWEST)], ids=lambda each: each.name)
def test_what_strangers_may_have_written_is_named_or_kept_back_in_what_every_operation_answers(
    operation: Operation,
) -> None:
    foreign = {name for name, each in records(operation) if each.foreign}
    marking, hiding = Records(NEWEST, hide=False), Records(NEWEST, hide=True)
    told, meta = marking.marked({"record": marking.whole(operation, example(operation))})
    assert set((meta or {}).get(FOREIGN, ())) == foreign and "hidden" not in told
    told, meta = hiding.marked({"record": hiding.whole(operation, example(operation))})
    assert set(told.get("hidden", ())) == foreign and meta is None
    for name in foreign:
        outer, _, inner = name.partition(".")
        assert outer not in told["record"] or (inner and inner not in told["record"][outer])


def test_a_field_that_is_declared_so_in_words_of_the_crm_is_declared() -> None:
    get = OFFERED.plain["get"]
    assert {name for name, each in records(get["tickets"]) if each.foreign} == {"subject", "description", "custom"}
    assert {name for name, each in records(OFFERED.related["tickets"]["comments"]) if each.foreign} == {"body"}
    assert {"name", "custom"} <= {name for name, each in records(get["contacts"]) if each.foreign}
    assert "address.city" in {name for name, each in records(get["companies"]) if each.foreign}


def test_strangers_words_in_lists_inside_a_record_are_named_by_where_they_are() -> None:
    told = Records(NEWEST, hide=False)
    record = told.whole(OFFERED.plain["get"]["deals"], {"id": "deal_1", "amount": "1.00", "name": None})
    record["notes"] = [told.listed(OFFERED.related["contacts"]["notes"], {"id": "note_1", "body": "Hi"}, at="notes")]
    assert told.marked({"record": record})[1] == {FOREIGN: ["notes.body"]}


def test_of_many_records_the_headline_is_told_and_of_one_the_whole() -> None:
    for path, search in OFFERED.plain["search"].items():
        shape = shape_of(search, NEWEST)
        assert shape is not None
        headline = [each.name for each in shape.fields if each.headline]
        assert 3 <= len(headline) <= 6, path
        whole, told = dict.fromkeys(shape.named(), "x"), Records(NEWEST, hide=False)
        assert set(told.listed(search, whole)) == {"id", *headline}
        assert set(told.listed(search, whole, [shape.fields[1].name])) == {"id", shape.fields[1].name}
        assert set(told.whole(search, whole)) == set(whole)


def test_a_headline_is_told_in_the_words_of_every_contract() -> None:
    for contract in CONTRACTS:
        for path, each in offered(OPERATIONS, contract.date, outward=True).plain["search"].items():
            shape, newest = shape_of(each, contract.date), shape_of(OFFERED.plain["search"][path], NEWEST)
            assert shape is not None and newest is not None
            assert [field.headline for field in shape.fields] == [field.headline for field in newest.fields]


def test_fields_may_be_of_any_of_the_records_that_are_asked_for_together() -> None:
    both = [OFFERED.plain["get"]["contacts"], OFFERED.plain["get"]["tickets"]]
    known_fields(both, NEWEST, ["email", "subject"])
    with pytest.raises(Invalid) as caught:
        known_fields(both, NEWEST, ["email", "salary"])
    (error,) = caught.value.errors
    assert error.pointer == "/fields/1" and {"email", "subject"} <= set(error.allowed)
