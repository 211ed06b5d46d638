"""A person is asked before anything is deleted, where the client can ask one."""

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
