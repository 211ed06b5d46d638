"""Bytes in, bytes out: bodies read whole, replies sent."""

from starlette.types import Receive, Send

from sandbox.answers import Header, Refused, Reply

_LARGEST_BODY = 8 * 1024 * 1024


async def read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    chunks, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > _LARGEST_BODY:
            raise Refused(413, "body_too_large", "The body is larger than 8 MiB.")
        chunks.append(chunk)
    return b"".join(chunks)


async def send_reply(reply: Reply, send: Send) -> None:
    headers: list[Header] = [*reply.headers]
    if reply.status != 204:
        headers.append((b"content-type", reply.media))
    if reply.stream is None:
        if reply.status != 204:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    async for chunk in reply.stream:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
