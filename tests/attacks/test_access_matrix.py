"""Every operation × role × tenant, over the wire: what the role may not is refused, and another tenant's record is nobody's."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from adapters.core.operation import Body, Operation
from gateway.auth.scopes import allowed
from gateway.config.policies import default_roles
from tests.attacks.test_isolation import BY_PATH, _nobody, _theirs
from tests.conformance.declared import OPERATIONS, path
from tests.live import OFFERED, ROLES, SCOPES, Live

OF_RECORDS = [each for each in OPERATIONS if each.params and each.params[0] is not None]


def _asked(live: Live, operation: Operation, record: str, token: str) -> httpx.Response:
    body: Any = {} if operation.body in (Body.JSON, Body.MERGE, Body.OPTIONAL) else None
    return live.call(operation.method, path(operation, BY_PATH.get(operation.first), record), body, token=token)


def _told(answer: httpx.Response, record: str) -> tuple[int, str]:
    """What is said, but for what names this one request and its record."""
    document = answer.json()
    return answer.status_code, str({**document, "trace_id": ""}).replace(record, "")


@pytest.fixture(scope="module")
def records(live: Live) -> dict[str, tuple[str, str]]:
    """By prefix: a record of tenant b, and an id that nobody has."""
    prefixes = {kind.prefix for each in OF_RECORDS if (kind := each.params[0]) is not None}
    return {prefix: (_theirs(live, prefix), _nobody(prefix)) for prefix in prefixes}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_it_may_and_nobody_reaches_another_tenant_s_records(
    live: Live, records: dict[str, tuple[str, str]], role: str
) -> None:
    may = allowed(OFFERED, role, default_roles())
    token = live.token(live.a, role, SCOPES)
    wrong = Counter[str]()
    for operation in OF_RECORDS:
        kind = operation.params[0]
        assert kind is not None
        theirs, nobodys = (
            _told(_asked(live, operation, record, token), record.removeprefix(kind.prefix))
            for record in records[kind.prefix]
        )
        expected = {404, 409, 415, 422} if set(operation.scopes) <= may else {403}
        wrong[f"{operation.name}: {theirs}, not {nobodys}"] += theirs != nobodys or theirs[0] not in expected
    assert +wrong == Counter()
