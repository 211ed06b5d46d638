"""A resource's fields as one dated contract names them: the newest read off the model, older ones derived by changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any

from pydantic_core import PydanticUndefined

from adapters.core.declare.changes import Change, Contract, Renamed, Reshaped, ValueRenamed
from adapters.core.declare.kinds.base import Kind
from adapters.core.declare.record import Access, Between, Record, member, members
from adapters.core.declare.resource import Resource


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a shape.

    name: in this contract; today: in the newest; held: the service's name. down/up take a value from and to today's
    form, operand_up a filter's operand; merge completes a PATCH in an old form (see `Reshaped`). operators: name in this
    contract → today's. nested/many: the shape of an object or list of objects; bounds: how many
    of these a request may send. kept: a PATCH cannot clear it; fixed: a PATCH cannot name it; names_row: the id of a record in
    a list, which only a PATCH may send; guard: the family whose scopes alone see and set it, if any; foreign: people outside the
    workspace may have written it; headline: it is one of those that tell which record it is.
    """

    name: str
    today: str
    held: str
    hint: Any
    kind: Kind | None
    nested: Shape | None
    many: bool
    nullable: bool
    required: bool
    read_only: bool
    kept: bool
    default: object
    description: str
    example: object
    operators: Mapping[str, str]
    besides: Mapping[str, str] = field(default_factory=dict)
    up: tuple[Callable[[Any], Any], ...] = ()
    down: tuple[Callable[[Any], Any], ...] = ()
    operand_up: tuple[Callable[[Any], Any], ...] = ()
    merge: Callable[[Any, Any], Any] | None = None
    kind_today: Kind | None = None
    bounds: Between | None = None
    fixed: bool = False
    guard: str = ""
    names_row: bool = False
    foreign: bool = False
    headline: bool = False

    @property
    def answered(self) -> object:
        """The example as an answer has it: rows with the fields too that no request may send."""
        if self.nested is None or not isinstance(self.example, list):
            return self.example
        whole = self.nested.example()
        return [{name: row.get(name, told) for name, told in whole.items()} for row in self.example]

    def sendable(self, *, partial: bool, again: bool = False) -> bool:
        """Whether a body may have it. again: whether the body stands in a list that takes the place of one that is there."""
        return not (self.read_only or (partial and self.fixed) or (self.names_row and not again))

    @property
    def changeable(self) -> bool:
        """Whether a PATCH may name it."""
        return self.sendable(partial=True)

    def takes_null(self, *, partial: bool) -> bool:
        """Whether a body may hold null here. In a PATCH it clears (RFC 7396): to null, or to what is there when it is left out;
        in a create it is as good as not sent.
        """
        if partial:
            return not self.kept and (self.nullable or self.default is not None)
        return not self.required


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a record in one contract, in public order, and its documentation."""

    name: str
    description: str
    fields: tuple[Field, ...]

    def named(self) -> dict[str, Field]:
        """Fields by their name in this contract."""
        return {field.name: field for field in self.fields}

    def today(self) -> dict[str, Field]:
        """Fields by their name in the newest contract."""
        return {field.today: field for field in self.fields}

    def without(self, families: frozenset[str]) -> Shape:
        """The same as it is to those who have no scope of these families."""
        if self.guards.isdisjoint(families):
            return self
        return dataclasses.replace(self, fields=tuple(field for field in self.fields if field.guard not in families))

    def changing(self, names: Iterable[str]) -> Shape:
        """The same where a PATCH can name these fields alone, by their names in the newest contract."""
        wanted = frozenset(names)
        fields = tuple(
            each if each.read_only or each.today in wanted else dataclasses.replace(each, fixed=True)
            for each in self.fields
        )
        return dataclasses.replace(self, fields=fields)

    @property
    def guards(self) -> frozenset[str]:
        """The families that guard a field of it."""
        return frozenset(field.guard for field in self.fields) - {""}

    def example(self, *, sent: bool = False, partial: bool = False) -> dict[str, Any]:
        """A whole record, or a whole body, as it is to those who have no scope of a guarding family."""
        return {
            field.name: field.example if sent else field.answered
            for field in self.fields
            if not field.guard and (not sent or field.sendable(partial=partial))
        }


NONE: Mapping[str, str] = MappingProxyType({})


def camel(name: str) -> str:
    """snake_case → camelCase, as the internal services write."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def shape_of(
    model: type[Record],
    rename: Mapping[str, str],
    within: str = "",
    *,
    unwritten: bool = False,
    alphabets: Mapping[str, str] = NONE,
) -> Shape:
    """The newest shape of a model. `within` is the dotted path of a nested one in `rename`; `unwritten`: nobody writes it;
    `alphabets`: a deployment's own, by prefix of ids.

    TypeError where a list of records can be sent and has no bounds.
    """
    fields = []
    own, said = model.__annotations__, members(model)
    for name, info in sorted(model.model_fields.items(), key=lambda each: each[0] not in own):
        told = said[name]
        kind = told.kind.rebased(alphabets) if told.kind and told.nested is None else None
        if told.guard and (within or not told.nullable):
            raise TypeError(
                f"{model.__name__}.{name}: what is guarded is a member of the record itself, and may be absent"
            )
        read_only = Access.READ in told.access
        if told.many and not (unwritten or read_only or told.bounds):
            raise TypeError(
                f"{model.__name__}.{name}: a list of records needs bounds, Annotated[list[…], Between(1, 200)]"
            )
        answers_only = kind is not None and kind.answers_only
        if answers_only and not (unwritten or read_only):
            raise TypeError(
                f"{model.__name__}.{name}: no request can hold this kind of value, so it has to be ReadOnly"
            )
        names_row = Access.NAME in told.access
        fields.append(
            Field(
                name=name,
                today=name,
                held=rename.get(within + name, camel(name)),
                hint=told.hint,
                kind=kind,
                nested=shape_of(
                    told.nested, rename, f"{within}{name}.", unwritten=unwritten or read_only, alphabets=alphabets
                )
                if told.nested
                else None,
                many=told.many,
                bounds=told.bounds,
                nullable=told.nullable,
                required=info.is_required() and not read_only and not names_row,
                read_only=read_only,
                kept=Access.KEEP in told.access,
                fixed=Access.FIX in told.access,
                guard=told.guard,
                names_row=names_row,
                foreign=told.nested is None and Access.FOREIGN in told.access,
                default=None if info.default is PydanticUndefined else info.default,
                description=info.description or "",
                example=(info.examples or [None])[0],
                operators={op: op for op in kind.operators} if kind and not told.guard and not answers_only else {},
                kind_today=kind,
            )
        )
    return Shape(model.__name__, (model.__doc__ or "").strip(), tuple(fields))


def shapes_of(
    resource: Resource, contracts: Iterable[Contract], alphabets: Mapping[str, str] = NONE
) -> dict[str, Shape]:
    """Contract date → the resource's shape in it; `contracts` newest first. The same object where nothing of it has changed,
    so that what is compiled from it can be the same too.
    """
    shape, found = shape_of(resource.model, resource.rename, alphabets=alphabets), {}
    fields = (
        dataclasses.replace(each, headline=True) if each.name in resource.headline else each for each in shape.fields
    )
    shape = dataclasses.replace(shape, fields=tuple(fields))
    for contract in contracts:
        found[contract.date] = shape
        for change in reversed(contract.changes):
            if change.resource == resource.path:
                shape = _before(shape, change)
    return found


def _before(shape: Shape, change: Change) -> Shape:
    target = change.field if isinstance(change, ValueRenamed) else change.new
    if target not in shape.named():
        raise TypeError(f"{change.resource}: a dated change names the unknown field {target}")
    return dataclasses.replace(
        shape, fields=tuple(_undo(field, change) if field.name == target else field for field in shape.fields)
    )


def _undo(field: Field, change: Change) -> Field:
    """The field as it was before the change."""
    match change:
        case Renamed():
            return dataclasses.replace(field, name=change.old)
        case Reshaped():
            told = member(change.hint)
            return dataclasses.replace(
                field,
                name=change.old,
                hint=change.hint,
                kind=told.kind,
                nullable=told.nullable,
                default=None,
                description=change.description,
                example=change.example,
                operators={old: field.operators[new] for old, new in change.operators.items()},
                besides=change.besides,
                up=(change.up, *field.up),
                down=(*field.down, change.down),
                merge=change.merge,
            )
        case ValueRenamed():
            swap_up, swap_down = {change.old: change.new}, {change.new: change.old}
            try:
                older = (field.kind or Kind()).older(swap_down)
            except TypeError as error:
                raise TypeError(f"{change.resource}.{change.field}: {error}") from None

            def up(word: Any) -> Any:
                return swap_up.get(word, word)

            def down(word: Any) -> Any:
                return swap_down.get(word, word)

            return dataclasses.replace(
                field,
                kind=older,
                hint=Annotated[str, older] | None if field.nullable else Annotated[str, older],
                example=swap_down.get(str(field.example), field.example),
                up=(up, *field.up),
                down=(*field.down, down),
                operand_up=(up, *field.operand_up),
            )
