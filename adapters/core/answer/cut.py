"""An answer cut to the fields that were asked for. Only who asks pays for it: the answer is made whole, and taken apart once more."""

from __future__ import annotations

import msgspec

from adapters.core.answer.from_service import Degraded
from adapters.core.calls import Answer

_Members = dict[str, msgspec.Raw]


class _Told(msgspec.Struct, omit_defaults=True):
    data: list[_Members] | _Members
    meta: _Members | msgspec.UnsetType = msgspec.UNSET


_read = msgspec.json.Decoder(_Told).decode
_noted = msgspec.json.Decoder(list[Degraded]).decode
_encode = msgspec.json.Encoder().encode


def cut(answer: Answer, fields: frozenset[str]) -> Answer:
    """The same answer, of records with these members alone; what it says of others that are null is left out, too."""
    told = _read(answer.body)
    if isinstance(told.data, list):
        told.data = [_only(row, fields) for row in told.data]
    else:
        told.data = _only(told.data, fields)
    if told.meta and "degraded" in told.meta:
        kept = [each for each in _noted(told.meta.pop("degraded")) if each.pointer.split("/")[1] in fields]
        if kept:
            told.meta["degraded"] = msgspec.Raw(_encode(kept))
        told.meta = told.meta or msgspec.UNSET
    answer.body = _encode(told)
    return answer


def _only(record: _Members, fields: frozenset[str]) -> _Members:
    return {name: value for name, value in record.items() if name in fields}
