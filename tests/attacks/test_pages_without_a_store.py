"""Pages while the store refuses: a page says so, the log has one line of it, and the connection goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest

from gateway.process import instance_lock
from gateway.stores import redis_url
from tests.live import Live
from tests.live import live as running
from tests.oauth.acting import LOOPBACK, Forms


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The store takes no more writes."""
    with running(tmp_path_factory.mktemp("full"), oauth={"registration": "open"}) as pair:
        known = instance_lock.running(pair.served.data_dir)
        assert known is not None
        asyncio.run(_fill(known.redis_url))
        yield pair


async def _fill(url: str) -> None:
    line = await redis_url.connect(url, timeout=5.0)
    await line.command("CONFIG", "SET", "maxmemory", "1")
    await line.aclose()


def logged(live: Live) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in live.served.out.read_text().splitlines()]
    return [line for line in lines if line.get("event") != "request"]


def test_a_page_that_the_store_refuses_is_a_page_with_one_line_in_the_log(full: Live) -> None:
    before = len(logged(full))
    with httpx.Client(base_url=full.url) as browser:
        form = Forms(browser.get("/oauth/sign-in").text).found[0]
        for _ in range(3):
            answer = browser.post(form.action, data={**form.fields, "email": "x@y.example", "password": "x"})
            assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
            assert "Not at the moment" in answer.text and int(answer.headers["retry-after"]) > 0
            assert "connection" not in answer.headers and browser.get("/docs").status_code == 200
    said = [line for line in logged(full)[before:] if line["event"] == "page not available"]
    assert [line["level"] for line in said] == ["warning"] * 3
    assert not [line for line in logged(full)[before:] if line["level"] == "error"]
    assert "Traceback" not in full.served.out.read_text() + full.served.err.read_text()


def test_whatever_else_is_not_of_the_store_answers(full: Live) -> None:
    made = full.client.post("/oauth/register", json={"client_name": "Own", "redirect_uris": [LOOPBACK]})
    assert made.status_code == 201
    assert full.client.get("/docs", headers={"Cookie": f"session-{full.served.port}={'a' * 43}"}).status_code == 200
