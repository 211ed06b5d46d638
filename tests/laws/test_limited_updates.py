"""Updates of services that change few fields: what a deployment limits an update to is taken, and the rest is refused at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters import REPORTS, RESOURCES
from adapters.core.compile.builder import Override, Unfit
from adapters.core.compile.catalogue import compile_all
from adapters.core.faults import Invalid
from adapters.core.operation import Body, Operation
from adapters.core.payloads import Fields
from gateway.probing.driving import entered
from gateway.versions import CONTRACTS


def updates() -> Iterator[tuple[str, list[str]]]:
    """Every update, with the fields that it changes in the newest contract."""
    for operation in compile_all(RESOURCES, CONTRACTS, {}):
        face = operation.faces[CONTRACTS[0].date]
        sends = face.sends if face is not None and operation.body is Body.MERGE else None
        if operation.name.endswith(".update") and isinstance(sends, Fields):
            yield operation.name, [each.today for each in sends.shape.fields if each.changeable and not each.guard]


UPDATES = dict(updates())
WHOLE = {each.name: each for each in compile_all(RESOURCES, CONTRACTS, {})}
LIMITED = {
    each.name: each
    for each in compile_all(
        RESOURCES, CONTRACTS, {name: Override(fields=(fields[0],)) for name, fields in UPDATES.items()}
    )
}


def refused(operation: Operation, date: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    face = operation.faces[date]
    assert face is not None
    params = [kind.decode(kind.sample()) for kind in operation.params if kind is not None]
    try:
        entered(face, *params, document=body)
    except Invalid as fault:
        return [(each.pointer, each.code) for each in fault.errors]
    return []


@pytest.mark.parametrize("name", UPDATES)
def test_one_field_is_taken_and_every_other_is_immutable_in_every_contract(name: str) -> None:
    only, operation = UPDATES[name][0], LIMITED[name]
    for date, face in operation.faces.items():
        assert face is not None and isinstance(face.sends, Fields)
        for field in face.sends.shape.fields:
            if field.guard or field.read_only or field.names_row:
                continue
            told = refused(operation, date, {field.name: field.example})
            if field.today == only:
                assert ("/" + field.name, "immutable") not in told
            else:
                assert told == [("/" + field.name, "immutable")]


@pytest.mark.parametrize("name", UPDATES)
def test_a_create_takes_what_its_update_does_not(name: str) -> None:
    create = name.removesuffix("update") + "create"
    if create in WHOLE:
        assert [face and face.sends for face in LIMITED[create].faces.values()] == [
            face and face.sends for face in WHOLE[create].faces.values()
        ]


@pytest.mark.parametrize(
    ("name", "override", "said"),
    [
        ("contacts.get", Override(fields=("email",)), "cannot be limited to some fields"),
        ("contacts.update", Override(fields=("emial",)), "no emial"),
        ("contacts.update", Override(fields=("id",)), "no id"),
        ("contacts.update", Override(fields=()), "would change nothing"),
        ("reports.profit_and_loss", Override(fields=("interval",)), "cannot be limited to some fields"),
    ],
)
def test_what_cannot_be_limited_is_refused_at_start(name: str, override: Override, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        compile_all(RESOURCES, CONTRACTS, {name: override}, reports=REPORTS)
