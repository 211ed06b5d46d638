"""fastmcp's client, unmodified. argv: the URL of /mcp, a token. Prints what it found."""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.auth import BearerAuth


async def main(url: str, token: str) -> None:
    async with Client(url, auth=BearerAuth(token)) as client:
        tools = [tool.name for tool in await client.list_tools()]
        found = await client.call_tool("search", {"resource": "contacts", "limit": 1})
        refused = await client.call_tool("search", {"resource": "contactz"}, raise_on_error=False)
        told = found.structured_content or {}
        print(json.dumps({"tools": tools, "records": len(told["records"]), "refused": refused.is_error}))


asyncio.run(main(*sys.argv[1:]))
