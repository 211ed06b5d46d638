"""Public identifiers: a type prefix and the internal id, unchanged.

Opaque to clients, total and bidirectional: within a service's alphabet `decode(encode(x)) == x`,
and no two internal ids share a public one, because the internal id is carried whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEX24 = "[0-9a-f]{24}"
CUID = "c[a-z0-9]{8,31}"
BASE62 = "[0-9A-Za-z]{1,64}"


@dataclass(frozen=True, slots=True)
class IdType:
    """One kind of identifier: its public prefix and the alphabet of the service that owns it (a regular expression)."""

    prefix: str
    alphabet: str
    noun: str
    _match: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_match", re.compile(f"{re.escape(self.prefix)}({self.alphabet})", re.ASCII))

    @property
    def pattern(self) -> str:
        """The anchored pattern of the public form, for schemas."""
        return f"^{self.prefix}{self.alphabet}$"

    def encode(self, internal: str) -> str:
        """Internal id → public id."""
        return self.prefix + internal

    def decode(self, public: str) -> str | None:
        """Public id → internal id, or None when the prefix or the shape is wrong."""
        found = self._match.fullmatch(public)
        return found.group(1) if found else None


CONTACT = IdType("con_", HEX24, "contact")
COMPANY = IdType("cmp_", HEX24, "company")
DEAL = IdType("deal_", HEX24, "deal")
PIPELINE = IdType("pipe_", HEX24, "pipeline")
STAGE = IdType("stage_", HEX24, "pipeline stage")
TASK = IdType("task_", HEX24, "task")
NOTE = IdType("note_", HEX24, "note")
ACTIVITY = IdType("act_", HEX24, "activity")
USER = IdType("usr_", CUID, "user")
TENANT = IdType("biz_", CUID, "tenant")
TOKEN = IdType("tok_", BASE62, "token")
