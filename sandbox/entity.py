"""An entity: its fields, what lists and searches may use, and how a body becomes a row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sandbox.answers import Complaints, invalid, refused
from sandbox.fields import AMOUNTS, CONVERTED, FOLDED, Field, Kind
from sandbox.ids import HEX24, LINE, Alphabet, Key
from sandbox.money import exact, fits
from sandbox.scene import Row, Scene

Settle = Callable[[Row, Row | None, Mapping[str, Any], Scene], None]
Effects = Callable[[Row | None, Row | None, Scene], None]
Deletable = Callable[[Row], None]
Lapse = tuple[str, tuple[str, ...]]


def _nothing_to_settle(_row: Row, _before: Row | None, _body: Mapping[str, Any], _scene: Scene) -> None:
    """Most entities compute nothing."""


def _nothing_follows(_before: Row | None, _after: Row | None, _scene: Scene) -> None:
    """Most writes change no other row."""


def _always(_row: Row) -> None:
    """Most rows may be deleted in every state."""


@dataclass(frozen=True)
class Entity:
    """One family of rows.

    name: singular, as references call it · plural: table · path: of the list, `{field}` where an owner's key stands
    (without one: the plural beneath /api/crm) · key: alphabet of the ids · operations: what exists, True when
    documented · creator: the field that records who made the row · prefixes: texts with an index for startsWith ·
    style, ranges: of the list; a range is a field and its two parameters · looked_up: fields that rules ask for ·
    documented_update: what a PATCH takes where only documented calls exist, when that is not all · settle: fills
    computed fields, given the row, the row before (None on create), the body and the scene · effects: changes other
    rows, given the row before (None on create), after (None on delete) and the scene · lapses: which rows time
    itself has changed, as SQL and the names of its parameters (`now`, `today`); they are settled anew before a read ·
    deletable: raises Refused when the row, in its state, may not be deleted.
    """

    name: str
    plural: str
    fields: tuple[Field, ...]
    sorts: tuple[str, ...]
    list_filters: tuple[str, ...]
    searched: tuple[str, ...]
    operations: Mapping[str, bool]
    path: str = ""
    key: Alphabet = HEX24
    style: Literal["page", "offset", "cursor", "whole"] = "page"
    ranges: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    creator: str | None = None
    prefixes: tuple[str, ...] = ()
    looked_up: tuple[str, ...] = ()
    documented_update: tuple[str, ...] = ()
    settle: Settle = field(default=_nothing_to_settle)
    effects: Effects = field(default=_nothing_follows)
    lapses: Lapse | None = None
    deletable: Deletable = field(default=_always)

    @cached_property
    def root(self) -> str:
        return self.path or f"/api/crm/{self.plural}"

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields with a column: all that can be searched by, or without a search those that something asks for."""
        asked = {"id", *self.list_filters, *self.ranges, *self.sorts, *self.looked_up}
        searchable = "search" in self.operations
        return tuple(
            one
            for one in self.fields
            if one.filterable and (searchable or one.name in asked or one.kind is Kind.REFERENCE)
        )

    @cached_property
    def stored(self) -> tuple[tuple[str, Callable[[Any], Any] | None, bool], ...]:
        """For each column the field's name, what converts its value when that is not kept as it is, and whether it is folded, too."""
        searchable = "search" in self.operations
        return tuple((one.name, CONVERTED.get(one.kind), searchable and one.kind in FOLDED) for one in self.columns)

    @cached_property
    def large(self) -> bool:
        """Whether there may be hundreds of thousands of rows: in the CRM only."""
        return not self.path

    @cached_property
    def lists(self) -> tuple[Field, ...]:
        return tuple(one for one in self.columns if one.kind is Kind.LIST)

    @cached_property
    def references(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.kind is Kind.REFERENCE)

    @cached_property
    def owners(self) -> tuple[Field, ...]:
        """The references that stand in the path, outermost first."""
        return tuple(one for one in self.references if f"{{{one.name}}}" in self.root)

    @cached_property
    def dated(self) -> bool:
        """Whether rows carry updatedAt."""
        return "updatedAt" in self.by_name

    @cached_property
    def _template(self) -> Row:
        return {one.name: one.empty() for one in self.fields}

    @cached_property
    def _containers(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if isinstance(one.empty(), list | dict))

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
        return self._template | {one.name: one.empty() for one in self._containers}

    def created(self, body: Mapping[str, Any], key: Key, scene: Scene, owners: Mapping[str, Key] | None = None) -> Row:
        """A new row beneath its owners; Refused names every field that was not accepted."""
        row = self.blank()
        row |= {"id": key, "tenantId": scene.tenant_id, "createdAt": scene.now, **(owners or {})}
        if self.dated:
            row["updatedAt"] = scene.now
        if self.creator is not None:
            row[self.creator] = scene.user_id
        self._write(row, None, body, scene)
        self.settle(row, None, body, scene)
        return row

    def updated(self, before: Row, body: Mapping[str, Any], scene: Scene) -> Row:
        """The row after a merge; equal to `before` when the body changes nothing."""
        row = dict(before)
        self._write(row, before, body, scene)
        self.settle(row, before, body, scene)
        if self.dated and row != before:
            row["updatedAt"] = scene.now
        return row

    def _write(self, row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
        complaints: Complaints = {}
        _fill(self.fields, row, body, scene, complaints, "", fresh=before is None)
        if complaints:
            raise invalid(complaints)
        self.precise(row)
        for one in self.fields:
            changed = one.unique and (before is None or row[one.name] != before[one.name])
            if changed and scene.rows(self.name, f"c_{one.name} = ? AND id <> ?", row[one.name], row["id"]):
                raise refused("duplicate", {one.name: ["is in use"]})

    def precise(self, row: Row) -> None:
        """Refuses amounts with more digits than their currency has."""
        complaints = {path: ["has more digits than its currency"] for path in _imprecise(self.fields, row, None, "")}
        if complaints:
            raise refused("precision", complaints)


def _fill(
    fields: tuple[Field, ...],
    row: Row,
    body: Mapping[str, Any],
    scene: Scene,
    complaints: Complaints,
    path: str,
    *,
    fresh: bool,
) -> None:
    """Writes what the body holds into the row; complaints gather beneath `path`."""
    for one in fields:
        if not one.writable or (one.fixed and not fresh) or (one.name not in body and not (fresh and one.required)):
            continue
        where = f"{path}{one.name}"
        try:
            value = body.get(one.name)
            if one.kind is Kind.RECORD and value is not None:
                row[one.name] = _record(one, value, row[one.name], scene, complaints, where)
            elif one.kind is Kind.ROWS and value is not None:
                row[one.name] = _rows(one, value, row[one.name], scene, complaints, where)
            else:
                accepted = one.accept(value, row[one.name])
                if one.kind is Kind.REFERENCE and accepted is not None and not scene.exists(one.refers, accepted):
                    raise ValueError("does not exist")
                row[one.name] = accepted
        except ValueError as complaint:
            complaints[where] = [str(complaint)]


def _record(one: Field, value: Any, before: Row | None, scene: Scene, complaints: Complaints, where: str) -> Row:
    """Merges key by key; every member is always there."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")  # noqa: TRY004  (every complaint about a value is one kind of error)
    row = dict(before) if before is not None else {inner.name: inner.empty() for inner in one.item}
    _fill(one.item, row, value, scene, complaints, f"{where}.", fresh=before is None)
    return row


def _rows(one: Field, value: Any, before: list[Row], scene: Scene, complaints: Complaints, where: str) -> list[Row]:
    """The list replaced whole. A row that was there keeps its id when it is sent with it."""
    if not isinstance(value, list) or not (one.least or 0) <= len(value) <= (one.most or 100):
        raise ValueError(f"must be a list of {one.least or 0} to {one.most or 100} objects")
    named = any(inner.kind is Kind.ID for inner in one.item)
    known = {row["id"] for row in before} if named else set()
    made: list[Row] = []
    for number, given in enumerate(value):
        at = f"{where}.{number}"
        if not isinstance(given, dict):
            complaints[at] = ["must be an object"]
            continue
        row: Row = {inner.name: inner.empty() for inner in one.item}
        if named:
            row["id"] = given.get("id") if before and given.get("id") is not None else scene.key(LINE)
            if before and given.get("id") is not None and row["id"] not in known:
                raise refused("line_unknown", {f"{at}.id": ["is none of the rows there"]})
            known.discard(row["id"])
        _fill(one.item, row, given, scene, complaints, f"{at}.", fresh=True)
        made.append(row)
    return made


def _imprecise(fields: tuple[Field, ...], row: Row, around: str | None, path: str) -> Iterator[str]:
    currency = row.get("currency") or around
    for one in fields:
        value = row[one.name]
        if value is None:
            continue
        if one.kind in AMOUNTS and currency is not None and not fits(exact(value), currency):
            yield f"{path}{one.name}"
        elif one.kind is Kind.RECORD:
            yield from _imprecise(one.item, value, currency, f"{path}{one.name}.")
        elif one.kind is Kind.ROWS:
            for number, inner in enumerate(value):
                yield from _imprecise(one.item, inner, currency, f"{path}{one.name}.{number}.")
