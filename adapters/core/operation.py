"""Operations: what the edge needs to know to serve one, and its face in each dated contract."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.core.calls import Call, Input, Plan, Translation
from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds import Text
from adapters.core.declare.parameter import Parameter
from adapters.core.payloads import Given, Sent
from adapters.core.shapes import Field

Unseal = Callable[[str, bytes], list[Any]]
"""(sealed cursor, fingerprint of the query) → position; raises StaleCursor."""
SealFor = Callable[[bytes], Callable[[list[Any]], str]]
"""fingerprint of the query → a function that seals positions of it."""


class Body(enum.Enum):
    """What an operation reads from the request's body."""

    NONE = "none"  # nothing, whatever is sent
    EMPTY = "empty"  # an action without fields: no body, or {}
    OPTIONAL = "optional"  # JSON, or no body where no field is wanted
    JSON = "json"
    MERGE = "merge"  # JSON or application/merge-patch+json
    FILE = "file"  # text/csv, or multipart/form-data with one file

    @property
    def may_be_absent(self) -> bool:
        """Whether a request without any body can be one."""
        return self in (Body.NONE, Body.EMPTY, Body.OPTIONAL)


class Request(msgspec.Struct):
    """What the edge has taken apart: decoded path ids, the query, the parsed body, and the ways to open and seal cursors."""

    ids: tuple[Any, ...]
    query: Mapping[str, str]
    document: Any
    unseal: Unseal
    seal_for: SealFor


@dataclass(frozen=True, slots=True)
class Face:
    """An operation in one contract: `accept` checks a request whole (raises Fault), `plan` turns its input into calls.

    sends/gives: what its request and its answer contain, for the documents; None for a body that is empty.
    translate: where a file goes through, begins its translation: of the request's body for the service, or of the
    service's answer for the client. It is given the input, and tells it what only the whole file shows.
    guards: the scopes that see members of the answer which others do not; narrowed: the same for those who lack some of
    these, by what they lack. demands: what a body needs beside the scopes of the operation.
    ahead: where no call depends on the answer to another, all that `plan` will make, in its order: the edge may then have
    several under way at once.
    """

    accept: Callable[[Request], Input]
    plan: Callable[[Input], Plan]
    sends: Sent | None = None
    gives: Given | None = None
    translate: Callable[[Input], Translation] | None = None
    ahead: Callable[[Input], Sequence[Call]] | None = None
    guards: frozenset[str] = frozenset()
    narrowed: Mapping[frozenset[str], Face] = field(default_factory=dict)
    demands: Callable[[Any], frozenset[str]] | None = None

    def seen(self, scopes: frozenset[str]) -> Face:
        """The operation as it is to somebody with these scopes."""
        lacking = self.guards - scopes
        return self.narrowed[lacking] if lacking else self

    def translation(self, request: Input) -> Translation:
        """A file's way through, begun; only asked of an operation whose body or answer is one."""
        assert self.translate is not None
        return self.translate(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path.

    name: `contacts.get`; tail: the path after the resource, `*` standing for a parameter; params: the id type of each
    `*` (None: free text, of the kinds in `words`); scopes: all of these are needed; limited_as: the extra rate-limit class, if any;
    charged: whether a request counts as its input says (`units`), and not as one.
    faces: by contract date, newest first; None in a contract that does not have the operation; empty for an operation
    that the gateway answers itself, whose answer is `gives` in every contract. produces: the answer's media type; one
    that is not JSON is streamed from the service, through its face's `translate`. located: whether the answer names the address
    of what was made. secret: whether the answer holds something that is shown once, and is kept sealed for a replay. by: in a
    list beneath a record, the field of its rows that points at the record. outward: whether it sends something to somebody
    outside, such as a mail; final: whether nothing that the API has undoes it. query: names of parameters that operations share; takes: those of its own.
    """

    name: str
    first: str
    tail: str
    method: str
    summary: str
    scopes: tuple[str, ...]
    params: tuple[IdType | None, ...] = ()
    param_names: tuple[str, ...] = ()
    words: tuple[Text, ...] = ()
    body: Body = Body.NONE
    query: tuple[str, ...] = ()
    takes: tuple[Parameter, ...] = ()
    success: int = 200
    replayable: bool = False
    secret: bool = False
    limited_as: str = ""
    charged: bool = False
    service: str = ""
    by: Field | None = None
    located: bool = False
    enabled: bool = True
    description: str = ""
    gives: Given | None = None
    outward: bool = False
    final: bool = False
    produces: str = "application/json"
    faces: Mapping[str, Face | None] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing, whatever its method is."""
        return all(scope.endswith(".read") for scope in self.scopes)

    @property
    def streamed(self) -> bool:
        """Whether the answer is passed on while the service gives it."""
        return self.produces != "application/json"

    @property
    def route(self) -> str:
        """The path template, `/v1/contacts/{id}`."""
        names = iter(self.param_names)
        steps = ["{" + next(names) + "}" if step == "*" else step for step in self.tail.split("/") if step]
        return "/".join(["/v1", self.first, *steps])
