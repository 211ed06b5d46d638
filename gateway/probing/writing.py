"""What only writing can tell. Each resource gets a record of the probe's own, which is changed and deleted again.

Where nothing could delete it, none is made: the calls are then asked in ways that make and change nothing, with an empty
create, about a record that is not there, or with a change of nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from adapters.core.calls import Call, File, Id, Input
from adapters.core.declare.resource import Resource
from adapters.core.faults import Fault, Invalid
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Fields
from adapters.core.shapes import Field, Shape
from gateway.probing.declared import face_of, sample_id
from gateway.probing.driving import Driven, drive, entered, first_call, judged, shown
from gateway.probing.findings import Finding, Verdict
from gateway.probing.patched import documented, limited
from gateway.probing.rows import Row, record_of
from gateway.probing.service import Named, Service

MARK = "gateway probe, to be deleted"
UNCHANGED = "answers, and leaves the record as it was"
_CHANGED = "gateway probe, changed, to be deleted"
# An id that is shorter than this may be somebody's by chance, and is never written to.
_LONG_ENOUGH = 16


@dataclass(slots=True)
class _Made:
    """A record of the probe's own, as the service and as a client has it."""

    id: str | int
    row: Row
    public: dict[str, Any]
    known_by: str = f"named {MARK!r}"


class Writer:
    """Asks one service what it lets the probe write. left: what could not be deleted, for people."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._above: Id = None
        self.left: list[str] = []

    def unasked(self, operation: Operation, record_id: Id) -> Finding:
        """The finding when writes are not allowed."""
        face = face_of(operation)
        call = first_call(face.plan, Input(ids=(record_id, "word"), body={"field": "value"}), str(record_id))
        return Finding(operation.name, call, Verdict.NOT_ASKED, "it writes")

    async def learn(self, operations: Sequence[Operation], existing: Named, absent: Named) -> None:
        """Find out by a change of nothing whether the service tells a missing record from a missing path."""
        for operation in operations if self._service.tells_apart is None else ():
            call = _of_nothing(operation, existing.id)
            if call is not None and call.method == b"PATCH" and (await self._service.ask(call)).status < 404:
                missing = _of_nothing(operation, absent.id)
                assert missing is not None
                await self._service.calibrate(missing, absent.text)

    async def resource(
        self, resource: Resource, operations: Sequence[Operation], existing: Named | None = None, above: Id = None
    ) -> list[Finding]:
        """The findings about everything that writes. existing: a record of somebody's, of which nothing is changed; above: one
        beneath which records are made.
        """
        self._above = above
        named = {each.name.partition(".")[2]: each for each in operations}
        create, delete = named.pop("create", None), named.pop("delete", None)
        absent, made, found = Named(sample_id(resource), exists=False), None, {}
        writable = len(absent.text) >= _LONG_ENOUGH
        deleting = await self._deleting(delete, absent) if delete is not None and writable else None
        cleanable = delete is not None and (deleting is None or self._deletes(deleting))
        try:
            if create is not None:
                found["create"], made = await self._create(create, cleanable=cleanable)
                if made is not None and not cleanable:
                    # What was not meant to be made tells what could not be known before: whether it can be deleted.
                    deleting = await self._clean_up(resource, delete, made)
                    made = None
                    if deleting is not None and deleting.verdict is Verdict.ANSWERS:
                        found["create"], made = await self._create(create, cleanable=True)
            for name, operation in named.items():
                if made is not None or writable or not operation.params:
                    found[name] = await self._change(operation, made, absent)
                else:
                    found[name] = replace(
                        self.unasked(operation, absent.id),
                        note="there is no record to write to",
                        verdict=Verdict.UNCLEAR,
                    )
                if made is None and found[name].verdict is Verdict.UNCLEAR and existing is not None:
                    found[name] = await self._nothing(operation, existing) or found[name]
                fields = documented(resource, operation)
                unseen = made is None and not cleanable and found[name].verdict is not Verdict.MISSING
                if fields is not None and (unseen or found[name].note == UNCHANGED):
                    found[name] = limited(found[name], fields, resource.upstream.patched)
        finally:
            # Also when the probe is interrupted: the record must not stay.
            if made is not None:
                deleting = await self._clean_up(resource, delete, made)
        if delete is not None:
            found["delete"] = deleting or replace(
                self.unasked(delete, absent.id), note="there is no record to delete", verdict=Verdict.UNCLEAR
            )
        return list(found.values())

    def _deletes(self, finding: Finding) -> bool:
        """Whether what is made can be deleted, as far as can be known before: some services answer alike for both."""
        if finding.verdict is Verdict.UNCLEAR:
            return self._service.tells_apart is False
        return finding.verdict is Verdict.ANSWERS

    async def _deleting(self, delete: Operation, absent: Named) -> Finding:
        driven = await drive(self._service, face_of(delete).plan(Input(ids=(absent.id,))))
        verdict, note = await judged(self._service, driven, absent)
        return Finding(delete.name, _call(driven, absent.text), verdict, note)

    async def _create(self, create: Operation, *, cleanable: bool) -> tuple[Finding, _Made | None]:
        face = face_of(create)
        assert face.sends is not None
        request = _smallest(face, face.sends.shape) if cleanable else None
        if request is None:
            return await self._refused_create(create, face)
        driven = await drive(self._service, face.plan(request))
        made = _made(driven)
        verdict, note = await judged(self._service, driven)
        if isinstance(driven.fault, Invalid):
            note = "refused the smallest record: " + "; ".join(
                f"{error.pointer} {error.message}" for error in driven.fault.errors
            )
        elif made is None and verdict not in (Verdict.MISSING, Verdict.ANSWERS):
            self.left.append(f"{create.first}: look for a record named {MARK!r}; its create ended unclear ({note})")
        return Finding(create.name, _call(driven, None), verdict, note), made

    async def _refused_create(self, create: Operation, face: Face) -> tuple[Finding, _Made | None]:
        ids = () if self._above is None else (self._above,)
        driven = await drive(self._service, face.plan(Input(ids=ids)))
        made = _made(driven)
        verdict, note = await judged(self._service, driven)
        status = driven.said[-1][1].status if driven.said else 0
        if made is not None:
            made.known_by = "made by a create without any field"
            note = "makes a record of nothing"
        elif status in (400, 422):
            verdict, note = (
                Verdict.ANSWERS,
                f"refused an empty record with {status}; none was made, it could not be deleted",
            )
        return Finding(create.name, _call(driven, None), verdict, note), made

    async def _change(self, operation: Operation, made: _Made | None, absent: Named) -> Finding:
        face = face_of(operation)
        named = absent if made is None else Named(made.id, exists=True)
        if operation.body is Body.FILE and face.sends is not None:
            # Column names and no row: a file that makes nothing.
            required = [field.held for field in face.sends.shape.fields if field.required]
            request = Input(file=_file((",".join(required) + "\n").encode()))
        else:
            try:
                request = _request(operation, face, named.id, made.public if made else {})
            except Fault as fault:
                return replace(
                    self.unasked(operation, named.id), verdict=Verdict.UNCLEAR, note=f"nothing to send: {fault}"
                )
        driven = await drive(self._service, face.plan(request))
        verdict, note = await judged(self._service, driven, named)
        if driven.said and driven.said[-1][1].status in (400, 422) and (made is None or request.file):
            verdict = Verdict.ANSWERS
        if verdict is Verdict.ANSWERS and made is not None and operation.body is Body.MERGE:
            row, _ = record_of(driven.raw)
            if row is not None and any(row.get(name) != value for name, value in request.body.items()):
                verdict, note = Verdict.DIFFERS, UNCHANGED
        return Finding(operation.name, _call(driven, named.text), verdict, note)

    async def _nothing(self, operation: Operation, existing: Named) -> Finding | None:
        """Ask by a call about a record of somebody's that changes nothing; None where there is no such call."""
        call = _of_nothing(operation, existing.id)
        if call is None:
            return None
        answer = await self._service.ask(call)
        if 200 <= answer.status < 300 and call.method == b"POST":
            self.left.append(f"{operation.name}: made beneath {existing.text}, without any field")
        if await self._service.lacks(call, answer, existing):
            return Finding(operation.name, shown(call, existing.text), Verdict.MISSING, f"{answer.status}")
        if answer.status >= 500 or answer.status in (401, 403, 404, 429):
            return None
        return Finding(operation.name, shown(call, existing.text), Verdict.ANSWERS, "asked to change nothing")

    async def _clean_up(self, resource: Resource, delete: Operation | None, made: _Made) -> Finding | None:
        if delete is None:
            self.left.append(f"{resource.path}: {made.id}, {made.known_by}")
            return None
        named = Named(made.id, exists=True)
        driven = await drive(self._service, face_of(delete).plan(Input(ids=(made.id,))))
        verdict, note = await judged(self._service, driven, named)
        if verdict is not Verdict.ANSWERS:
            self.left.append(f"{resource.path}: {made.id}, {made.known_by}: {note}")
        return Finding(delete.name, _call(driven, str(made.id)), verdict, note)


def _of_nothing(operation: Operation, record_id: Id) -> Call | None:
    """The operation's call about a record, with a body that says nothing: a PATCH that changes nothing, or a POST that has to be
    refused for want of fields. None for any other.
    """
    face = face_of(operation)
    if len(operation.params) != 1 or operation.streamed or operation.body is Body.FILE:
        return None
    call = next(face.plan(Input(ids=(record_id,), body={"field": "value"})))
    refused = isinstance(face.sends, Fields) and any(field.required for field in face.sends.shape.fields)
    if call.method != b"PATCH" and not (call.method == b"POST" and refused):
        return None
    return Call(call.service, call.method, call.path, b"{}", writes=True)


def _request(operation: Operation, face: Face, record_id: Id, record: Mapping[str, Any]) -> Input:
    words = iter(str(kind.example) for kind in operation.words)
    # Beneath a record nothing is known, so what is named there is nobody's.
    rest = [next(words) if kind is None else kind.decode(kind.sample()) for kind in operation.params[1:]]
    document: Any = {} if operation.body is Body.EMPTY else None
    if face.sends is not None and operation.body is not Body.EMPTY:
        shape = face.sends.shape
        if operation.body is Body.MERGE:
            marked = _marked(shape)
            document = {marked.name: _CHANGED} if marked is not None else {}
        else:
            document = {field.name: _value(field, record) for field in shape.fields if field.required}
    return entered(face, record_id, *rest, document=document)


def _value(field: Field, record: Mapping[str, Any]) -> object:
    """The record's own value where it has one, so that a move leads where the record is; else the documented example."""
    own = record.get(field.name)
    return field.example if own in (None, [], {}) else own


def _smallest(face: Face, shape: Shape) -> Input | None:
    """A request for the smallest record, clearly named; None where what is smallest cannot be sent."""
    document = _least(shape)
    if document is None:
        return None
    try:
        return entered(face, document=document)
    except Invalid:
        # One of several fields is needed, and those refer to other records.
        return None


def _least(shape: Shape) -> dict[str, Any] | None:
    """The smallest record that can be sent, clearly named; None when it would have to refer to others."""
    marked = _marked(shape)
    required = {field.name: field for field in shape.fields if field.required}
    if marked is None or any(field.kind and field.kind.points_to for field in required.values()):
        return None
    return {name: field.example for name, field in required.items()} | {marked.name: MARK}


def _marked(shape: Shape) -> Field | None:
    """The field that tells people what the record is: a free text, a required one before others."""
    free = [field for field in shape.fields if not field.read_only and _free(field)]
    return next((field for field in free if field.required), free[0] if free else None)


def _free(field: Field) -> bool:
    return field.kind is not None and field.kind.free


def _made(driven: Driven) -> _Made | None:
    """What a create made, even when its answer is not what was declared."""
    if not driven.said or not 200 <= driven.said[-1][1].status < 300:
        return None
    row, _ = record_of(driven.raw)
    record_id = row.get("id") if row is not None else None
    if row is None or not isinstance(record_id, (str, int)):
        return None
    return _Made(record_id, row, driven.public.get("data", {}))


def _call(driven: Driven, record_id: str | None) -> str:
    return shown(driven.said[-1][0], record_id) if driven.said else ""


def _file(content: bytes) -> File:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    return File(pieces, len(content), sha256(content).hexdigest())
