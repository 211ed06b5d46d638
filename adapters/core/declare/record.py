"""The fields of a public record, as annotations of a model: their kinds, and what clients may not do with them.

The modules of records do without `from __future__ import annotations`: as text, each annotation would be compiled twice at every start.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from adapters.core.declare.kinds.base import Kind
from adapters.core.declare.kinds.instant import Moment

T = TypeVar("T")


class Access(Enum):
    """What clients may not do with a field, or should know of it before they trust it."""

    READ = "read"
    KEEP = "keep"
    FIX = "fix"
    NAME = "name"
    FOREIGN = "foreign"


ReadOnly = Annotated[T, Access.READ]
Kept = Annotated[T, Access.KEEP]
"""A field that a record may lack, but that a PATCH can only change and not clear."""

Fixed = Annotated[T, Access.FIX]
"""A field that only a create may send: a PATCH that names it is refused."""


Foreign = Annotated[T, Access.FOREIGN]
"""A field whose words people outside the workspace may have written, in a mail, a form or a file. Whoever hands it to a model
says so: it may hold instructions.
"""

RowId = Annotated[T, Access.NAME]
"""The id of a record in a list that clients write. The service gives it; in a PATCH, where the list is replaced whole, a record
that is sent with its id keeps it, one without is new, and one that is left out is gone.
"""


@dataclass(frozen=True, slots=True)
class Between:
    """How many items a list of records has: `Annotated[list[T], Between(1, 200)]`. A list that clients write needs it."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Guarded:
    """A member that only another family's scopes see (`read`) or set (`write`): `Annotated[Pay | None, Guarded("compensation")]`.

    To everybody else it is absent, so it is optional; and it is never filtered, ordered or searched by: that would tell it.
    """

    family: str


class Record(BaseModel):
    """Base of the public shapes."""

    # Declared for what it says: requests and answers are read by what is compiled from it, so pydantic's own validator is
    # made only where somebody uses it. Seven megabytes of each process, and a tenth of a second.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def required(description: str, example: object) -> Any:
    """A field that a create must send and that is never null."""
    return Field(description=description, examples=[example])


def optional(description: str, example: object, default: object = None) -> Any:
    """A field that a create may leave out."""
    return Field(default=default, description=description, examples=[example], validate_default=False)


class Dated(Record):
    """Base of records that know when they were made and last changed. Inherited fields come after a record's own."""

    created_at: ReadOnly[Moment] = required("When the record was made.", "2026-06-01T09:00:00Z")
    updated_at: ReadOnly[Moment] = required("When the record was last changed.", "2026-06-17T14:30:00Z")


@dataclass(frozen=True, slots=True)
class Member:
    """What the annotation of a field says.

    kind, or nested: the record that it nests, or a list of which (`many`); bounds: of that list; guard: the family that guards
    the field itself, empty for none; access: what clients may not do with it.
    """

    hint: Any
    kind: Kind | None
    nested: type[Record] | None
    many: bool
    nullable: bool
    bounds: Between | None
    guard: str
    access: frozenset[Access]


def member(hint: Any) -> Member:
    """What an annotation says."""
    parts, outer = _parts(hint), _flat(hint)
    nested = next((part for part in parts if isinstance(part, type) and issubclass(part, Record)), None)
    return Member(
        hint,
        kind=next((part for part in parts if isinstance(part, Kind)), None),
        nested=nested,
        many=nested is not None and any(typing.get_origin(part) is list for part in outer),
        nullable=type(None) in outer,
        bounds=next((part for part in parts if isinstance(part, Between)), None),
        guard=next((part.family for part in getattr(hint, "__metadata__", ()) if isinstance(part, Guarded)), ""),
        access=frozenset(part for part in parts if isinstance(part, Access)),
    )


# Asked for by each contract and each check of the declarations, and it takes long to find out.
@cache
def members(model: type[Record]) -> Mapping[str, Member]:
    """What the annotations of a record's fields say."""
    hints = typing.get_type_hints(model, include_extras=True)
    return MappingProxyType({name: member(hints[name]) for name in model.model_fields})


@cache
def guarded(model: type[Record]) -> Mapping[str, str]:
    """The guarded members of a record, each with its family."""
    return MappingProxyType({name: each.guard for name, each in members(model).items() if each.guard})


def _parts(hint: Any) -> list[Any]:
    """The annotation itself, its metadata and its arguments, outermost first."""
    found = [hint, *getattr(hint, "__metadata__", ())]
    for inner in typing.get_args(hint):
        if inner is not type(None):
            found += _parts(inner)
    return found


def _flat(hint: Any) -> list[Any]:
    """The annotation and the members of its outer union, through Annotated."""
    found = [hint]
    if typing.get_origin(hint) is Annotated:
        return found + _flat(typing.get_args(hint)[0])
    if typing.get_origin(hint) is list:
        return found
    for inner in typing.get_args(hint):
        found += _flat(inner)
    return found
