"""A fault answers the same whichever operation meets it: those that strike before the body is read, over the whole API."""

from __future__ import annotations

import pytest

from adapters.core.operation import Operation
from gateway.deployment import built_in
from gateway.sandboxes.injections import INJECTIONS
from tests.sandboxes.boxed import Boxed

EARLY = (
    "identity_unavailable",
    "not_supported",
    "operation_gone",
    "rate_limited",
    "role_forbids",
    "scope_missing",
    "store_unavailable",
    "token_expired",
    "token_revoked",
    "version_retired",
)
OPERATIONS = built_in().operations()


def path(operation: Operation) -> str:
    return "/".join(["/v1", operation.first, *operation.tail.replace("*", "x").split("/")]).rstrip("/")


@pytest.mark.parametrize("nth", range(3))
def test_every_operation_meets_a_fault_as_any_other_does(boxed: Boxed, nth: int) -> None:
    """Each operation meets three of them; together they meet each fault dozens of times."""
    wrong = []
    for at, operation in enumerate(OPERATIONS):
        fault = EARLY[(at * 3 + nth) % len(EARLY)]
        answer = boxed.meets(fault, operation.method, path(operation))
        if answer.json()["code"] != INJECTIONS[fault].code:
            wrong.append((operation.name, fault, answer.json()["code"]))
    assert wrong == []
