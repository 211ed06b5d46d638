"""What libraries are made of is what the document says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from gateway import deployment
from gateway.reference.documents import committed, offered
from gateway.reference.faults import with_faults
from gateway.reference.libraries import described
from sdk.model import Contract, Operation, Resource
from tests.sdk.table import cases

NEWEST, OLDEST = "2026-09-01", "2026-06-01"


@cache
def made(date: str = NEWEST) -> Contract:
    return described(committed()[date])


def resource(name: str, date: str = NEWEST) -> Resource:
    return next(each for each in made(date).resources if each.name == name)


def operation(name: str, own: str) -> Operation:
    found = resource(name).operation(own)
    assert found is not None
    return found


def test_every_operation_of_the_document_is_there_once() -> None:
    document = committed()[NEWEST]
    ids = [item["operationId"] for methods in document["paths"].values() for item in methods.values()]
    assert sorted(each.id for own in made().resources for each in own.operations) == sorted(ids)


def test_the_version_begins_with_the_contract_so_a_new_one_is_a_major_one() -> None:
    assert made().version.startswith("20260901.")
    assert made(OLDEST).version.startswith("20260601.")


def test_what_is_switched_off_is_absent() -> None:
    operations = [replace(each, enabled=each.name != "contacts.delete") for each in deployment.built_in().operations()]
    left = described(offered(committed()[NEWEST], operations))
    contacts = next(each for each in left.resources if each.name == "contacts")
    assert contacts.operation("delete") is None
    assert contacts.operation("update") is not None


@pytest.mark.parametrize(
    ("of", "name", "kind"),
    [
        ("contacts", "search", "search"),
        ("contacts", "get", "get"),
        ("contacts", "get_many", "get_many"),
        ("contacts", "create", "create"),
        ("contacts", "update", "update"),
        ("contacts", "delete", "delete"),
        ("contacts", "list_notes", "list"),
        ("contacts", "list_tags", "list"),
        ("contacts", "import", "import"),
        ("contacts", "export", "export"),
        ("contacts", "add_tags", "call"),
        ("deals", "stage", "call"),
        ("me", "get", "get"),
        ("reports", "cash_flow", "call"),
    ],
)
def test_operations_have_the_kind_that_people_know(of: str, name: str, kind: str) -> None:
    assert operation(of, name).kind == kind


def test_a_search_has_the_operators_of_each_field() -> None:
    search = operation("contacts", "search").search
    assert search is not None
    by_field = {each.field: each.operators for each in search.filters}
    assert "gte" in by_field["lead_score"]
    assert "gte" not in by_field["email"]
    assert "contains_any" in by_field["tags"]
    assert search.groups == ("all", "any", "not")
    assert search.sorts[0] == "created_at"


def test_types_are_those_of_values_and_not_of_json() -> None:
    types: dict[str, Any] = {each.name: each.type for each in made().shapes["Deal"].fields}
    assert types["created_at"].kind == "datetime"
    assert types["expected_close_date"].kind == "date"
    assert types["expected_close_date"].nullable
    assert types["status"].values == ("open", "won", "lost")
    assert types["custom"].kind == "map"
    lines = next(each.type for each in made().shapes["Invoice"].fields if each.name == "line_items")
    assert lines.item is not None
    assert lines.item.shape == "LineItem"


def test_only_lists_with_a_cursor_are_paged() -> None:
    assert operation("contacts", "list_notes").paged
    assert not operation("contacts", "list_tags").paged


def test_what_may_be_repeated_is_what_has_a_key_or_one_effect_however_often_it_is_sent() -> None:
    assert operation("contacts", "create").repeatable
    assert operation("contacts", "search").repeatable
    assert operation("contacts", "update").repeatable
    assert not operation("webhook_subscriptions", "test").repeatable


def test_an_older_contract_has_its_own_names() -> None:
    names = {each.name for each in made(OLDEST).shapes["Deal"].fields}
    assert "title" in names
    assert "name" not in names


def test_every_code_has_an_exception_of_its_own() -> None:
    names = [each.exception for each in made().errors]
    assert len(set(names)) == len(names)
    assert {"RecordNotFound", "RateLimited", "ScopeMissing", "RoleForbids", "OutcomeUnknown"} <= set(names)


def test_the_table_of_behaviours_is_large_and_each_has_something_to_hold() -> None:
    table = cases()
    assert len(table) >= 60
    assert all("result" in call or "error" in call for each in table for call in each.told["calls"])


def test_a_fault_that_a_call_asks_for_is_no_parameter_of_a_method() -> None:
    """It is a header of any call (`Test-Fault`): a client sets it once, for a test, in what every method takes."""
    assert described(with_faults(committed()[NEWEST])) == made()
