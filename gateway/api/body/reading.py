"""Reading a request's body: within its size and within its time, whole or piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from starlette.types import Message

from gateway.api.exchange import Exchange
from gateway.problems import BadRequest, PayloadTooLarge, RequestTimeout, UnsupportedMediaType

SLOWEST = 64 * 1024
"""Bytes a second that a long body has to come with."""

_CLOSE = ((b"connection", b"close"),)


def arrived(exchange: Exchange, most: int) -> bytes | None:
    """The whole body, if it came together with the head; None when it has to be waited for. Raises 413 or 415."""
    if exchange.body is not None:
        _announced(exchange, most)
    return exchange.body


async def whole(exchange: Exchange, most: int, timeout: float) -> bytes:
    """The whole body, of at most `most` bytes, if it arrives within `timeout` seconds; raises 400, 408, 413 or 415."""
    _announced(exchange, most)
    deadline = monotonic() + timeout
    message = await _receive(exchange, timeout)
    chunk: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(chunk) > most:
            raise _too_large(most)
        return chunk
    body = bytearray(chunk)
    while message.get("more_body", False):
        message = await _receive(exchange, deadline - monotonic())
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


async def pieces(exchange: Exchange, most: int, timeout: float) -> AsyncIterator[bytes]:
    """The body as it comes, of at most `most` bytes; raises as `whole` does.

    The client may be waited for `timeout` seconds in all, and longer for a body that keeps coming at `SLOWEST` or faster.
    """
    _announced(exchange, most)
    size, waited, more = 0, 0.0, True
    while more:
        began = monotonic()
        message = await _receive(exchange, timeout + size / SLOWEST - waited)
        waited += monotonic() - began
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        if chunk:
            yield chunk


def _announced(exchange: Exchange, most: int) -> None:
    """Refuse what the headers tell of already: a compressed body, or one too large."""
    if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        detail = "Send the body as it is, without a Content-Encoding."
        raise UnsupportedMediaType("unsupported_media_type", detail, headers=((b"accept-encoding", b"identity"),))
    length = exchange.headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > most:
        raise _too_large(most)


async def _receive(exchange: Exchange, timeout: float) -> Message:
    try:
        async with asyncio.timeout(timeout):
            message = await exchange.receive()
    except TimeoutError:
        raise RequestTimeout("body_timeout", "The body did not arrive in time.", headers=_CLOSE) from None
    if message["type"] == "http.disconnect":
        raise BadRequest("body_incomplete", "The body ended early.")
    return message


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge("payload_too_large", f"A body has at most {most} bytes.", headers=_CLOSE)
