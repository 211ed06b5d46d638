"""An entity: its fields, what lists and searches may use, and how a body becomes a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from sandbox.answers import invalid
from sandbox.fields import Field, Kind

Row = dict[str, Any]


class Scene(Protocol):
    """Who writes, when, and what a rule may look up. Instants are in the services' own text form."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def user_id(self) -> str | None: ...
    @property
    def now(self) -> str: ...

    def exists(self, entity: str, key: str) -> bool: ...
    def role_of(self, user_id: str) -> str | None: ...
    def pipelines(self) -> list[Row]: ...


Settle = Callable[[Row, Row | None, Mapping[str, Any], Scene], None]


def _nothing_to_settle(_row: Row, _before: Row | None, _body: Mapping[str, Any], _scene: Scene) -> None:
    """Most entities compute nothing."""


@dataclass(frozen=True)
class Entity:
    """One family of rows.

    name: singular, as references call it · plural: path segment and table · operations: what exists, True when
    documented · creator: the field that records who made the row · prefixes: texts with an index for startsWith ·
    settle: fills computed fields, given the row, the row before (None on create), the body and the scene.
    """

    name: str
    plural: str
    fields: tuple[Field, ...]
    sorts: tuple[str, ...]
    list_filters: tuple[str, ...]
    searched: tuple[str, ...]
    operations: Mapping[str, bool]
    style: Literal["page", "offset", "cursor"] = "page"
    creator: str | None = None
    prefixes: tuple[str, ...] = ()
    settle: Settle = field(default=_nothing_to_settle)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def filterable(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.filterable)

    @cached_property
    def lists(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.kind is Kind.LIST)

    @cached_property
    def references(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.kind is Kind.REFERENCE)

    @cached_property
    def dated(self) -> bool:
        """Whether rows carry updatedAt."""
        return "updatedAt" in self.by_name

    def search_text(self, row: Row) -> str:
        parts: list[str] = []
        for name in self.searched:
            value = row[name]
            if isinstance(value, list):
                parts.extend(value)
            elif value:
                parts.append(value)
        return "\n".join(parts).casefold()

    def blank(self) -> Row:
        return {one.name: one.empty() for one in self.fields}

    def created(self, body: Mapping[str, Any], key: str, scene: Scene) -> Row:
        """A new row; Refused names every field that was not accepted."""
        row = self.blank()
        row |= {"id": key, "tenantId": scene.tenant_id, "createdAt": scene.now}
        if self.dated:
            row["updatedAt"] = scene.now
        if self.creator is not None:
            row[self.creator] = scene.user_id
        absent = {one.name: None for one in self.fields if one.required and one.name not in body}
        self._write(row, {**body, **absent}, scene)
        self.settle(row, None, body, scene)
        return row

    def updated(self, before: Row, body: Mapping[str, Any], scene: Scene) -> Row:
        """The row after a merge; equal to `before` when the body changes nothing."""
        row = dict(before)
        self._write(row, body, scene)
        self.settle(row, before, body, scene)
        if self.dated and row != before:
            row["updatedAt"] = scene.now
        return row

    def _write(self, row: Row, body: Mapping[str, Any], scene: Scene) -> None:
        complaints: dict[str, list[str]] = {}
        for one in self.fields:
            if not one.writable or one.name not in body:
                continue
            try:
                value = one.accept(body[one.name], row[one.name])
                if one.kind is Kind.REFERENCE and value is not None and not scene.exists(one.refers, value):
                    raise ValueError("does not exist")
                row[one.name] = value
            except ValueError as complaint:
                complaints[one.name] = [str(complaint)]
        if complaints:
            raise invalid(complaints)
