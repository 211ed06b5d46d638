"""Who somebody is: every user that a record points at can be looked up."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adapters import RESOURCES
from adapters.core.declare.resource import Op
from tests.conformance.declared import least
from tests.live import Live

USER = re.compile(r"usr_[0-9a-z]+")


def test_every_user_that_a_record_points_at_can_be_looked_up(live: Live) -> None:
    met: set[str] = set()
    for resource in RESOURCES:
        if Op.SEARCH in resource.operations:
            met |= set(USER.findall(live.call("POST", f"/v1/{resource.path}/search", least(resource, limit=100)).text))
    assert len(met) > 1
    for each in met:
        found = live.call("GET", f"/v1/users/{each}")
        assert (found.status_code, found.json()["data"]["id"]) == (200, each)


def _found(live: Live, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = live.call("POST", "/v1/users/search", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("role", ["owner", "manager", "member", "viewer"])
def test_a_user_is_found_by_name_address_role_and_whether_they_can_sign_in(live: Live, role: str) -> None:
    someone = next(each for each in _found(live, {}) if each["email"] == live.a.users[role]["email"])
    assert someone["id"] == "usr_" + live.a.users[role]["user_id"]
    for query in (
        {"search_text": someone["name"]},
        *(
            {"filters": [{"field": field, "operator": "eq", "value": someone[field]}]}
            for field in ("email", "role", "active")
        ),
    ):
        assert someone in _found(live, query), query
    order = [each["name"] for each in _found(live, {"order_by": "name", "sort_direction": "asc"})]
    assert order == sorted(order)


def test_a_user_has_nothing_that_is_not_declared(live: Live) -> None:
    told = live.call("POST", "/v1/users/search", {})
    assert "password" not in told.text
    assert {tuple(each) for each in told.json()["data"]} == {
        ("id", "name", "email", "role", "active", "created_at", "updated_at")
    }
