"""Posts events to those who subscribed, once each, the way the documented services do; and misbehaves when it is told to."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from sandbox.answers import Refused
from sandbox.homes import Home
from sandbox.moments import render_instant

_AT_ONCE = 8
_TIMEOUT_SECONDS = 10.0
_JUNK = b'{"event": "deal.won", "data": '
Happened = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Manners:
    """How events are sent.

    repeat: each so many times · drop: every n-th is not sent at all · reorder: so many are held and sent backwards ·
    delay_ms: before each · tenant: a business id to name instead of the true one · junk: half a document instead.
    """

    repeat: int = 1
    drop: int = 0
    reorder: int = 0
    delay_ms: float = 0
    tenant: str | None = None
    junk: bool = False

    @staticmethod
    def read(described: dict[str, Any]) -> "Manners":
        """Refused when there is no such manner."""
        unknown = sorted(described.keys() - {one.name for one in fields(Manners)})
        if unknown:
            raise Refused(400, "fault_unknown", f"An emitter has no {unknown[0]}.")
        return replace(Manners(), **described)


@dataclass(frozen=True, slots=True)
class Post:
    """One event on its way to one address."""

    url: str
    body: bytes


def posts(home: Home, happened: Iterable[Happened], manners: Manners) -> Iterator[Post]:
    """What has to be sent of these events."""
    subscribed = [(url, frozenset(events.split())) for _, url, events, _ in home.subscriptions.all()]
    for name, told in happened:
        document = {
            "event": name,
            "timestamp": render_instant(home.now()),
            "tenantId": manners.tenant or home.tenant.id,
            "data": told,
        }
        body = _JUNK if manners.junk else orjson.dumps(document)
        for url, events in subscribed:
            if name in events:
                yield from [Post(url, body)] * manners.repeat


async def deliver(post: Post) -> int | None:
    """The status of the answer, None when there is none. Nobody documents a second attempt, so there is none."""
    address = urlsplit(post.url)
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(
                address.hostname,
                address.port or (443 if address.scheme == "https" else 80),
                ssl=address.scheme == "https" or None,
            )
            try:
                path = address.path + (f"?{address.query}" if address.query else "")
                head = (
                    f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(post.body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + post.body)
                answer = await reader.readline()
                return int(answer.split()[1])
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


class Emitter:
    """Sends in the background what requests have committed."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Post] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._held: list[Post] = []
        self._seen = 0
        self.manners = Manners()
        self.answers: dict[str, int] = {}

    def emit(self, home: Home, happened: Iterable[Happened]) -> None:
        """Send these; in the order they happened, unless told otherwise."""
        for post in posts(home, happened, self.manners):
            self._seen += 1
            if self.manners.drop and self._seen % self.manners.drop == 0:
                continue
            self._held.append(post)
        if len(self._held) >= self.manners.reorder:
            for post in reversed(self._held) if self.manners.reorder else self._held:
                self._waiting.put_nowait(post)
            self._held = []
        if not self._workers and not self._waiting.empty():
            self._workers = [asyncio.create_task(self._work()) for _ in range(_AT_ONCE)]

    def behave(self, manners: Manners) -> None:
        """From now on like this; what was held back goes out."""
        held, self._held = self._held, []
        self.manners = manners
        for post in reversed(held):
            self._waiting.put_nowait(post)

    async def _work(self) -> None:
        while True:
            post = await self._waiting.get()
            if self.manners.delay_ms:
                await asyncio.sleep(self.manners.delay_ms / 1000)
            answered = str(await deliver(post) or "none")
            self.answers[answered] = self.answers.get(answered, 0) + 1
