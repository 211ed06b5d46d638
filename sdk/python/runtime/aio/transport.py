"""Sends calls and gives back their answers: connections, repetitions, pace and tokens."""

from __future__ import annotations

import contextvars
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..calls import Answer, Attempts, Call, Timeout
from ..deployment import Deployment
from ..errors import ApiError, ConnectionFailed, SignInNeeded, TimedOut
from ..limits import Pace
from ..tokens import OAuth, Tokens
from . import platform

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

WATCHED: contextvars.ContextVar[list[Answer] | None] = contextvars.ContextVar("watched", default=None)
"""Where the answers of this context are noted, when somebody wants the raw ones."""

_REFRESHABLE = "token_expired"


@cache
def _trusted() -> SSLContext:
    """The certificates that are trusted. Reading them takes longer than everything else, so clients share them."""
    import httpx

    return httpx.create_ssl_context()


class AsyncTransport:
    """What the resources of one client share. `sleep` can be replaced, for tests that do not want to wait."""

    def __init__(
        self,
        deployment: Deployment,
        base_url: str,
        token: str | OAuth,
        timeout: Timeout,
        max_retries: int,
        headers: dict[str, str],
        pace: bool,
        http: httpx.AsyncClient | None,
    ) -> None:
        import httpx

        self.deployment, self.base_url, self.token = deployment, base_url.rstrip("/"), token
        self.timeout, self.max_retries, self.own_headers, self.paces = timeout, max_retries, headers, pace
        # Redirects are not followed: the API sends none, and a token is for nobody else.
        self.http = http if http is not None else httpx.AsyncClient(follow_redirects=False, verify=_trusted())
        self.pace = Pace()
        self.sleep: Callable[[float], Awaitable[None]] = platform.sleep
        self._refreshing = platform.Lock()

    def altered(self, timeout: Timeout, max_retries: int, headers: dict[str, str]) -> AsyncTransport:
        """Another with the same connections, tokens and pace."""
        other = AsyncTransport(
            self.deployment, self.base_url, self.token, timeout, max_retries, headers, self.paces, self.http
        )
        other.pace, other.sleep, other._refreshing = self.pace, self.sleep, self._refreshing
        return other

    async def send(self, call: Call) -> Answer:
        """The answer to a call, which is a success. Raises Error."""
        async with self.opened(call) as response:
            answer = Answer(response.status_code, dict(response.headers), response.content)
            if (watched := WATCHED.get()) is not None:
                watched.append(answer)
            return answer

    @asynccontextmanager
    async def opened(self, call: Call, *, stream: bool = False) -> AsyncIterator[httpx.Response]:
        """A successful answer, whose body is read already unless it is a stream. Raises Error."""
        import httpx

        total = self.timeout.total
        attempts = Attempts(call, self.max_retries, None if total is None else time.monotonic() + total)
        refreshed = False
        while True:
            bearer = await self._bearer()
            await self._paced()
            try:
                response = await self._attempt(call, bearer, attempts, stream=stream)
            except ConnectionFailed as error:
                wait = attempts.lost(error, time.monotonic(), sent=not isinstance(error.__cause__, httpx.ConnectError))
                await self.sleep(wait)
                continue
            if response.is_success:
                break
            answer = Answer(response.status_code, dict(response.headers), response.content)
            error_told = answer.error(self.deployment.codes)
            if attempts.deleted(error_told):
                break
            if error_told.code == _REFRESHABLE and isinstance(self.token, OAuth) and not refreshed:
                refreshed = True
                await self._refresh(self.token, bearer)
                continue
            await self.sleep(attempts.answered(error_told, time.monotonic()))
        try:
            yield response
        finally:
            await response.aclose()

    async def _attempt(self, call: Call, bearer: str, attempts: Attempts, *, stream: bool) -> httpx.Response:
        """One answer, whatever its status; its body is read unless it is a stream that succeeded."""
        import httpx

        request = self.http.build_request(
            call.method,
            self.base_url + call.target,
            content=platform.sendable(call.content()),
            headers=self._headers(call, bearer),
            timeout=self._timeouts(attempts.deadline),
        )
        try:
            response = await self.http.send(request, stream=True)
            self.pace.learn(response.headers, time.monotonic())
            if not (stream and response.is_success):
                await response.aread()
        except httpx.TimeoutException as error:
            raise TimedOut(f"no answer in time: {call.method} {call.path}") from error
        except httpx.TransportError as error:
            raise ConnectionFailed(f"{call.method} {call.path}: {str(error) or type(error).__name__}") from error
        return response

    def _timeouts(self, deadline: float | None) -> httpx.Timeout:
        import httpx

        left = None if deadline is None else max(0.001, deadline - time.monotonic())
        connect, read = (
            min(each for each in (limit, left, float("inf")) if each is not None)
            for limit in (self.timeout.connect, self.timeout.read)
        )
        infinite = float("inf")
        return httpx.Timeout(None if read == infinite else read, connect=None if connect == infinite else connect)

    def _headers(self, call: Call, bearer: str) -> dict[str, str]:
        import httpx

        about = self.deployment
        agent = f"{about.name}-python/{about.version} httpx/{httpx.__version__}"
        fixed = {"Authorization": f"Bearer {bearer}", "Version": about.contract, "User-Agent": agent}
        return self.own_headers | fixed | call.headers()

    async def _paced(self) -> None:
        if self.paces and (wait := self.pace.wait(time.monotonic())) > 0:
            await self.sleep(wait)

    async def _bearer(self) -> str:
        if isinstance(self.token, str):
            return self.token
        used = self.token.tokens
        if used.stale and used.refresh_token is not None:
            await self._refresh(self.token, used.access_token)
        return self.token.tokens.access_token

    async def _refresh(self, oauth: OAuth, used: str) -> None:
        """New tokens in place of those with the access token `used`, unless another call has got them meanwhile."""
        async with self._refreshing:
            if oauth.tokens.access_token != used:
                return
            tokens = await self._asked(oauth)
            if oauth.save is not None:
                await platform.called(oauth.save, tokens)

    async def _asked(self, oauth: OAuth) -> Tokens:
        import httpx

        headers = oauth.headers() | {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        content = urlencode(oauth.form()).encode()
        call = Call("POST", "/oauth/token")
        attempts = Attempts(call, self.max_retries, None)
        while True:
            try:
                response = await self.http.post(
                    f"{self.base_url}/oauth/token", content=content, headers=headers, timeout=self._timeouts(None)
                )
                if response.status_code >= 500 or response.status_code == 429:
                    told = Answer(response.status_code, dict(response.headers), response.content)
                    await self.sleep(attempts.answered(told.error({}), time.monotonic()))
                    continue
            except httpx.TransportError as error:
                failed = ConnectionFailed(f"no new tokens: {str(error) or type(error).__name__}")
                await self.sleep(attempts.lost(failed, time.monotonic(), sent=True))
                continue
            except ApiError as error:
                raise SignInNeeded(f"status_{error.status}", error.detail) from error
            try:
                answer = json.loads(response.content)
            except ValueError:
                answer = None
            return oauth.taken(response.status_code, answer)
