"""Which of the dated changes an operation of an older contract is about: what those who ask for it have yet to change."""

from __future__ import annotations

from typing import Final

from adapters.core.compile.catalogue import Catalogue
from adapters.core.declare.changes import Change
from adapters.core.operation import Face, Operation
from gateway.stores.sql.usage import Mark

_LONGEST: Final = 128  # of the column


def changes_met(operation: Operation, catalogue: Catalogue) -> dict[str, tuple[Mark, ...]]:
    """By the date of a contract, the changes since it whose field the operation takes or gives; nothing for most."""
    found: dict[str, tuple[Mark, ...]] = {}
    names = {resource.path: resource.model.__name__ for resource in catalogue.resources}
    for date, face in operation.faces.items():
        newer = [change for later in catalogue.contracts if later.date > date for change in later.changes]
        met = [change.name for change in newer if face is not None and _has(face, change, names.get(change.resource))]
        if met:
            found[date] = tuple([("change", name[:_LONGEST]) for name in met])
    return found


def _has(face: Face, change: Change, model: str | None) -> bool:
    shapes = [payload.shape for payload in (face.sends, face.gives) if payload is not None]
    return any(
        shape is not None and shape.name == model and change.field in [field.name for field in shape.fields]
        for shape in shapes
    )
