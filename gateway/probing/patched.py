"""Updates whose service documents few of the fields that a client may change: the others it may ignore and answer 200."""

from __future__ import annotations

from dataclasses import replace

from adapters.core.declare.resource import Resource
from adapters.core.operation import Body, Operation
from gateway.probing.declared import face_of
from gateway.probing.findings import Finding, Verdict


def documented(resource: Resource, operation: Operation) -> tuple[str, ...] | None:
    """Which fields of an update are documented, by their names in the newest contract; None where all are."""
    sends = face_of(operation).sends
    if operation.body is not Body.MERGE or not resource.upstream.patched or sends is None:
        return None
    named = (field.today for field in sends.shape.fields if field.changeable)
    return tuple(sorted(name for name in named if name in resource.upstream.patched))


def limited(finding: Finding, fields: tuple[str, ...], patched: tuple[str, ...]) -> Finding:
    """The finding about an update that is only trusted with these fields: offered for them, or not at all."""
    if fields:
        return replace(
            finding, verdict=Verdict.LIMITED, note=f"documented for {' and '.join(fields)} alone", fields=fields
        )
    note = f"documented for {' and '.join(patched)} alone, which clients do not send"
    return replace(finding, verdict=Verdict.DIFFERS, note=note)
