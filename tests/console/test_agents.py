"""Agents: what is connected to `/mcp`, what it did, and how it is stopped."""

from __future__ import annotations

import re

from tests.console.people import Person
from tests.live import Live
from tests.oauth.acting import App, Asking, Browser, refresh, returned
from tests.waiting import within

URI = "https://assistant.example/callback"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def opens(desk: Live, token: str) -> bool:
    return desk.client.post("/mcp", json=LIST, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def stop(page: str, name: str) -> str:
    """Where the form goes that stops this agent."""
    (item,) = (each for each in page.split('<li class="item">')[1:] if f"<h2>{name}</h2>" in each)
    (path,) = re.findall(r'action="(/console/agents/\w+/stop)"', item)
    return str(path)


def test_a_token_for_agents_is_listed_with_what_it_did_and_is_stopped_at_once(
    desk: Live, owner: Person, member: Person, stranger: Person
) -> None:
    text, _ = member.new_token("Claude at home", "contact.read", audience="mcp")
    member.new_token("A script", "contact.read")
    page = member.page("/console/agents")
    assert "Claude at home" in page and "A script" not in page and "nothing yet" in page and "See contacts" in page
    assert opens(desk, text) and opens(desk, text)
    did = re.compile(r"<dt>Did</dt><dd>\d+ \w+")
    within(25, lambda: did.search(member.page("/console/agents")) is not None)
    page = member.page("/console/agents")
    path = stop(page, "Claude at home")
    for other in (stranger, Person(desk, "viewer")):
        assert path not in other.page("/console/agents") and other.post(path).status_code == 404
    assert opens(desk, text)
    assert path in owner.page("/console/agents"), "administrators see everybody's"
    answer = member.post(path)
    assert "was stopped" in answer.text and path not in answer.text
    assert not opens(desk, text) and member.post(path).status_code == 404


def test_an_app_that_was_let_in_as_an_agent_is_stopped_with_its_refresh_token(desk: Live, owner: Person) -> None:
    client_id, secret = owner.new_app("Assistant", "contact.read", uri=URI)
    app, browser = App(client_id, secret, "client_secret_basic"), Browser(desk)
    asking, door = Asking(desk, app, scope="contact.read", redirect_uri=URI), f"{desk.url}/mcp"
    code = returned(browser.decide(browser.asked(asking, resource=door)))["code"]
    granted = asking.redeem(code, resource=door).json()
    assert opens(desk, granted["access_token"])
    owner.post(stop(owner.page("/console/agents"), "Assistant"))
    assert not opens(desk, granted["access_token"])
    assert refresh(desk, app, granted["refresh_token"]).status_code == 400
    assert "ended the access of" in owner.page("/console/history")
    browser.client.close()


def test_the_page_tells_which_tools_an_agent_called_how_often(desk: Live, member: Person) -> None:
    text, _ = member.new_token("Tool counter", "contact.read", audience="mcp")

    def call(tool: str, **arguments: object) -> None:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        assert desk.client.post("/mcp", json=asked, headers={"Authorization": f"Bearer {text}"}).status_code == 200

    for _ in range(2):
        call("search", resource="contacts", limit=1)
    call("whoami")
    call("get")  # without ids: refused, and called all the same

    def told() -> str:
        (item,) = (each for each in member.page("/console/agents").split('<li class="item">') if "Tool counter" in each)
        return " ".join(re.sub("<[^>]+>", "", item.partition("<dt>Tools</dt>")[2].partition("</dd>")[0]).split())

    # What the other worker counted is written every 15 s.
    within(25, lambda: told() == "search 2, get 1, whoami 1")


def test_the_page_tells_the_fingerprint_of_the_tools_that_the_log_told_at_the_start(desk: Live, member: Person) -> None:
    started = [line["sha256"] for line in desk.served.events() if line.get("event") == "tools for agents"]
    assert started and started[-1] in member.page("/console/agents")
