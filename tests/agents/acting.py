"""Agents as tests act them: the official client, and messages by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import CallToolResult, TextContent

from tests.live import Live

LIMITS = {"agent": {"quota": 100_000}}
MODES = ("auto", "legacy", "2026-07-28")


def agent(live: Live, role: str = "owner", scopes: str = "") -> str:
    """A token for agents, made by the command."""
    made = live.run(
        *("tokens", "create", "--tenant", live.a.business_id, "--user", live.a.users[role]["email"]),
        *("--scope", scopes or "contact.all company.read note.all deal.read", "--for", "mcp"),
    )
    return str(made["token"])


@asynccontextmanager
async def client(live: Live, token: str, mode: str = "auto", path: str = "/mcp", **more: Any) -> AsyncIterator[Client]:
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {token}"})
    async with Client(streamable_http_client(live.url + path, http_client=http), mode=mode, **more) as connected:
        yield connected


def said(result: CallToolResult) -> dict[str, Any]:
    """The one text of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return dict(json.loads(content.text))


async def called(connected: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await connected.call_tool(tool, arguments)
    assert not result.is_error, said(result)
    assert said(result) == result.structured_content
    return said(result)


async def refused(connected: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await connected.call_tool(tool, arguments)
    assert result.is_error
    return said(result)


def raw(live: Live, token: str | None, message: Any, path: str = "/mcp", **headers: str) -> Any:
    sent = {"Accept": "application/json, text/event-stream", **headers}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return live.client.post(path, json=message, headers=sent)


LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
