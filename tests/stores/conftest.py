"""A real Valkey for the whole session; each test finds it empty."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from gateway.embedded import valkey
from gateway.stores.line import Line


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield runner.run(stack.enter_async_context(valkey.running(tmp_path_factory.mktemp("v"))))
        runner.run(stack.aclose())


@pytest.fixture
async def line(valkey_url: str) -> AsyncIterator[Line]:
    line = await Line.open(valkey_url, timeout=5.0)
    await line.command("FLUSHALL")
    yield line
    await line.aclose()
