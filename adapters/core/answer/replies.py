"""What a service's status means for the caller. Bodies of failures are read for field names only, never passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from adapters.core.answer.from_service import STRANGE
from adapters.core.calls import Reply
from adapters.core.faults import Conflict, Fault, FieldError, Invalid, RecordNotFound, ServiceFailed, ServiceThrottled


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
_NAME = re.compile(r"[A-Za-z0-9_ -]{1,64}", re.ASCII)
_PLACE = re.compile(r"\.([0-9]{1,4})(?=\.|$)", re.ASCII)
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
        FieldError(where, "refused", _message(texts))
        for name, texts in error.fields.items()
        if (where := _pointer(name, pointers))
    ]
    for each in error.rows:
        where = _pointer(each.field or "", pointers)
        column = where[1:].partition("/")[0] or None
        errors.append(FieldError(where, "refused", _message([each.message]), row=each.row, column=column))
    return Invalid(errors or [FieldError("", "refused", "The values were refused together.")])


def _pointer(name: str, pointers: Mapping[str, str]) -> str:
    """The public place of what the service calls `name`, as exactly as it is known; empty when it is nobody's."""
    field, _, step = name.partition(".")
    # The workspace's own names may have dots: of several steps it is not known whether they are one name.
    if f"{field}.*" in pointers and _NAME.fullmatch(step):
        return f"{pointers[field]}/{step}"
    places = _PLACE.findall(name)
    found = pointers.get(name) or pointers.get(_PLACE.sub(".#", name)) or pointers.get(field, "")
    for place in places[: found.count("#")]:
        found = found.replace("#", place, 1)
    return found


def _message(texts: list[str]) -> str:
    text = texts[0][:160] if texts else ""
    if _PLAIN.fullmatch(text) and not _CAMEL.search(text):
        return f"The value was refused: {text.removesuffix('.')}."
    return "The value was refused."
