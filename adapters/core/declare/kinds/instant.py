"""Moments, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare.kinds.base import ORDERED, Kind, Schema
from adapters.core.declare.kinds.source import Source
from adapters.core.declare.timestamps import MOST_LETTERS, RFC3339, read_bound, read_instant, utc

# What `outward` does with the form that services write, without calling it: a call costs as much as all of this.
_LINES = """\
if len(v) != 24:
    row.{name} = {outward}(v)
elif (w := v.removesuffix(".000Z")) != v:
    row.{name} = w + "Z"
elif v[19] != "." or v[23] != "Z":
    row.{name} = {outward}(v)"""


class Instant(Kind):
    """A moment: any RFC 3339 offset and fraction in, UTC out, fraction only when it is not zero. Services hold milliseconds."""

    operators = ORDERED
    note = "Kept to the millisecond: further digits are cut off, and a leap second is kept as the one after it."
    read = staticmethod(read_instant)

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            self.read, core_schema.str_schema(strict=True, max_length=MOST_LETTERS)
        )

    @property
    def sought(self) -> Kind:
        return Bound()

    def described(self, schema: Schema) -> Schema:
        return {"type": "string", "format": "date-time", "maxLength": MOST_LETTERS, "pattern": f"^{RFC3339.pattern}$"}

    @staticmethod
    def inward(value: str) -> str:
        head, _, fraction = value[:-1].partition(".")
        return f"{head}.{fraction:0<3}Z"

    @staticmethod
    def outward(value: str) -> str:
        if len(value) == 24 and value[19] == "." and value[23] == "Z":
            return value[:19] + "Z" if value[20:23] == "000" else value
        return utc(datetime.fromisoformat(value))

    def emit(self, name: str, source: Source) -> list[str]:
        return _LINES.format(name=name, outward=source.bind(self.outward, "outward")).splitlines()

    def comparable(self, held: Any) -> Any:
        moment = datetime.fromisoformat(held)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

    def edges(self) -> tuple[Any, ...]:
        whole = "2026-06-17T14:30:00"
        return (
            *(whole + rest for rest in ("Z", "+02:00", "", "Z\n", ".1234567891Z", ".123456789z", "+05:60", "-24:00")),
            *("2026-06-17t14:30:00.123456789z", "2026-06-17T25:30:00Z", "2026-06-17T14:30Z", "2026-06-17"),
        )


class Bound(Instant):
    """A moment that others are compared with."""

    read = staticmethod(read_bound)


Moment = Annotated[str, Instant()]
