"""Lists, which come in pages: one is asked for when it is needed, and not before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..calls import Answer, Call
from ..errors import AnswerInvalid, ConnectionFailed, TimedOut
from .transport import AsyncTransport

if TYPE_CHECKING:
    pass

T = TypeVar("T")


class Page(list[T]):
    """The records of one page. `total`: how many there are in all, where the API knows; `degraded`: values that are null only
    because what is kept of them is not valid.
    """

    def __init__(self, items: list[T], meta: Mapping[str, Any], answer: Answer) -> None:
        super().__init__(items)
        cursor = meta.get("cursor") or {}
        self.next: str | None = cursor.get("next")
        self.total: int | None = meta.get("total")
        self.degraded: list[dict[str, Any]] = meta.get("degraded") or []
        self.answer = answer


class AsyncPages(Generic[T]):
    """A list that is not asked for yet. Iterate over it for all records, or over `pages()`; each time anew."""

    def __init__(
        self, transport: AsyncTransport, call: Callable[[str | None, int | None], Call], read: Callable[[Any], T]
    ) -> None:
        self._transport, self._call, self._read = transport, call, read

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for record in page:
                yield record

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Page by page."""
        cursor: str | None = None
        while True:
            page = await self._page(cursor, None)
            yield page
            if page.next is None:
                return
            if page.next == cursor:
                raise AnswerInvalid(page.answer.status, page.answer.request_id, "a page leads to itself")
            cursor = page.next

    async def first(self) -> T | None:
        """The first record, None where there is none. No more than one is asked for."""
        page = await self._page(None, 1)
        return page[0] if page else None

    async def to_list(self, limit: int | None = None) -> list[T]:
        """All of them, or the first `limit`."""
        found: list[T] = []
        if limit == 0:
            return found
        async for record in self:
            found.append(record)
            if len(found) == limit:
                break
        return found

    async def _page(self, cursor: str | None, limit: int | None) -> Page[T]:
        answer = await self._transport.send(self._call(cursor, limit))
        envelope = answer.envelope()
        if not isinstance(envelope["data"], list):
            raise AnswerInvalid(answer.status, answer.request_id, "the page is no list")
        return Page([self._read(each) for each in envelope["data"]], envelope.get("meta") or {}, answer)


class AsyncDownload:
    """A file that is not asked for yet. What breaks off is a ConnectionFailed, so that half a file is not taken for a whole."""

    def __init__(self, transport: AsyncTransport, call: Call) -> None:
        self._transport, self._call = transport, call

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Piece by piece, as it comes."""
        import httpx

        async with self._transport.opened(self._call, stream=True) as response:
            try:
                async for piece in response.aiter_bytes():
                    yield piece
            except httpx.TimeoutException as error:
                raise TimedOut("the file did not come in time") from error
            except httpx.TransportError as error:
                raise ConnectionFailed(f"the file broke off: {str(error) or type(error).__name__}") from error

    async def text(self) -> str:
        """The whole file."""
        return b"".join([piece async for piece in self.iter_bytes()]).decode()

    async def save(self, path: str) -> None:
        """Write it to a file, piece by piece. It is left half written when it breaks off."""
        with open(path, "wb") as file:  # noqa: ASYNC230, PTH123 - a local file, whatever names it
            async for piece in self.iter_bytes():
                file.write(piece)
