"""What the probe finds out, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What is known about one operation."""

    ANSWERS = "answers"
    VIA_LIST = "via list"  # no call of its own, but the service's list can serve it
    LIMITED = "limited"  # an update that changes some of its fields, and may ignore the others
    MISSING = "missing"
    DIFFERS = "differs"  # answered, but not as declared: clients would get failures or wrong records
    UNCLEAR = "unclear"
    NOT_ASKED = "not asked"  # it writes, and writes were not allowed


UNSERVED = (Verdict.MISSING, Verdict.DIFFERS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One operation: the call that decided, with `{id}` in its path, the verdict, and why. fields: those it is limited to."""

    operation: str
    call: str
    verdict: Verdict
    note: str = ""
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Sight:
    """The shape of one resource as its service gives it. What could not be seen is None.

    never: declared names that no row had; strange: names that are not declared; misfits: ids that are not of their
    declared alphabet.
    """

    resource: str
    rows: int | None = None
    list_envelope: str | None = None
    record_envelope: str | None = None
    paging: str | None = None
    structured_search: bool | None = None
    never: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """Everything about one service. config: what belongs under its `operations`; left: records that could not be deleted."""

    service: str
    findings: list[Finding] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    config: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
