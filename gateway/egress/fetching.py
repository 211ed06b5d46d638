"""Documents and images from addresses that a stranger named: read whole, within bounds, by the rules for every such call.

There are no cookies, no credentials, no proxies of the environment, and no connection outlives its fetch.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from gateway.egress import urls
from gateway.egress.dialling import Dialler
from gateway.egress.errors import named
from gateway.egress.rules import Refused
from gateway.upstream import Pool, Response, Target, UpstreamError

WITHIN: Final = 5.0  # seconds, with resolving, connecting and redirects
AT_ONCE: Final = 8
"""Fetches under way in one process; who comes later waits, within the same time."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Unfetched(Exception):
    """Nothing was read. `kind` is a word for metrics and logs; the text is for whoever chose the URL.

    kind: `vetted_…` with the rule that refused a URL or an address; `dns`, `connect`, `proxy`, `tls_…`, `timeout`, `too_large`,
    `invalid` or `reset`; `encoded`; `redirect` for one that was not to be followed.
    """

    for_logs = True

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of any status but a redirect's. `headers`: by lower-cased name, the first of each. `url`: where it was read."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        return self.headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()


class Fetcher:
    """`agent`: what is sent as User-Agent."""

    def __init__(self, dialler: Dialler, agent: str = "Gateway") -> None:
        self._dialler = dialler
        self._agent = agent.encode("latin-1", "replace")
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetch(
        self, url: str, *, largest: int, within: float = WITHIN, redirects: int = 0, accept: str = "*/*"
    ) -> Fetched:
        """GET `url`, of at most `largest` bytes, in `within` seconds all told. Raises Unfetched.

        redirects: how many are followed. Each target is judged as if it had been named at first, and none leads from https
        to http.
        """
        try:
            async with asyncio.timeout(within), self._places:
                for _ in range(redirects + 1):
                    answer = await self._get(url, largest, within, accept)
                    if answer.status not in _REDIRECTS:
                        return _whole(answer, url)
                    url = _next(answer, url)
        except TimeoutError:
            raise Unfetched("timeout", "there was no whole answer in time") from None
        raise Unfetched("redirect", "it leads elsewhere" if redirects == 0 else "it leads elsewhere again and again")

    async def _get(self, url: str, largest: int, within: float, accept: str) -> Response:
        try:
            destination = urls.parse(url, self._dialler.rules)
        except Refused as refused:
            raise Unfetched(f"vetted_{refused.rule}", str(refused)) from None

        async def dial(protocol: object) -> None:
            await self._dialler.dial(destination, protocol)  # type: ignore[arg-type]

        pool = Pool(
            Target(
                base_url=f"{'https' if destination.secure else 'http'}://{destination.authority}",
                connect_timeout=within,
                total_timeout=within,
                max_connections=1,
                max_response_bytes=largest,
                dial=dial,
            )
        )
        lines = b"Accept: %b\r\nAccept-Encoding: identity\r\nUser-Agent: %b\r\n" % (accept.encode(), self._agent)
        try:
            return await pool.request(b"GET", destination.path.encode(), lines, idempotent=True)
        except UpstreamError as fault:
            raise Unfetched(named(fault), _WHY.get(named(fault), "there was no usable answer")) from None
        finally:
            await pool.aclose()


_WHY: Final = {
    "dns": "its name could not be resolved",
    "timeout": "there was no whole answer in time",
    "too_large": "the answer is too large",
    "invalid": "the answer is no HTTP/1.1",
    "connect": "nobody answers there",
    "reset": "the connection ended before the answer did",
}


def _whole(answer: Response, url: str) -> Fetched:
    headers = dict(reversed(answer.headers))
    # Nothing is decoded: a few bytes may hold a gigabyte.
    if headers.get(b"content-encoding", b"identity").strip().lower() not in {b"", b"identity"}:
        raise Unfetched("encoded", "the answer is compressed, which was not asked for")
    return Fetched(answer.status, headers, answer.body, url)


def _next(answer: Response, url: str) -> str:
    location = (answer.header(b"location") or b"").decode("latin-1")
    try:
        target = urljoin(url, location)
    except ValueError:
        location = target = ""
    if not location or (url[:6].lower() == "https:" and target[:6].lower() != "https:"):
        raise Unfetched("redirect", "it leads nowhere that is read")
    return target
