"""A test token at /mcp: sandboxes for agents, with the same faults."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandboxes.boxed import Boxed, minted

SEARCH = {"name": "search", "arguments": {"resource": "contacts"}}


@pytest.fixture(scope="module")
def agent(boxed: Boxed) -> str:
    return minted(boxed.live, boxed.tenant, "owner", audience="mcp")[0]


def asked(boxed: Boxed, token: str, fault: str = "", method: str = "tools/call", params: Any = None) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": SEARCH if params is None else params}
    headers = {"Authorization": f"Bearer {token}"} | ({"Test-Fault": fault} if fault else {})
    answer = boxed.live.client.post("/mcp", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def test_an_agent_with_a_test_token_works_in_the_sandbox(boxed: Boxed, agent: str) -> None:
    found = asked(boxed, agent)
    assert not found.get("isError"), found
    assert asked(boxed, agent, method="tools/list", params={})["tools"]
    newest = boxed.call("GET", "/v1/test/requests").json()["data"]
    assert "contacts.search" in {each["operation"] for each in newest}


@pytest.mark.parametrize(
    "fault", ["upstream_failed", "rate_limited; retry_after=3", "role_forbids", "store_unavailable"]
)
def test_a_tool_meets_the_fault_that_is_asked_for(boxed: Boxed, agent: str, fault: str) -> None:
    refused = asked(boxed, agent, fault)
    assert refused["isError"] and fault.partition(";")[0] in str(refused)
    assert not asked(boxed, agent).get("isError")


def test_what_an_agent_cannot_meet_is_refused_not_broken(boxed: Boxed, agent: str) -> None:
    for fault in ("cut", "nonsense"):
        refused = asked(boxed, agent, fault)
        assert refused["isError"] and "parameter_invalid" in str(refused)


def test_a_live_agent_with_a_fault_is_refused(boxed: Boxed) -> None:
    live = minted(boxed.live, boxed.live.a, "owner", audience="mcp", mode="live")[0]
    refused = asked(boxed, live, "slow=1ms")
    assert refused["isError"] and "parameter_unknown" in str(refused)
