"""Which roles get to which operations by default, without a network: nobody below an admin to pay and books, and so on."""

from __future__ import annotations

import pytest

from adapters.core.operation import Operation
from gateway.auth.scopes import allowed, family_of
from gateway.config.policies import default_roles
from tests.conformance.declared import OPERATIONS, name
from tests.live import OFFERED

BELOW = ("manager", "member", "viewer")
ROLES = {role: allowed(OFFERED, role, default_roles()) for role in BELOW}
GUARDED = [each for each in OPERATIONS if {family_of(scope) for scope in each.scopes} & OFFERED.restricted]


@pytest.mark.parametrize("operation", GUARDED, ids=name)
def test_what_is_restricted_is_done_by_those_only_whom_the_contract_names(operation: Operation) -> None:
    families = {family_of(scope) for scope in operation.scopes}
    able = {role for role in BELOW if set(operation.scopes) <= ROLES[role]}
    if families & {"payroll", "compensation", "journal_entry", "financial_report"}:
        assert able == set()
    elif operation.name in ("leave_requests.create", "leave_requests.cancel"):
        assert able == {"manager", "member"}
    else:
        assert able == {"manager"}
