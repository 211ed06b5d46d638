"""Contacts as CSV: import (all rows or none) and export (streamed)."""

import asyncio
import csv
import io
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

import orjson

from sandbox.answers import Refused, Reply, data
from sandbox.entities import CONTACTS
from sandbox.fields import Field, Kind
from sandbox.guard import Call, Operation
from sandbox.scene import Row
from sandbox.schema import load
from sandbox.store import Store, connect, transaction
from sandbox.watch import kept
from sandbox.writing import WriteScene, scene_of

_LARGEST_IMPORT = 50 * 1024 * 1024
_IN_MEMORY = 1024 * 1024
_FAULTS_TOLD = 100
_ROWS_AT_ONCE = 500
EXPORTED = (
    "id", "firstName", "lastName", "name", "email", "phoneNumbers", "jobTitle", "companyId", "assigneeId", "source",
    "lifecycleStage", "leadScore", "tags", "customFields", "lastContactedAt", "createdAt", "updatedAt",
)  # fmt: skip


def operations() -> dict[str, dict[str, Operation]]:
    return {
        "/api/crm/contacts/import": {"POST": Operation(_import, documented=True, streams=True)},
        "/api/crm/contacts/export": {"GET": Operation(_export, documented=True)},
    }


async def _import(call: Call) -> Reply:
    media = (call.header(b"content-type") or "").split(";")[0].strip().lower()
    if media != "text/csv":
        raise Refused(415, "content_type_unsupported", "The body must be text/csv.")
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        await _receive(call, spool)
        spool.seek(0)
        # a large file takes seconds: in a thread, on a connection of its own, while other calls go on
        async with call.home.held():
            store = call.home.writable()
            path = store.connection.execute("PRAGMA database_list").fetchone()[2]
            ids, scene = await asyncio.to_thread(_insert_all, path, call, spool)
            store.changed(CONTACTS)
    call.services.emitter.emit(call.home, scene.happened)
    reply = data({"imported": len(ids), "ids": ids})
    reply.created = len(ids)
    return reply


async def _receive(call: Call, spool: IO[bytes]) -> None:
    size, more = 0, True
    while more:
        message = await call.receive()
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if message["type"] == "http.disconnect":
            raise Refused(400, "import_failed", "The file broke off.", members={"rows": []})
        call.seen.body = kept(call.seen.body + kept(chunk))
        size += len(chunk)
        if size > _LARGEST_IMPORT:
            raise Refused(413, "body_too_large", "The file is larger than 50 MiB.")
        spool.write(chunk)


def _insert_all(path: str, call: Call, spool: IO[bytes]) -> tuple[list[str], WriteScene]:
    connection = connect(path)
    try:
        scene = scene_of(call, Store(connection), call.home.directory)
        with transaction(connection):
            rows = _Rows(spool, scene)
            ids: list[str] = []
            for batch in rows.batches():
                scene.insert_all(CONTACTS, batch)
                ids += [row["id"] for row in batch]
            if rows.faults:
                raise Refused(400, "import_failed", "Some rows were not accepted.", members={"rows": rows.faults})
        return ids, scene
    except sqlite3.OperationalError as busy:
        raise Refused(500, "internal", "The database is busy.") from busy
    finally:
        connection.close()


class _Rows:
    """The rows of a file, checked one by one; `faults` fills while they are read."""

    def __init__(self, spool: IO[bytes], scene: WriteScene) -> None:
        self._reader = csv.reader(io.TextIOWrapper(spool, "utf-8-sig", newline=""), strict=True)
        self._scene = scene
        self.faults: list[dict[str, Any]] = []

    def batches(self) -> Iterator[list[Row]]:
        """Batches of accepted rows; after the first fault nothing more is made, only faults are gathered."""
        fields = self._header()
        batch: list[Row] = []
        for number, cells in self._numbered():
            row = self._row(number, cells, fields)
            if row is not None and not self.faults:
                batch.append(row)
            if len(batch) == _ROWS_AT_ONCE:
                yield batch
                batch = []
            if len(self.faults) >= _FAULTS_TOLD:
                return
        yield batch

    def _header(self) -> list[Field | None]:
        try:
            names = next(self._reader, None)
        except (csv.Error, UnicodeDecodeError):
            names = None
        if not names:
            raise Refused(400, "import_failed", "There are no column names in UTF-8.", members={"rows": []})
        if len(set(names)) != len(names):
            raise Refused(400, "import_failed", "A column name occurs twice.", members={"rows": []})
        known = {field.name: field for field in CONTACTS.fields if field.writable}
        return [known.get(name.strip()) for name in names]

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        number = 0
        while True:
            number += 1
            try:
                cells = next(self._reader, None)
            except (csv.Error, UnicodeDecodeError) as broken:
                self._fault(number, None, f"cannot be read: {broken}")
                return
            if cells is None:
                return
            if cells:
                yield number, cells

    def _row(self, number: int, cells: list[str], fields: list[Field | None]) -> Row | None:
        if len(cells) != len(fields):
            self._fault(number, None, f"has {len(cells)} cells, the column names are {len(fields)}")
            return None
        body: dict[str, Any] = {}
        for field, cell in zip(fields, cells, strict=True):
            if field is not None and cell:
                try:
                    body[field.name] = _value(field, cell)
                except ValueError as complaint:
                    self._fault(number, field.name, str(complaint))
        try:
            return CONTACTS.created(body, self._scene.key(CONTACTS.key), self._scene)
        except Refused as refused:
            for name, complaints in (refused.fields or {}).items():
                self._fault(number, name, complaints[0])
            return None

    def _fault(self, row: int, field: str | None, message: str) -> None:
        if len(self.faults) < _FAULTS_TOLD:
            self.faults.append({"row": row, "field": field, "message": message})


def _value(field: Field, cell: str) -> Any:
    if field.kind is Kind.LIST:
        return [item.strip() for item in cell.split(";") if item.strip()]
    if field.kind is Kind.OBJECT:
        try:
            return orjson.loads(cell)
        except orjson.JSONDecodeError:
            raise ValueError("must be JSON") from None
    return cell


async def _export(call: Call) -> Reply:
    disposition = (b"content-disposition", b'attachment; filename="contacts.csv"')
    stream = _exported(call.home.store, call.tenant.number)
    return Reply(200, media=b"text/csv; charset=utf-8", headers=(disposition,), stream=stream)


async def _exported(store: Store, tenant: int) -> AsyncIterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(EXPORTED)
    after = -1
    while True:
        rows = store.batch(CONTACTS, tenant, after, _ROWS_AT_ONCE)
        for number, document in rows:
            writer.writerow(_cells(load(document)))
            after = number
        yield text.getvalue().encode()
        if len(rows) < _ROWS_AT_ONCE:
            return
        text.seek(0)
        text.truncate()
        # a fast reader never makes the server wait, so other calls would
        await asyncio.sleep(0)


def _cells(row: Row) -> Iterator[str]:
    for name in EXPORTED:
        value = row[name]
        if isinstance(value, list):
            yield ";".join(value)
        elif isinstance(value, dict):
            yield orjson.dumps(value).decode()
        else:
            yield "" if value is None else str(value)
