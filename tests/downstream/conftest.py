"""An application below the pages and below `/v1` on a real connection, which counts what reaches it."""

from collections.abc import AsyncIterator

import pytest

from tests.process.edge import Edge, serving


@pytest.fixture(params=[b"/", b"/v1/x"], ids=["pages", "v1"])
async def edge(request: pytest.FixtureRequest) -> AsyncIterator[Edge]:
    async with serving(Edge(below=request.param)) as app:
        yield app


@pytest.fixture(params=[b"/", b"/v1/x"], ids=["pages", "v1"])
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Edge]:
    """An application that answers without waiting for the body."""
    async with serving(Edge(hasty=True, below=request.param)) as app:
        yield app
