"""What the services tell of as it happens: an internal event, and the public type that it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from adapters.core.declare.ids import IdType
from adapters.core.declare.record import Record

_NAME = re.compile(r"[a-z]+(?:_[a-z]+)*\.[a-z]+(?:_[a-z]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Event:
    """One public type of event: `Event("deal.won", "A deal was won.")`.

    why: what happened, in a sentence for the documents. internal: the service's type, where it has another name there.
    id: the members of the service's payload that make the record's id. facts: public field → the member of the payload
    that holds it; previous: the same, of what was there before. They travel only where the payload can be believed.
    having, lacking: a member that the payload must or must not have, where one internal event stands for several types.
    """

    name: str
    why: str
    _: KW_ONLY
    internal: str = ""
    id: tuple[str, ...] = ("id",)
    facts: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)
    having: str = ""
    lacking: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise TypeError(f"{self.name!r} is no type of event: an object and what became of it, with a dot between")
        object.__setattr__(self, "internal", self.internal or self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A record that a service has no call for: all that is known of it is what its events say.

    model, id, path, singular, scope, rename: as of a `Resource`, though nothing is at that path; service: which one tells of it.
    """

    model: type[Record]
    id: IdType
    path: str
    singular: str
    scope: str
    service: str
    rename: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...]
