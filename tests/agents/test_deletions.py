"""What cannot be undone takes two steps, and a person is asked where the client can ask one."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.types import ElicitResult

from tests.agents.acting import agent, call, called, client, raw, refused
from tests.live import Live


def test_a_client_that_can_ask_a_person_has_them_asked_before_anything_is_deleted(live: Live) -> None:
    questions: list[str] = []
    answers: list[ElicitResult] = [
        ElicitResult(action="decline"),
        ElicitResult(action="accept", content={"yes": False}),
        ElicitResult(action="accept", content={"yes": True}),
    ]

    async def person(_: Any, question: Any) -> ElicitResult:
        questions.append(question.message)
        return answers.pop(0)

    async def work() -> None:
        async with client(live, agent(live), "2026-07-28", elicitation_callback=person) as connected:
            made = (await called(connected, "create", resource="contacts", values={"first_name": "Asked about"}))[
                "record"
            ]
            for _ in range(2):
                assert (await called(connected, "delete", id=made["id"]))["kept"] == made["id"]
                assert await called(connected, "get", ids=[made["id"]])
            assert await called(connected, "delete", id=made["id"]) == {"deleted": made["id"]}
            assert (await refused(connected, "get", ids=[made["id"]]))["code"] == "record_not_found"
            assert len(questions) == 3 and all("Asked about" in each for each in questions)

    asyncio.run(work())


def test_an_answer_to_a_question_that_was_not_asked_deletes_nothing(live: Live) -> None:
    token = agent(live)
    values = {"first_name": "Kept"}
    made = raw(live, token, call("create", resource="contacts", values=values, idempotency_key="kept")).json()
    record_id = made["result"]["structuredContent"]["record"]["id"]
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    }
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "delete"}
    message = call("delete", id=record_id)
    message["params"] |= {"_meta": meta}
    asked = raw(live, token, message, **headers).json()["result"]
    assert (
        asked["resultType"] == "input_required" and asked["inputRequests"]["confirm"]["method"] == "elicitation/create"
    )
    yes = {"confirm": {"action": "accept", "content": {"yes": True}}}
    for state in ("forged", asked["requestState"][:-4] + "AAAA", ""):
        message["params"] |= {"requestState": state, "inputResponses": yes}
        told = raw(live, token, message, **headers).json()["result"]
        assert told["isError"] and "confirm_invalid" in told["content"][0]["text"]
    for strange in ({}, {"confirm": "yes"}, {"other": yes["confirm"]}, {"confirm": {"action": "accept"}}, None):
        message["params"] |= {"requestState": asked["requestState"], "inputResponses": strange}
        assert raw(live, token, message, **headers).json()["result"]["structuredContent"]["kept"] == record_id
    assert raw(live, token, call("get", ids=[record_id])).json()["result"]["structuredContent"]["records"]


def test_an_action_that_nothing_undoes_is_shown_first_and_done_as_it_was_shown(live: Live) -> None:
    token = agent(live, scopes="invoice.read invoice.write")
    lines = [{"description": "Lamp", "quantity": "1", "unit_price": "10.00"}]
    values = {"contact_id": _a_contact(live), "currency": "EUR", "issue_date": "2026-06-01", "due_date": "2026-07-01"}
    made = live.call("POST", "/v1/invoices", {**values, "line_items": lines})
    assert made.status_code == 201, made.text
    invoice = made.json()["data"]["id"]

    def act(**more: Any) -> dict[str, Any]:
        told: dict[str, Any] = raw(live, token, call("act", id=invoice, **more)).json()["result"]
        return told

    described = raw(live, token, call("describe", resource="invoices")).json()["result"]["structuredContent"]["text"]
    assert "action void (final): Void an invoice" in described and "action mark_sent: " in described
    sent = act(action="mark_sent")["structuredContent"]["record"]
    assert sent["status"] == "sent"
    shown = act(action="void")["structuredContent"]
    assert shown["would_act"]["id"] == invoice and "again with this confirm" in shown["advice"]
    assert live.call("GET", f"/v1/invoices/{invoice}").json()["data"]["status"] == "sent"
    for stale in (shown["confirm"][:-4] + "AAAA", "x"):
        told = act(action="void", confirm=stale)
        assert told["isError"] and "confirm_invalid" in told["content"][0]["text"]
    assert live.call("PATCH", f"/v1/invoices/{invoice}", {"notes": "Changed meanwhile"}).status_code == 200
    assert act(action="void", confirm=shown["confirm"])["isError"]
    shown = act(action="void")["structuredContent"]
    assert act(action="void", confirm=shown["confirm"])["structuredContent"]["record"]["status"] == "void"


def _a_contact(live: Live) -> str:
    found: str = live.call("POST", "/v1/contacts/search", {"limit": 1}).json()["data"][0]["id"]
    return found
