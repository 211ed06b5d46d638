"""What the classes of resources are put together from: one class for each thing that many resources can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

from ..calls import Call, Upload, address, joined, new_key, question
from ..fields import Condition
from ..records import Record
from .pages import AsyncDownload, AsyncPages
from .transport import AsyncTransport

R = TypeVar("R", bound=Record)
O_ = TypeVar("O_", bound=str)
F_ = TypeVar("F_", bound=str)
T = TypeVar("T")

_MOST = 100

Where = "Condition | Mapping[str, Any]"


class Found(list[T]):
    """The records that are there, in the order their ids were asked in; `missing` are the other ids."""

    def __init__(self, items: list[T], missing: list[str]) -> None:
        super().__init__(items)
        self.missing = missing


class AsyncResource:
    """One resource of one client."""

    _path = ""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def _read(self, read: Callable[[Any], T], path: str, query: list[tuple[str, str]]) -> T:
        """`data` of a GET."""
        answer = await self._transport.send(Call("GET", path, query))
        return read(answer.envelope()["data"])

    async def _do(
        self,
        read: Callable[[Any], T],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
        *,
        key: str | None = None,
        repeatable: bool = True,
    ) -> T:
        """`data` of what changes something."""
        call = Call(method, path, query or [], body=body, key=key, writes=True, repeatable=repeatable)
        answer = await self._transport.send(call)
        return read(answer.envelope()["data"])

    async def _quietly(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> None:
        """What changes something and has nothing to tell."""
        await self._transport.send(Call(method, path, body=body, key=key, writes=True))

    def _list(self, read: Callable[[Any], T], path: str, size: int | None, **asked: Any) -> AsyncPages[T]:
        """Pages of a GET."""

        def call(cursor: str | None, limit: int | None) -> Call:
            return Call("GET", path, question(limit=limit or size, cursor=cursor, **asked))

        return AsyncPages(self._transport, call, read)


class AsyncGets(AsyncResource, Generic[R, F_]):
    """Records are read by id."""

    _record: type[R]

    async def get(self, id: str, *, fields: Iterable[F_] | None = None) -> R:
        """One record. fields: those that are wanted; all when left out."""
        return await self._read(self._record, address(self._path + "/{}", id), question(fields=joined(fields)))


class AsyncGetsMany(AsyncResource, Generic[R, F_]):
    """Records are read by many ids at once."""

    _record: type[R]

    async def get_many(self, ids: Iterable[str], *, fields: Iterable[F_] | None = None) -> Found[R]:
        """The records that are there. Any number of ids, asked for in hundreds."""
        wanted, chosen = list(ids), {} if fields is None else {"fields": list(fields)}
        found: Found[R] = Found([], [])
        for start in range(0, len(wanted), _MOST):
            body = {"ids": wanted[start : start + _MOST]} | chosen
            envelope = (await self._transport.send(Call("POST", f"{self._path}/get", body=body))).envelope()
            found += [self._record(each) for each in envelope["data"]]
            found.missing += (envelope.get("meta") or {}).get("missing", [])
        return found


class AsyncSearches(AsyncResource, Generic[R, O_, F_]):
    """Records are searched."""

    _record: type[R]

    def search(
        self,
        *,
        where: Condition | Mapping[str, Any] | Sequence[Condition | Mapping[str, Any]] | None = None,
        search_text: str | None = None,
        order_by: O_ | None = None,
        sort_direction: Literal["asc", "desc"] | None = None,
        fields: Iterable[F_] | None = None,
        page_size: int | None = None,
    ) -> AsyncPages[R]:
        """The records that all conditions hold of; the newest first when nothing else is said.

        Nothing is asked until they are iterated over, and then a page of `page_size` (1 to 100) at a time.
        """
        body: dict[str, Any] = {}
        if where is not None:
            body["filters"] = [where] if isinstance(where, (Condition, Mapping)) else list(where)
        asked = {"search_text": search_text, "order_by": order_by, "sort_direction": sort_direction}
        body |= {name: value for name, value in asked.items() if value is not None}
        if fields is not None:
            body["fields"] = list(fields)

        def call(cursor: str | None, limit: int | None) -> Call:
            size = limit or page_size
            more: dict[str, Any] = {} if size is None else {"limit": size}
            if cursor is not None:
                more["cursor"] = cursor
            return Call("POST", f"{self._path}/search", body=body | more)

        return AsyncPages(self._transport, call, self._record)


class AsyncDeletes(AsyncResource):
    """Records are deleted."""

    async def delete(self, id: str) -> None:
        """Delete a record."""
        await self._quietly("DELETE", address(self._path + "/{}", id))


class AsyncExports(AsyncResource):
    """Records come as one CSV file."""

    def export_csv(self) -> AsyncDownload:
        """All records as CSV. Nothing is asked until the file is read."""
        return AsyncDownload(self._transport, Call("GET", f"{self._path}/export", accept="text/csv"))


class AsyncImports(AsyncResource, Generic[R]):
    """Records are made from a CSV file."""

    _import: type[R]

    async def import_csv(
        self,
        file: Upload,
        *,
        dry_run: bool | None = None,
        ignore_read_only: bool | None = None,
        idempotency_key: str | None = None,
    ) -> R:
        """Make a record of each row, or none at all. dry_run: check everything and do nothing."""
        call = Call(
            "POST",
            f"{self._path}/import",
            question(dry_run=dry_run, ignore_read_only=ignore_read_only),
            upload=file,
            key=idempotency_key or new_key(),
            writes=True,
            # What is read from an open file is gone with the first attempt.
            repeatable=not hasattr(file, "read"),
        )
        return self._import((await self._transport.send(call)).envelope()["data"])
