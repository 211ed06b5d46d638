"""Agents at the door, with the official client in every mode, against a running gateway."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.agents.acting import LIMITS, LIST, MODES, agent, call, called, client, raw, refused, said
from tests.live import NEWEST, Live


@pytest.mark.parametrize("mode", MODES)
def test_the_official_client_finds_reads_writes_and_deletes(live: Live, mode: str) -> None:
    async def work() -> None:
        async with client(live, agent(live), mode) as connected:
            assert [tool.name for tool in (await connected.list_tools()).tools][:3] == ["whoami", "describe", "search"]
            me = await called(connected, "whoami")
            assert me["tenant"]["name"] == live.a.name
            left = {each["name"]: each for each in me["limits"]}
            assert {"token", "tenant", "agent"} <= set(left)
            assert all(0 <= each["remaining"] < each["limit"] and each["window"] > 0 for each in left.values())
            assert "contacts: search get create" in (await called(connected, "describe"))["text"]
            made = (await called(connected, "create", resource="contacts", values={"first_name": f"Ada {mode}"}))[
                "record"
            ]
            again = await called(connected, "create", resource="contacts", values={"first_name": f"Ada {mode}"})
            assert again["replayed"] and again["record"]["id"] == made["id"]
            other = await called(
                connected,
                "create",
                resource="contacts",
                values={"first_name": f"Ada {mode}"},
                idempotency_key=f"second {mode}",
            )
            assert other["record"]["id"] != made["id"]
            await called(connected, "act", id=made["id"], action="add_tags", values={"tags": ["vip"]})
            await called(connected, "update", id=made["id"], values={"job_title": "Countess"})
            note = {"body": "Called.", "contact_id": made["id"]}
            await called(connected, "create", resource="notes", values=note)
            (record,) = (await called(connected, "get", ids=[made["id"]], include=["notes"]))["records"]
            assert (record["tags"], record["job_title"], record["notes"][0]["body"]) == (["vip"], "Countess", "Called.")
            found = await called(
                connected,
                "search",
                resource="contacts",
                filters=[{"field": "first_name", "operator": "eq", "value": f"Ada {mode}"}],
                fields=["first_name"],
                limit=1,
            )
            assert [set(each) for each in found["records"]] == [{"id", "first_name"}] and found["total"] == 2
            rest = await called(
                connected,
                "search",
                resource="contacts",
                cursor=found["next_cursor"],
                fields=["name"],
                filters=[{"field": "first_name", "operator": "eq", "value": f"Ada {mode}"}],
            )
            assert {found["records"][0]["id"], rest["records"][0]["id"]} == {made["id"], other["record"]["id"]}
            shown = await called(connected, "delete", id=made["id"])
            assert shown["would_delete"]["id"] == made["id"]
            await called(connected, "update", id=made["id"], values={"job_title": "Analyst"})
            stale = await refused(connected, "delete", id=made["id"], confirm=shown["confirm"])
            assert stale["errors"][0]["code"] == "confirm_invalid"
            shown = await called(connected, "delete", id=made["id"])
            assert await called(connected, "delete", id=made["id"], confirm=shown["confirm"]) == {"deleted": made["id"]}
            assert (await refused(connected, "get", ids=[made["id"]]))["code"] == "record_not_found"
            both = await called(connected, "get", ids=[made["id"], other["record"]["id"]])
            assert both["missing"] == [made["id"]] and len(both["records"]) == 1

    asyncio.run(work())


def test_refusals_are_such_that_a_model_can_mend_its_call(live: Live) -> None:
    async def work() -> None:
        async with client(live, agent(live)) as connected:
            told = await refused(connected, "search", resource="contactz")
            assert told["errors"][0]["pointer"] == "/resource" and "contacts" in told["errors"][0]["allowed"]
            wrong = [{"field": "nope", "operator": "eq", "value": 1}]
            told = await refused(connected, "search", resource="contacts", filters=wrong)
            assert told["errors"][0]["pointer"] == "/filters/0/field" and "email" in told["errors"][0]["allowed"]
            told = await refused(connected, "create", resource="contacts", values={"first_name": "A", "emial": "x"})
            assert told["errors"][0]["pointer"] == "/values/emial" and "email" in told["errors"][0]["message"]
            told = await refused(connected, "search", resource="contacts", cursor="25:forged")
            assert told["code"] == "cursor_invalid"
            told = await refused(connected, "act", id="con_5f2b8c1d9e3a7b6c4d5e6f71", action="fly")
            assert told["errors"][0]["pointer"] == "/action" and "add_tags" in told["errors"][0]["allowed"]
            told = await refused(connected, "search", resource="contacts", fields=["salary"])
            assert told["errors"][0]["pointer"] == "/fields/0"

    asyncio.run(work())


def test_a_large_page_is_cut_between_records_and_goes_on_behind_them(live: Live) -> None:
    async def work() -> None:
        async with client(live, agent(live)) as connected:
            seen: list[str] = []
            more: dict[str, Any] = {"limit": 50}
            for _ in range(6):
                page = await called(connected, "search", resource="contacts", **more)
                assert len(json.dumps(page, separators=(",", ":"))) <= 20_000
                seen += [record["id"] for record in page["records"]]
                more = {"cursor": page["next_cursor"]}
            assert len(seen) == len(set(seen)) and len(seen) > 60

    asyncio.run(work())


def test_a_token_opens_one_door(live: Live) -> None:
    assert raw(live, agent(live), LIST).status_code == 200
    wrong = raw(live, live.a.tokens["owner"], LIST)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token_audience_invalid")
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    wrong = live.call("GET", "/v1/me", token=agent(live))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token_audience_invalid")


def test_without_a_token_a_client_is_led_to_where_it_gets_one(live: Live) -> None:
    for message in (LIST, call("whoami"), call("search"), call("nonsense"), {**LIST, "method": "initialize"}):
        told = raw(live, None, message)
        assert told.status_code == 401, message
        challenge = told.headers["www-authenticate"]
        assert 'resource_metadata="' in challenge and "contact.read" in challenge
        address = challenge.split('resource_metadata="')[1].split('"')[0]
        described = live.client.get(address).json()
        assert described["resource"].endswith("/mcp") and described["authorization_servers"] == [
            described["resource"][:-4]
        ]


def test_what_the_scopes_lack_is_asked_for_by_http_and_what_the_role_denies_is_told_to_the_model(live: Live) -> None:
    told = raw(
        live, agent(live, scopes="contact.read"), call("create", resource="contacts", values={"first_name": "A"})
    )
    assert told.status_code == 403 and 'error="insufficient_scope"' in told.headers["www-authenticate"]
    assert "contact.write" in told.headers["www-authenticate"]
    made = agent(live, "viewer", "contact.read")
    tools = [tool["name"] for tool in raw(live, made, LIST).json()["result"]["tools"]]
    assert tools == ["whoami", "describe", "search", "get"]


def test_the_door_for_readers_has_no_tool_that_writes(live: Live) -> None:
    token = agent(live)
    tools = [tool["name"] for tool in raw(live, token, LIST, "/mcp/readonly").json()["result"]["tools"]]
    assert tools == ["whoami", "describe", "search", "get"]
    told = raw(live, token, call("create", resource="contacts", values={"first_name": "A"}), "/mcp/readonly")
    assert told.json()["error"]["code"] == -32602


def test_methods_and_messages_that_there_are_not(live: Live) -> None:
    token = agent(live)
    for answer in (live.client.get("/mcp"), live.client.delete("/mcp"), live.client.put("/mcp/readonly")):
        assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (
            405,
            "POST",
            "method_not_allowed",
        )
        assert answer.headers["cache-control"] == "no-store" and answer.headers["x-request-id"].startswith("req_")
    assert live.client.post("/mcp/contacts", json=LIST).status_code == 404
    assert raw(live, token, {**LIST, "method": "tools/nope"}).json()["error"]["code"] == -32601
    assert raw(live, token, [LIST]).status_code == 400
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (raw(live, token, note).status_code, raw(live, token, note).content) == (202, b"")
    assert raw(live, token, LIST, Origin="https://evil.example").status_code == 403
    large = call("search", resource="x" * 1_100_000)
    assert raw(live, token, large).status_code == 413


def test_every_call_is_a_request_in_the_log_and_a_count(live: Live) -> None:
    token = agent(live)
    raw(live, token, call("get", ids=["con_5f2b8c1d9e3a7b6c4d5e6f71"]))
    line = [line for line in live.served.events() if line.get("via") == "mcp" and line.get("tool") == "get"][-1]
    assert (line["route"], line["contract"]) == ("/v1/contacts/{id}", NEWEST) and line["tenant"] == live.a.business_id


@pytest.mark.parametrize("depth", [30, 240, 300, 900])
def test_a_record_that_nests_deeper_than_can_be_told_on_is_a_bad_gateway(live: Live, depth: int) -> None:
    contact = live.call("POST", "/v1/contacts", {"first_name": "Ada", "custom": {"deep": 1}}).json()["data"]["id"]
    path = f"/api/crm/contacts/{contact.removeprefix('con_')}"
    held = live.sandbox.get(path, headers={"Authorization": f"Bearer {live.a.api_key}"}).text
    assert '"deep":1' in held
    body = held.replace('"deep":1', f'"deep":{"[" * depth}{"]" * depth}')
    with live.fault(path=path, status=200, body=body, headers={"Content-Type": "application/json"}):
        told = raw(live, agent(live), call("get", ids=[contact]))
    if depth < 250:
        assert told.json()["result"]["structuredContent"]["records"][0]["custom"] != {"deep": 1}
    else:
        assert (told.status_code, told.json()["code"]) == (502, "upstream_invalid")


def test_agents_have_a_limit_of_their_own(spare: Live) -> None:
    spare.set_up(limits={"agent": {"quota": 3, "window": "60s"}})
    token = agent(spare)
    answers = [raw(spare, token, call("search", resource="contacts", limit=1)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    problem = json.loads(answers[-1].json()["result"]["content"][0]["text"])
    assert problem["code"] == "rate_limited" and problem["retry_after"] >= 1
    assert problem["violated_policies"] == ["agent"]


def test_words_of_strangers_are_named_or_kept_back(live: Live) -> None:
    async def look() -> tuple[dict[str, Any], Any]:
        async with client(live, agent(live)) as connected:
            result = await connected.call_tool("search", {"resource": "contacts", "limit": 1})
            return said(result), result.meta

    told, meta = asyncio.run(look())
    assert {"name", "job_title"} >= set(meta["gateway/foreign"]) and "name" in told["records"][0]
    live.set_up(limits=LIMITS, mcp={"foreign": "hide"})
    told, meta = asyncio.run(look())
    assert "gateway/foreign" not in (meta or {}) and "name" in told["hidden"] and "name" not in told["records"][0]
    live.set_up(limits=LIMITS)


def test_where_agents_are_switched_off_there_is_no_door(spare: Live) -> None:
    spare.set_up(mcp={"enabled": False})
    assert spare.client.post("/mcp", json=LIST).status_code == 404
    assert spare.client.get("/.well-known/oauth-protected-resource/mcp").status_code == 404


def test_values_are_held_to_the_bounds_of_every_body(live: Live) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    told = raw(
        live, agent(live), call("create", resource="contacts", values={"first_name": "A", "custom": {"a": deep}})
    )
    assert (told.status_code, told.json()["error"]["code"]) == (400, -32700)
    unclear = call("create", resource="contacts", values={"first_name": "A"}, idempotency_key="é\n")
    assert "idempotency_key_invalid" in raw(live, agent(live), unclear).text
