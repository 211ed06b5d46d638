"""Sending a request body as it comes, while watching for an early answer."""

import asyncio
import math
from collections.abc import AsyncIterator

from gateway.upstream.connection import Connection
from gateway.upstream.errors import Unsendable
from gateway.upstream.response import Response


def upload_framing(length: int | None) -> bytes:
    """The header line that frames a streamed body (RFC 9112 §6)."""
    if length is None:
        return b"Transfer-Encoding: chunked\r\n"
    if length < 0:
        raise Unsendable("negative length", sent=False)
    return b"Content-Length: %d\r\n" % length


async def send_body(
    connection: Connection,
    answer: asyncio.Future[Response],
    chunks: AsyncIterator[bytes],
    length: int | None,
    patience: float,
) -> Response:
    """Sends `chunks` on a started exchange and returns its answer; `patience` (s) bounds each wait for the service."""
    sender = asyncio.create_task(_send(connection, chunks, length, patience))
    try:
        await asyncio.wait((sender, answer), return_when=asyncio.FIRST_COMPLETED)
        if sender.done() and not answer.done():
            sender.result()
        return await answer
    finally:
        if not sender.done():
            sender.cancel()
        # Waits for the iterator to be let go, and takes a failure that came after the answer off the loop's hands.
        await asyncio.gather(sender, return_exceptions=True)
        del sender, answer  # else an error, its traceback and this frame would hold each other


async def _send(connection: Connection, chunks: AsyncIterator[bytes], length: int | None, patience: float) -> None:
    loop = asyncio.get_running_loop()
    transport = connection.transport
    sent = 0
    connection.expect_by(math.inf)
    async for chunk in chunks:
        if transport.is_closing():
            return
        if not chunk:
            continue
        sent += len(chunk)
        if length is None:
            transport.writelines((b"%x\r\n" % len(chunk), chunk, b"\r\n"))
        elif sent <= length:
            transport.write(chunk)
        else:
            raise Unsendable("body longer than its length", sent=True)
        connection.expect_by(loop.time() + patience)
        await connection.drained()
        if connection.busy:
            connection.expect_by(math.inf)
    if length is not None and sent < length:
        raise Unsendable("body shorter than its length", sent=True)
    if not transport.is_closing():
        if length is None:
            transport.write(b"0\r\n\r\n")
        connection.sending = False
        connection.expect_by(loop.time() + patience)
