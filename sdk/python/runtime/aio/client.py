"""The client without its resources, which a library adds to it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ..deployment import Deployment

if TYPE_CHECKING:
    import httpx
    from typing_extensions import ParamSpec, Self

    from ..calls import Answer, Timeout
    from ..limits import Limit
    from ..tokens import OAuth

    P = ParamSpec("P")

T = TypeVar("T")


class RawResponse(Generic[T]):
    """What a method gives back, and the answer it came in. Names of headers are in lower case."""

    def __init__(self, data: T, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.data, self.status, self.headers, self.body = data, status, headers, body

    def __repr__(self) -> str:
        return f"RawResponse(status={self.status}, data={self.data!r})"

    @property
    def request_id(self) -> str:
        """What support finds the request by."""
        return self.headers.get("x-request-id", "")


class Part(Generic[T]):
    """A resource of a client, whose module is read when it is first used. module: its name, beside the client's own;
    testing: it is there with a test token only.
    """

    def __init__(self, module: str, name: str, *, testing: bool = False) -> None:
        self._module, self._name, self._testing = module, name, testing

    def __set_name__(self, owner: type, name: str) -> None:
        self._package, self._attribute = owner.__module__, name

    @overload
    def __get__(self, client: None, owner: type) -> Part[T]: ...
    @overload
    def __get__(self, client: AsyncApi, owner: type) -> T: ...
    def __get__(self, client: AsyncApi | None, owner: type) -> Any:
        if client is None:
            return self
        if self._testing:
            from .. import sandboxes

            sandboxes.required(client._transport.token)  # noqa: SLF001
        made = getattr(import_module(f".{self._module}", self._package), self._name)(client._transport)  # noqa: SLF001
        # From now on it is found before this is asked.
        client.__dict__[self._attribute] = made
        return made


class AsyncApi:
    """A connection to the API. Use it in an `async with`, or call `close()` at the end; one serves a whole program."""

    _deployment: Deployment

    def __init__(
        self,
        token: str | None = None,
        *,
        oauth: OAuth | None = None,
        base_url: str | None = None,
        timeout: float | Timeout | None = None,
        max_retries: int = 2,
        headers: Mapping[str, str] | None = None,
        pace: bool = True,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """token: a personal access token; oauth: the tokens of an app in its place. Where neither is given, the token is that
        of the environment, and so is the address (`…_TOKEN`, `…_BASE_URL`). timeout: a number is the longest that a whole
        call may take. pace: wait for the next free request rather than be refused.
        """
        # What requests need is read by the first client, not by an import that may be for a type.
        from ..calls import Timeout
        from .transport import AsyncTransport

        about = self._deployment
        prefix = about.name.upper().replace("-", "_")
        if (token is None) == (oauth is None) and (token or (token := os.environ.get(f"{prefix}_TOKEN"))) is None:
            raise ValueError(f"give a token, or set {prefix}_TOKEN")
        if token is not None and oauth is not None:
            raise ValueError("give a token or oauth, not both")
        self._transport = AsyncTransport(
            about,
            base_url or os.environ.get(f"{prefix}_BASE_URL") or about.origin,
            oauth if oauth is not None else token or "",
            timeout if isinstance(timeout, Timeout) else Timeout() if timeout is None else Timeout(total=timeout),
            max_retries,
            {name.lower(): value for name, value in (headers or {}).items()},
            pace,
            http_client,
        )

    @property
    def base_url(self) -> str:
        """Where the API is that it asks."""
        return self._transport.base_url

    @property
    def limits(self) -> Mapping[str, Limit]:
        """What the last answer said of each limit; empty before the first answer."""
        return self._transport.pace.limits

    def with_options(
        self,
        *,
        timeout: float | Timeout | None = None,
        max_retries: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """A client with other options and the same connections: `client.with_options(max_retries=0).contacts.get(id)`."""
        from ..calls import Timeout

        now = self._transport
        changed = (
            timeout if isinstance(timeout, Timeout) else now.timeout if timeout is None else Timeout(total=timeout)
        )
        retries = now.max_retries if max_retries is None else max_retries
        more = {name.lower(): value for name, value in (headers or {}).items()}
        other = object.__new__(type(self))
        other._transport = now.altered(changed, retries, now.own_headers | more)
        return other

    def with_raw_response(self, method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[RawResponse[T]]]:
        """A method that gives the answer, too: `await client.with_raw_response(client.contacts.get)(id)`."""
        from .transport import WATCHED

        async def watched(*args: Any, **kwargs: Any) -> RawResponse[T]:
            answers: list[Answer] = []
            reset = WATCHED.set(answers)
            try:
                data = await method(*args, **kwargs)
            finally:
                WATCHED.reset(reset)
            last = answers[-1]
            return RawResponse(data, last.status, last.headers, last.body)

        return watched

    async def close(self) -> None:
        """Close its connections."""
        await self._transport.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
