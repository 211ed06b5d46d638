"""The layer around all pages: whatever an application does with a request, it is traced, told and counted once."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import orjson
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.downstream.cors import Cors, Scripted
from gateway.observe import access, logs, metrics, trace
from gateway.observe.access import Observed
from gateway.stores.errors import StoreUnavailable
from gateway.web.application import pages

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


class Brand:
    problem_base = "https://api.example/problems"
    name = "Example"


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    written = io.BytesIO()
    logs.configure("info", written)
    yield written
    logs.configure()


async def shown(request: Request) -> Response:
    logs.event("something seen", "warning")
    return Response("here")


async def tenanted(request: Request) -> Response:
    access.entry.get().tenant = "biz_1"
    return Response("yours")


async def breaks(request: Request) -> Response:
    raise RuntimeError("hunter2")


async def storeless(request: Request) -> Response:
    raise StoreUnavailable("locked")


async def refuses(request: Request) -> Response:
    raise HTTPException(401)


async def torn(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a part"
        raise RuntimeError("hunter2")

    return StreamingResponse(pieces())


async def file(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("body {}", 404 if "missing" in scope["path"] else 200)(scope, receive, send)


ROUTES = (
    Route("/shown", shown),
    Route("/things/new", shown),
    Route("/things/{id}", shown, methods=["GET", "POST"]),
    Route("/tenanted", tenanted),
    Route("/breaks", breaks),
    Route("/storeless", storeless),
    Route("/refuses", refuses),
    Route("/torn", torn),
    Mount("/assets", file),
)


def _branded(app: ASGIApp) -> ASGIApp:
    async def branded(scope: Scope, receive: Receive, send: Send) -> None:
        scope["brand"] = Brand
        await app(scope, receive, send)

    return branded


def _observed(app: ASGIApp | None = None) -> Observed:
    inner = pages(ROUTES)
    return Observed(_branded(app or inner), inner.routes, lambda scope: "192.0.2.7", ("/healthz", "/assets/"))


async def ask(method: str, path: str, app: Observed | None = None, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app or _observed(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as client:
        answer = await client.request(method, path, headers={**PARENT, **headers})
    await asyncio.sleep(0)
    return answer


def told(stream: io.BytesIO, event: str = "request") -> list[dict[str, Any]]:
    return [line for line in map(orjson.loads, stream.getvalue().splitlines()) if line["event"] == event]


def counted(**labels: str) -> float:
    lines = re.findall(r"^gateway_requests_total\{(.*)\} (\S+)$", metrics.exposition().decode(), re.MULTILINE)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for found, value in lines if all(each in found for each in wanted))


def cut_off() -> float:
    found = re.findall(
        r'^gateway_requests_cut_off_total\{code="shutting_down"\} (\S+)$', metrics.exposition().decode(), re.MULTILINE
    )
    return sum(map(float, found))


async def test_a_page_is_told_in_one_line_and_counted_once(stream: io.BytesIO) -> None:
    before = counted(route="/shown")
    assert (await ask("GET", "/shown?code=s3cret&state=s3cret")).status_code == 200
    (line,) = told(stream)
    assert line.pop("total_ms") > 0
    del line["at"]
    assert line == {
        "level": "info",
        "event": "request",
        "trace_id": TRACE,
        "method": "GET",
        "route": "/shown",
        "path": "/shown",
        "status": 200,
        "tenant": None,
        "client": "192.0.2.7",
    }
    assert b"s3cret" not in stream.getvalue()
    assert counted(route="/shown", method="GET", status="200", contract="") == before + 1
    assert 'gateway_request_seconds_count{route="/shown"}' in metrics.exposition().decode()


async def test_the_line_says_whose_page_it_was(stream: io.BytesIO) -> None:
    await ask("GET", "/tenanted")
    assert told(stream)[0]["tenant"] == "biz_1"


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/things/new", "/things/new", 200),
        ("GET", "/things/1", "/things/{id}", 200),
        ("POST", "/things/2", "/things/{id}", 200),
        ("DELETE", "/things/3", "/things/{id}", 405),
        ("PUT", "/shown", "/shown", 405),
        ("GET", "/problems/nothing", "/problems/{slug}", 404),
        ("GET", "/things/1/2", "/{unknown}", 404),
        ("GET", "/wp-login.php", "/{unknown}", 404),
        ("GET", "/", "/{unknown}", 404),
        ("GET", "/assets/missing.css", "/assets/{path}", 404),
    ],
)
async def test_a_label_is_the_template_of_a_route(
    stream: io.BytesIO, method: str, path: str, route: str, status: int
) -> None:
    before = counted(route=route, method=method, status=str(status))
    assert (await ask(method, path)).status_code == status
    (line,) = told(stream)
    assert (line["route"], line["path"], line["status"]) == (route, path, status)
    assert counted(route=route, method=method, status=str(status)) == before + 1
    if route != path:
        assert counted(route=path) == 0


async def test_paths_that_nobody_has_make_one_label_whatever_they_are() -> None:
    before, known = counted(route=access.UNKNOWN), len(_labels())
    for nth in range(50):
        await ask("GET", f"/invented/{nth}")
    assert counted(route=access.UNKNOWN) == before + 50
    assert len(_labels() | {access.UNKNOWN}) <= known + 1


def _labels() -> set[str]:
    return set(re.findall(r'route="([^"]*)"', metrics.exposition().decode()))


async def test_a_problem_and_its_line_have_one_trace_and_one_code(stream: io.BytesIO) -> None:
    continued = await ask("GET", "/nothing")
    new = await ask("GET", "/nothing", traceparent="")
    first, second = told(stream)
    assert continued.json()["trace_id"] == first["trace_id"] == TRACE
    assert new.json()["trace_id"] == second["trace_id"] != TRACE
    assert first["code"] == second["code"] == "route_unknown"


async def test_what_is_logged_meanwhile_has_the_trace(stream: io.BytesIO) -> None:
    await ask("GET", "/shown")
    assert told(stream, "something seen")[0]["trace_id"] == TRACE
    await ask("GET", "/breaks")
    assert told(stream, "crash")[0]["trace_id"] == TRACE


async def test_a_failure_is_a_500_in_the_line_and_in_the_metrics(stream: io.BytesIO) -> None:
    before = counted(route="/breaks", status="500")
    answer = await ask("GET", "/breaks")
    (line,) = told(stream)
    assert (answer.status_code, line["status"], line["code"]) == (500, 500, "internal_error")
    assert answer.json()["trace_id"] == line["trace_id"]
    assert counted(route="/breaks", status="500") == before + 1
    assert b"hunter2" not in stream.getvalue()


async def test_a_lost_store_is_a_503(stream: io.BytesIO) -> None:
    assert (await ask("GET", "/storeless")).status_code == 503
    (line,) = told(stream)
    assert (line["status"], line["code"]) == (503, "store_unavailable")


async def test_an_application_that_breaks_before_it_answers_is_a_500(stream: io.BytesIO) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("hunter2")

    await ask("GET", "/shown", _observed(broken))
    (line,) = told(stream)
    assert (line["route"], line["status"], line["code"]) == ("/shown", 500, "internal_error")


async def test_an_answer_that_breaks_off_has_the_status_it_began_with_and_says_why(stream: io.BytesIO) -> None:
    await ask("GET", "/torn")
    (line,) = told(stream)
    assert (line["status"], line["code"]) == (200, "internal_error")


async def test_a_request_that_the_end_of_the_server_cuts_off_is_told(stream: io.BytesIO) -> None:
    reached, before = asyncio.Event(), cut_off()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        reached.set()
        await asyncio.Event().wait()

    asking = asyncio.create_task(ask("GET", "/shown", _observed(waits)))
    await reached.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (line,) = told(stream)
    assert (line["status"], line["code"]) == (503, "shutting_down")
    assert cut_off() == before + 1


async def test_a_preflight_is_told_under_the_route_that_it_asks_for(stream: io.BytesIO) -> None:
    app = _observed(Scripted(pages(ROUTES), Cors(["https://app.example"]), ["/shown"]))
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    assert (await ask("OPTIONS", "/shown", app, **asked)).status_code == 204
    (line,) = told(stream)
    assert (line["method"], line["route"], line["status"]) == ("OPTIONS", "/shown", 204)


async def test_what_is_asked_for_all_the_time_is_counted_and_told_only_when_refused(stream: io.BytesIO) -> None:
    before = counted(route="/assets/{path}", status="200")
    await ask("GET", "/assets/pages.css")
    await ask("GET", "/healthz")
    assert told(stream) == []
    assert counted(route="/assets/{path}", status="200") == before + 1
    await ask("GET", "/assets/missing.css")
    assert [line["status"] for line in told(stream)] == [404]


async def test_a_path_can_neither_flood_the_log_nor_carry_a_token_into_it(stream: io.BytesIO) -> None:
    await ask("GET", "/" + "x" * 8000)
    await ask("GET", "/gw%5Fpat_abcdefghijklmnopqrstuvwxyz0123AbCdEf")
    long, concealed = told(stream)
    assert len(long["path"]) == 256
    assert concealed["path"] == "/[concealed]"


async def test_the_next_request_of_a_connection_does_not_inherit_the_trace() -> None:
    """The server starts it, as a task of its own, from within the send that ends this one."""
    seen: list[trace.Trace | None] = []

    async def send(message: Message) -> None:
        seen.append(trace.current.get())

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": [], "query_string": b""}
    await asyncio.create_task(_observed()(scope, receive, send))
    assert seen == [None, None]
