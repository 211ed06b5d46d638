"""Misbehaviour on demand: the switches of `POST /_control/faults`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import Any

import orjson
from starlette.types import Receive, Send

from sandbox.answers import JSON, Refused, Reply
from sandbox.wire import send_reply

_CHUNK = 65536
_HTML = (
    b"<!doctype html><html><head><title>Login</title></head><body><h1>Please sign in to the network</h1></body></html>"
)
_TRICKLE_SECONDS = 0.05


@dataclass(slots=True)
class Fault:
    """One switch; the members are explained in README.md."""

    method: str | None = None
    path: str | None = None
    times: int | None = None
    delay_ms: float | None = None
    status: int | None = None
    body: Any = None
    cut: str | None = None
    garbage: bool | str | None = None
    huge: int | None = None
    never_end: bool | None = None
    html: bool | None = None
    headers: dict[str, str] | None = None
    then_execute: bool = False

    def matches(self, method: str, path: str) -> bool:
        return (self.method is None or self.method == method) and (self.path is None or path.startswith(self.path))

    def answers(self) -> bool:
        """Whether it takes the place of the normal answer."""
        wanted = (self.status, self.cut, self.garbage, self.huge, self.never_end, self.html)
        return any(one is not None and one is not False for one in wanted)


class Faults:
    def __init__(self) -> None:
        self._set: list[Fault] = []

    def add(self, described: dict[str, Any]) -> Fault:
        known = {one.name for one in fields(Fault)}
        unknown = sorted(described.keys() - known)
        if unknown:
            raise Refused(400, "fault_unknown", f"A fault has no {unknown[0]}.")
        fault = Fault(**described)
        if fault.cut not in {None, "before", "headers", "body"}:
            raise Refused(400, "fault_unknown", "cut is before, headers or body.")
        self._set.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The first switch that matches, one use of it spent."""
        for fault in self._set:
            if fault.matches(method, path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._set.remove(fault)
                return fault
        return None

    def listed(self) -> list[Fault]:
        return list(self._set)

    def clear(self) -> None:
        self._set.clear()


async def misbehave(
    fault: Fault, run: Callable[[], Awaitable[Reply]], transport: asyncio.Transport, receive: Receive, send: Send
) -> None:
    """`run` performs the request as it should be; whether it is called at all is the fault's choice."""
    reply = await run() if fault.then_execute or not (fault.answers() or fault.delay_ms) else None
    if fault.delay_ms:
        await asyncio.sleep(fault.delay_ms / 1000)
    if not fault.answers():
        await send_reply(_dressed(reply or await run(), fault), send)
    elif fault.cut is not None or fault.garbage == "protocol":
        transport.write(_fragment(fault, reply))
        transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
    elif fault.never_end:
        await _trickle(fault, receive, send)
    else:
        await send_reply(_dressed(_wrong(fault), fault), send)


def _dressed(reply: Reply, fault: Fault) -> Reply:
    if not fault.headers:
        return reply
    named = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in fault.headers.items()}
    reply.media = named.pop(b"content-type", reply.media)
    reply.headers = (*(one for one in reply.headers if one[0] not in named), *named.items())
    return reply


def _wrong(fault: Fault) -> Reply:
    if fault.garbage:
        return Reply(fault.status or 200, b'{"data": [{"id": "65\xff\x00\xfe, <<<')
    if fault.huge is not None:
        return Reply(fault.status or 200, stream=_huge(fault.huge))
    if fault.html:
        return Reply(fault.status or 200, _HTML, b"text/html; charset=utf-8")
    body = fault.body
    if isinstance(body, str):
        return Reply(fault.status or 200, body.encode(), b"text/plain; charset=utf-8")
    if body is None:
        body = {"error": {"code": "fault", "message": "This error was asked for."}}
    return Reply(fault.status or 200, b"" if fault.status in {204, 304} else orjson.dumps(body))


async def _huge(size: int) -> Any:
    start, end = b'{"data":"', b'"}'
    left = max(0, size - len(start) - len(end))
    yield start
    while left:
        part = min(left, _CHUNK)
        left -= part
        yield b"x" * part
    yield end


def _fragment(fault: Fault, reply: Reply | None) -> bytes:
    if fault.garbage == "protocol":
        return b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n\x00\xff"
    body = (
        reply.body
        if reply is not None and reply.body
        else b'{"data":{"id":"0123456789abcdef01234567","name":"half of it"}}'
    )
    status = reply.status if reply is not None else fault.status or 200
    head = b"HTTP/1.1 %d OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (status, JSON, len(body))
    match fault.cut:
        case "headers":
            return head[: len(head) // 2]
        case "body":
            return head + body[: len(body) // 2]
        case _:
            return b""


async def _trickle(fault: Fault, receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await send({"type": "http.response.start", "status": fault.status or 200, "headers": [(b"content-type", JSON)]})
        await send({"type": "http.response.body", "body": b'{"data":"', "more_body": True})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.wait([gone], timeout=_TRICKLE_SECONDS)
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
