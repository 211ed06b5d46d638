"""What a refusal says of a value: a sentence of ours, with the bound that was passed and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.core.faults import Invalid
from adapters.core.operation import Face, Operation
from adapters.core.payloads import Fields
from adapters.core.shapes import Shape
from gateway.sandboxes import offered
from gateway.webhooks import declared as webhooks
from tests.attacks.driving import NEWEST, asked, face
from tests.conformance.declared import OPERATIONS

# How pydantic begins, and names kinds that JSON has not.
FOREIGN = re.compile(r"\b(Input|String|List|Dictionary|Value error|should|valid)\b")
OF_EVERY_TYPE: tuple[Any, ...] = (
    None,
    True,
    7,
    -(10**18),
    10**18,
    1.5,
    "",
    "7",
    "x" * 200_001,
    [],
    ["x"] * 501,
    {},
    {"x": 1},
)
# What is said of a form that nobody has put into words.
FORMLESS = "Not of the form this field has."
EVERY = (*OPERATIONS, *offered.operations([NEWEST]), *webhooks.operations([NEWEST]))
WITH_FIELDS = [each for each in EVERY if (of := each.faces[NEWEST]) is not None and isinstance(of.sends, Fields)]
POSTING = {"account_id": "acct_0a1b2c3d", "type": "debit", "amount": "1.00"}


def faults(of: Face, document: Any) -> list[tuple[str, str]]:
    """Where something is wrong, and what is said of it; nothing when the document is taken."""
    try:
        of.accept(asked(document))
    except Invalid as invalid:
        return [(each.pointer, each.message) for each in invalid.errors]
    return []


def tried(of: Shape) -> Iterator[dict[str, Any]]:
    """One field at a time, with what is at its edges or of no type that it has."""
    for field in of.fields:
        if not field.read_only:
            for value in (*OF_EVERY_TYPE, *(field.kind.edges() if field.kind is not None else ())):
                yield {field.name: [value] if field.many and value else value}


@pytest.mark.parametrize("operation", WITH_FIELDS, ids=lambda each: each.name)
def test_no_sentence_is_the_validators_own(operation: Operation) -> None:
    of = operation.faces[NEWEST]
    assert of is not None and isinstance(of.sends, Fields)
    told = {message for document in tried(of.sends.shape) for _, message in faults(of, document)}
    assert told and FORMLESS not in told
    assert [message for message in told if FOREIGN.search(message) or not re.fullmatch(r"[A-Z].*\.", message)] == []


@pytest.mark.parametrize(
    ("operation", "document", "told"),
    [
        ("contacts.create", {"first_name": "x" * 256}, ("/first_name", "This must have at most 255 characters.")),
        ("contacts.create", {"first_name": ""}, ("/first_name", "This must not be empty.")),
        ("contacts.create", {"first_name": None}, ("/first_name", "This must be text, and cannot be null.")),
        ("companies.create", {"name": "x", "phone": "1"}, ("/phone", "This must have at least 3 characters.")),
        ("companies.create", {"name": "x", "employee_count": -1}, ("/employee_count", "This must not be less than 0.")),
        (
            "companies.create",
            {"name": "x", "employee_count": "12"},
            ("/employee_count", "This must be a whole number, without quotation marks."),
        ),
        (
            "deals.create",
            {"name": "x", "amount": 12.5},
            ("/amount", "This must be text, so a number stands in quotation marks."),
        ),
        ("contacts.create", {"first_name": "x", "tags": ["a"] * 51}, ("/tags", "This list has more than 50 entries.")),
        ("invoices.update", {"line_items": []}, ("/line_items", "This must not be empty.")),
        ("journal_entries.create", {"lines": [POSTING]}, ("/lines", "This list has fewer than 2 entries.")),
        ("contacts.search", {"limit": 0}, ("/limit", "This must not be less than 1.")),
        ("contacts.search", {"limit": 101}, ("/limit", "This must not be more than 100.")),
        ("contacts.get_many", {"ids": []}, ("/ids", "This must not be empty.")),
    ],
)
def test_the_bound_that_was_passed_is_told(operation: str, document: Any, told: tuple[str, str]) -> None:
    assert told in faults(face(operation), document)
