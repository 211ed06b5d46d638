"""A token is for one of the two doors, which its user was told, and refreshing does not change that."""

from __future__ import annotations

from tests.live import Live
from tests.oauth.acting import Asking, Browser, refresh, returned, works

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def opens(pair: Live, token: str) -> bool:
    """Whether it opens the door for agents."""
    return pair.client.post("/mcp", json=LIST, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_an_agent_is_let_in_by_somebody_who_was_told_that_it_is_one(
    pair: Live, someone: Browser, asking: Asking
) -> None:
    door = f"{pair.url}/mcp"
    someone.tokens(asking)  # what was allowed for the API is not allowed for an agent
    page = someone.asked(asking, resource=door)
    assert page.status_code == 200 and "<strong>agent</strong>" in page.text
    code = returned(someone.decide(page))["code"]
    tokens = asking.redeem(code, resource=door).json()
    assert opens(pair, tokens["access_token"]) and not works(pair, tokens["access_token"])
    renewed = refresh(pair, asking.app, tokens["refresh_token"]).json()
    assert opens(pair, renewed["access_token"]) and not works(pair, renewed["access_token"])


def test_a_token_for_the_other_door_than_was_asked_for_is_refused(pair: Live, someone: Browser, asking: Asking) -> None:
    tokens = someone.tokens(asking)
    assert works(pair, tokens["access_token"]) and not opens(pair, tokens["access_token"])
    wrong = refresh(pair, asking.app, tokens["refresh_token"], resource=f"{pair.url}/mcp")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_target")
    assert refresh(pair, asking.app, tokens["refresh_token"]).status_code == 200, "and nothing is used up by it"
    wrong = asking.redeem(someone.code(asking), resource=f"{pair.url}/mcp")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_target")


def test_a_resource_that_there_is_not_is_no_target(pair: Live, someone: Browser, asking: Asking) -> None:
    for strange in ("https://elsewhere.example/mcp", f"{pair.url}/mcpx", f"{pair.url}/MCP"):
        assert returned(someone.asked(asking, resource=strange))["error"] == "invalid_target"
