"""Clients that know nothing of us, unmodified: they find the way in, sign in, list the tools and call them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, TokenStorage
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.agents.acting import LIMITS, agent, called
from tests.agents.clients.installing import HERE, installed
from tests.live import UNLIMITED, Live
from tests.live import live as running
from tests.oauth.acting import Browser
from tests.oauth.test_client_documents import Home, config, home

BACK = "http://127.0.0.1:7777/callback"
EIGHT = ["whoami", "describe", "search", "get", "create", "update", "act", "delete"]
READING = EIGHT[:4]
SIGNING_IN = pytest.mark.parametrize("documented", [False, True], ids=["registered", "document"])


@pytest.fixture(scope="module")
def app_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home(tmp_path_factory.mktemp("app")) as made:
        yield made


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, app_home: Home) -> Iterator[Live]:
    taking = config(app_home)
    taking |= {"limits": LIMITS | {"registration": UNLIMITED}, "oauth": taking["oauth"] | {"registration": "open"}}
    with running(tmp_path_factory.mktemp("clients"), **taking) as pair:
        yield pair


def agreed(live: Live, link: str) -> str:
    """What a person does with the link, up to the address they come back to."""
    browser = Browser(live)
    page = browser.client.get(link)
    if page.status_code == 303:
        page = browser.client.get(browser.sign_in("owner", page.headers["location"]).headers["location"])
    address: str = browser.decide(page).headers["location"]
    browser.client.close()
    return address


class Kept(TokenStorage):
    """What a client remembers."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@SIGNING_IN
@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_the_official_sdk_in_python_signs_in(live: Live, app_home: Home, mode: str, *, documented: bool) -> None:
    url = app_home.describe("/python.json", client_name="A program in Python") if documented else None
    kept, came_back = Kept(), asyncio.Queue[str]()

    async def led(link: str) -> None:
        await came_back.put(await asyncio.to_thread(agreed, live, link))

    async def returned() -> AuthorizationCodeResult:
        told = dict(parse_qsl(urlsplit(await came_back.get()).query))
        return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])

    async def work() -> None:
        about = OAuthClientMetadata(
            client_name="A program in Python", redirect_uris=[AnyUrl(BACK)], token_endpoint_auth_method="none"
        )
        auth = OAuthClientProvider(f"{live.url}/mcp", about, kept, led, returned, client_metadata_url=url)
        http = create_mcp_http_client(auth=auth)
        async with Client(streamable_http_client(f"{live.url}/mcp", http_client=http), mode=mode) as connected:
            assert [tool.name for tool in (await connected.list_tools()).tools] == READING
            assert (await called(connected, "whoami"))["tenant"]["name"] == live.a.name
            # It is told what is missing, asks for it, and goes on.
            made = await called(connected, "create", resource="contacts", values={"first_name": f"{mode} {documented}"})
            assert made["record"]["id"].startswith("con_")

    asyncio.run(work())
    assert kept.client is not None and (kept.client.client_id == url) is documented


@SIGNING_IN
def test_the_official_sdk_in_typescript_signs_in(live: Live, app_home: Home, *, documented: bool) -> None:
    url = app_home.describe("/typescript.json", client_name="A program in TypeScript") if documented else ""
    clients = installed()
    line = [str(clients.node), str(HERE / "sdk.mjs"), str(clients.modules), f"{live.url}/mcp", BACK]
    with subprocess.Popen(
        [*line, url] if url else line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as script:
        assert script.stdout is not None
        link = script.stdout.readline().strip()
        said, complaints = script.communicate(agreed(live, link) + "\n" if link else "", timeout=120)
    assert script.returncode == 0, complaints
    told = json.loads(said)
    assert (told["tools"], told["records"], told["tenant"]) == (READING, 1, live.a.name)
    assert (told["client_id"] == url) is documented


def ran(*line: str, **env: str) -> Any:
    """What a program prints as JSON."""
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120, env=os.environ | env)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout)


def test_fastmcp_lists_and_calls(live: Live) -> None:
    told = ran(str(installed().python), str(HERE / "fast.py"), f"{live.url}/mcp", agent(live))
    assert told == {"tools": EIGHT, "records": 1, "refused": True}


def test_the_inspector_lists_and_calls(live: Live, tmp_path: Path) -> None:
    line = [*installed().script("@modelcontextprotocol/inspector", "clients/launcher/build/index.js"), "--cli"]
    line += [f"{live.url}/mcp", "--transport", "http", "--header", f"Authorization: Bearer {agent(live)}"]
    listed = ran(*line, "--method", "tools/list", HOME=str(tmp_path))
    assert [tool["name"] for tool in listed["tools"]] == EIGHT
    arguments = ("--tool-name", "search", "--tool-arg", "resource=contacts", "--tool-arg", "limit=1")
    found = ran(*line, "--method", "tools/call", *arguments, HOME=str(tmp_path))
    assert len(found["structuredContent"]["records"]) == 1


def test_mcp_remote_stands_between_a_program_that_speaks_stdio_and_us(live: Live, tmp_path: Path) -> None:
    node, proxy = installed().script("mcp-remote", "dist/proxy.js")
    sent = ["--header", "Authorization:${AUTH}", "--transport", "http-only", "--allow-http"]
    env = os.environ | {"AUTH": f"Bearer {agent(live)}", "HOME": str(tmp_path), "MCP_REMOTE_CONFIG_DIR": str(tmp_path)}

    async def work() -> None:
        server = StdioServerParameters(command=node, args=[proxy, f"{live.url}/mcp", *sent], env=env)
        async with Client(stdio_client(server), mode="legacy") as connected:
            assert [tool.name for tool in (await connected.list_tools()).tools] == EIGHT
            assert len((await called(connected, "search", resource="contacts", limit=1))["records"]) == 1

    asyncio.run(work())
