"""A live service under questions: asked as the gateway asks, and told apart from a path that leads nowhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.core.calls import Call, File, Id
from gateway.upstream import Pool, Response, UpstreamError, line

_ODD = b"-gateway-probe"
_TRIES = 3
_MOST_PATIENCE = 61.0
_JSON = line(b"Content-Type", b"application/json")
_CSV = line(b"Content-Type", b"text/csv; charset=utf-8")
# What differs from answer to answer of the very same kind: moments, counters, request ids.
_PASSING = re.compile(rb"[0-9][0-9a-fA-F:.\-TZ]*|[0-9a-f]{8,}")
_STEADY = frozenset(
    {b"content-type", b"allow", b"www-authenticate", b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-powered-by"}
)


@dataclass(frozen=True, slots=True)
class Named:
    """The record a call is about: its internal id, or both where it lies beneath another, and whether it is known to exist."""

    id: Id
    exists: bool

    @property
    def text(self) -> str:
        """The id as it stands in a path."""
        return str(self.id[-1] if isinstance(self.id, tuple) else self.id)


class Service:
    """One service, asked one call at a time. `headers`: the lines that say on whose behalf; beside: the others, by name, for
    lists of theirs beneath a record of this one.
    """

    def __init__(self, name: str, pool: Pool, headers: bytes, beside: Mapping[str, Service] | None = None) -> None:
        self.name = name
        self._beside = beside or {}
        self._pool = pool
        self._headers = headers
        # Whether a missing record is answered otherwise than a missing path; None until it was seen.
        self.tells_apart: bool | None = None

    async def ask(self, call: Call) -> Response:
        """The answer, after waiting out the service's rate limit; UpstreamError when there is none."""
        if call.service != self.name:
            if call.service not in self._beside:
                raise UpstreamError(f"services.{call.service} is not configured", sent=False)
            return await self._beside[call.service].ask(call)
        body, kind = call.body, _JSON if call.body else b""
        if isinstance(body, File):
            body, kind = b"".join([piece async for piece in body.content()]), _CSV
        for tries in range(1, _TRIES + 1):
            answer = await self._pool.request(
                call.method, call.path, self._headers + kind, body, idempotent=not call.writes
            )
            if answer.status != 429 or tries == _TRIES:
                break
            await asyncio.sleep(_patience(answer))
        return answer

    async def beginning(self, call: Call) -> tuple[Response, bytes]:
        """The head of an answer and its first line, of a body that may be long."""
        async with self._pool.stream(call.method, call.path, self._headers) as answer:
            first = b""
            async for piece in answer:
                first += piece
                if b"\n" in first:
                    break
            return Response(answer.status, answer.headers, b""), first.partition(b"\n")[0] + b"\n"

    async def nowhere(self, call: Call, record_id: str) -> Response:
        """What the same call gets on a path that cannot exist: a nonsense collection beside the real one."""
        path, _, query = call.path.partition(b"?")
        before, found, after = path.partition(b"/" + record_id.encode())
        odd = before + _ODD + found + after if found else path + _ODD
        asked = Call(call.service, call.method, odd + (b"?" + query if query else b""), call.body, writes=call.writes)
        return await self.ask(asked)

    async def calibrate(self, call: Call, record_id: str) -> Response:
        """Learn from a call that is known to be answered, here about a record that is not there; its answer."""
        answer = await self.ask(call)
        if answer.status == 404:
            apart = _kind(answer, record_id) != _kind(await self.nowhere(call, record_id), record_id)
            self.tells_apart = apart and self.tells_apart is not False
        return answer

    async def lacks(self, call: Call, answer: Response, named: Named | None) -> bool | None:
        """Whether the service has no such call; None when its 404 may as well mean that there is no such record."""
        if answer.status in (405, 501):
            return True
        if answer.status != 404:
            return False
        if named is None or named.text.encode() not in call.path:
            return True
        alike = _kind(answer, named.text) == _kind(await self.nowhere(call, named.text), named.text)
        if not alike:
            self.tells_apart = self.tells_apart is not False
            return False
        return True if named.exists or self.tells_apart else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


def _kind(answer: Response, record_id: str) -> tuple[int, frozenset[bytes], bytes]:
    """What stays the same from one answer to another of its kind, whichever path and record they are about."""
    body = answer.body.replace(_ODD, b"").replace(record_id.encode(), b"")
    return answer.status, _STEADY & {name for name, _ in answer.headers}, _PASSING.sub(b"", body)


def _patience(answer: Response) -> float:
    told = answer.header(b"retry-after") or b""
    return min(float(told), _MOST_PATIENCE) if told.isdigit() else 5.0
