"""What a client library is made of, in no language: resources, what can be done with them, and the shapes they have.

Names are the document's own, in snake_case; each language writes them as it is used to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Document = dict[str, Any]

RELEASE: Final = 2
"""The middle number of a version. It grows with every release of the gateway that changes what is generated, or a runtime."""

OUTCOME_UNKNOWN: Final = "idempotency_outcome_unknown"
"""The code that says what a lost connection says, too; runtimes have one exception for both."""

TypeKind = Literal["string", "integer", "number", "boolean", "datetime", "date", "enum", "shape", "list", "map", "any"]
OperationKind = Literal["search", "get", "get_many", "create", "update", "delete", "list", "import", "export", "call"]
"""`list`: a list beneath a record, of which there are pages where the operation takes a cursor. `call`: an action, a report, a
record beneath another one, or the only record of its kind (`me`).
"""


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a value. `values`: of an enum, open to more in later releases; `item`: of a list; `shape`: a name in
    Contract.shapes.
    """

    kind: TypeKind
    nullable: bool = False
    values: tuple[str, ...] = ()
    item: Type | None = None
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an answer, of a body, of a query or a path. `required`: in an answer, that it is there whenever it was asked
    for; in a request, that it has to be sent.
    """

    name: str
    type: Type
    description: str
    required: bool = False
    read_only: bool = False
    example: Any = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of a record, or of what a request may send."""

    name: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """A field that a search takes conditions on, and the operators for it, as the contract spells them."""

    field: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a search takes. `groups`: those of `all`, `any` and `not` that may be written; `sorts`: the first is the default;
    `fields`: what may be selected; `needs_filters`: whether there has to be a condition (its description says which).
    """

    filters: tuple[Filter, ...]
    groups: tuple[str, ...]
    sorts: tuple[str, ...]
    fields: tuple[str, ...]
    needs_filters: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `name`: without the resource's; `body`: a name in Contract.shapes, empty where nothing is sent;
    `gives`: the type of `data`, None where there is none (204, CSV); `paged`: whether answers have a cursor; `keyed`: whether it
    takes an Idempotency-Key; `repeatable`: whether it may be sent again after a failure that leaves its outcome open.
    """

    id: str
    name: str
    kind: OperationKind
    method: str
    route: str
    summary: str
    description: str
    path: tuple[Field, ...]
    query: tuple[Field, ...]
    body: str
    body_required: bool
    gives: Type | None
    paged: bool
    keyed: bool
    repeatable: bool
    search: Search | None = None
    selects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """`name`: plural, as in paths; `record`: the shape that `get` or `search` answers, empty where there is none."""

    name: str
    group: str
    description: str
    record: str
    operations: tuple[Operation, ...]

    def operation(self, name: str) -> Operation | None:
        """The operation of that name, None where the deployment does not offer it."""
        return next((each for each in self.operations if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Event:
    """A type of event that webhooks tell of; `shape`: of the whole event, a name in Contract.shapes."""

    type: str
    description: str
    shape: str


_BY_STATUS: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Gone",
    422: "Unprocessable",
    429: "RateLimited",
}
"""The exceptions that runtimes have for a status, whatever the code; from 500 it is ServerError, else ApiError."""


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """What a problem may have as its `code`. `status`: the HTTP status it comes with."""

    code: str
    status: int
    meaning: str

    @property
    def exception(self) -> str:
        """What the exception of this code is called: `record_not_found` → `RecordNotFound`."""
        if self.code == OUTCOME_UNKNOWN:
            return "OutcomeUnknown"
        return "".join(word.capitalize() for word in self.code.split("_"))

    @property
    def parent(self) -> str:
        """What it derives from: the exception of its status. The two may be one, such as RateLimited."""
        return _BY_STATUS.get(self.status, "ServerError" if self.status >= 500 else "ApiError")


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract of one brand. `origin`: scheme and host, without a slash at the end; `authorize`, `token`: the addresses
    of OAuth.
    """

    brand: str
    date: str
    origin: str
    docs: str
    authorize: str
    token: str
    scopes: tuple[str, ...]
    resources: tuple[Resource, ...]
    shapes: Mapping[str, Shape]
    errors: tuple[ErrorCode, ...]
    events: tuple[Event, ...]

    @property
    def version(self) -> str:
        """`20260901.2.0`: a new contract is a new major version, of PEP 440 and of semver."""
        return f"{self.date.replace('-', '')}.{RELEASE}.0"


@dataclass(slots=True)
class Known:
    """The shapes that were met so far."""

    schemas: Document
    shapes: dict[str, Shape] = field(default_factory=dict)
