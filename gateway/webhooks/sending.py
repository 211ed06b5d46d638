"""One attempt: a POST to an endpoint, and what came back. Whatever answers is a stranger's and bounded in every way."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.egress import urls
from gateway.egress.dialling import CONNECT, TLS, Dialler
from gateway.egress.errors import Undialled, named
from gateway.egress.resolving import TIMEOUT as RESOLVE
from gateway.egress.rules import Refused
from gateway.upstream import Pool, Streaming, Target, UpstreamError

WHOLE: Final = 20.0  # seconds of an attempt
VETTED: Final = "vetted_"
"""How the error of an attempt begins that the rules for addresses refused; the rule follows."""
_OLDEST: Final = 300.0  # seconds: an older connection meets no new judgement of its address
_READ: Final = 16 * 1024
_SHOWN: Final = 1024
_DRAIN: Final = 1.0  # seconds that the rest of an answer is worth, for the connection to be used again


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it: a `status` with the answer's `headers`, or an `error`. `head`: the beginning of a failure's body."""

    status: int | None
    error: str | None
    seconds: float
    address: str | None
    headers: Mapping[bytes, bytes]
    head: str | None

    @property
    def fine(self) -> bool:
        """Whether the endpoint took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def result(self) -> str:
        """For metrics: a class of status, or of what went wrong."""
        if self.status is None:
            return (self.error or "").partition("_")[0]
        return "429" if self.status == 429 else f"{self.status // 100}xx"


class Wire:
    """The connections to one endpoint."""

    def __init__(self, dialler: Dialler, url: str, most: int) -> None:
        self._dialler = dialler
        self._url = url
        self._most = most
        self._pool: Pool | None = None
        self._opened_at = 0.0
        self._users = 0
        self._address: str | None = None
        self._destination: urls.Destination | None = None

    @property
    def port(self) -> int:
        """Of the endpoint; 0 before it was called, or when it may not be."""
        return 0 if self._destination is None else self._destination.port

    async def post(self, headers: bytes, body: bytes) -> Sent:
        """Sends it. Never raises for what the endpoint does."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            pool, path = await self._ready(started)
        except Refused as refused:
            return Sent(None, VETTED + refused.rule, 0.0, None, {}, None)
        self._users += 1
        status: int | None = None
        found: Mapping[bytes, bytes] = {}
        head: str | None = None
        error: str | None = None
        try:
            # Every step of it is bounded by the target's total timeout.
            async with pool.stream(b"POST", path, headers, body, idempotent=True) as answer:
                took = loop.time() - started
                status, found = answer.status, dict(reversed(answer.headers))
                head = await _rest(answer, shown=not 200 <= status < 300)
                return Sent(status, None, took, self._address, found, head)
        except UpstreamError as fault:
            error = named(fault)
            if isinstance(fault, Undialled):
                self._address = fault.address or self._address
        finally:
            self._users -= 1
        took = loop.time() - started
        # What comes after the head of an answer does not change what it was.
        return Sent(status, None if status else error, took, self._address, found, head)

    async def close(self) -> None:
        """Hangs up."""
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None

    async def _ready(self, now: float) -> tuple[Pool, bytes]:
        if self._pool is not None and now - self._opened_at > _OLDEST and not self._users:
            await self.close()
        if self._pool is None or self._destination is None:
            self._destination = urls.parse(self._url, self._dialler.rules)
            scheme = "https" if self._destination.secure else "http"
            target = Target(
                base_url=f"{scheme}://{self._destination.authority}",
                connect_timeout=RESOLVE + CONNECT + TLS,
                total_timeout=WHOLE,
                max_connections=self._most,
                max_response_bytes=_READ,
                dial=self._dial,
            )
            self._pool, self._opened_at = Pool(target), now
        return self._pool, self._destination.path.encode()

    async def _dial(self, protocol: object) -> None:
        assert self._destination is not None
        self._address = await self._dialler.dial(self._destination, protocol)  # type: ignore[arg-type]


async def _rest(answer: Streaming, *, shown: bool) -> str | None:
    """Reads on, so that the connection can be used again, but neither much nor for long."""
    if answer.ended and not shown:
        return None
    read = bytearray()
    try:
        async with asyncio.timeout(_DRAIN):
            async for data in answer:
                read += data
                if len(read) > _READ:
                    break
    except (TimeoutError, UpstreamError):
        pass
    return bytes(read[:_SHOWN]).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}") if shown else None
