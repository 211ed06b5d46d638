"""What a service's status means for the caller. Bodies of failures are read for field names only, never passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from adapters.core.calls import Reply
from adapters.core.faults import Conflict, Fault, FieldError, Invalid, RecordNotFound, ServiceFailed, ServiceThrottled
from adapters.core.outward import STRANGE


class _Row(msgspec.Struct):
    row: int
    field: str | None = None
    message: str = ""


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""
    fields: dict[str, list[str]] = {}
    rows: list[_Row] = []


class _Failure(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Failure).decode
# A validation message is passed on when it is plain words; anything with addresses, code or markup in it is not.
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ ,;'()-]+[A-Za-z0-9]+){0,24}[.)]?", re.ASCII)
_CAMEL = re.compile(r"[a-z][A-Z]")


def body_of(reply: Reply, *, record: bool = False) -> bytes:
    """The body of a successful reply. `record` says that the call named one record, so that 404 means it is not there."""
    if 200 <= reply.status < 300:
        return reply.body
    if record and reply.status == 404:
        raise RecordNotFound
    if reply.status == 429:
        raise ServiceThrottled(reply.retry_after, reply.limit)
    raise ServiceFailed(reply.status)


def written(reply: Reply, pointers: Mapping[str, str], *, record: bool) -> bytes:
    """The body of a successful write; refusals of fields and rows become `errors` with public names."""
    if reply.status in (400, 422):
        raise _refused(reply.body, pointers)
    if reply.status == 409:
        raise Conflict
    return body_of(reply, record=record)


def _refused(body: bytes, pointers: Mapping[str, str]) -> Fault:
    try:
        error = _decode(body).error
    except STRANGE:
        return ServiceFailed(400)
    errors = [
        FieldError(pointers[name.split(".")[0]], "refused", _message(texts))
        for name, texts in error.fields.items()
        if name.split(".")[0] in pointers
    ]
    for each in error.rows:
        where = pointers.get((each.field or "").split(".")[0], "")
        errors.append(FieldError(where, "refused", _message([each.message]), row=each.row, column=where[1:] or None))
    return Invalid(errors or [FieldError("", "refused", "The values were refused together.")])


def _message(texts: list[str]) -> str:
    text = texts[0][:160] if texts else ""
    if _PLAIN.fullmatch(text) and not _CAMEL.search(text):
        return f"The value was refused: {text.removesuffix('.')}."
    return "The value was refused."
