"""Pipelines: the ways a deal can go, as ordered stages. Read-only: they are set up in the product."""

from __future__ import annotations

from typing import Annotated

from adapters.core.declare import ids
from adapters.core.declare.kinds import Boolean, Choice, Integer, Line, Moment, Name, Reference
from adapters.core.declare.resource import ListQuery, Op, ReadOnly, Record, Resource, Upstream, optional, required


class Stage(Record):
    """One step of a pipeline."""

    id: Annotated[str, Reference(ids.STAGE)] = required("The stage's id.", "stage_5f2b8c1d9e3a7b6c4d5e6f74")
    name: Line = required("Its name.", "Proposal sent")
    position: Annotated[int, Integer()] = required("Its place, from 0.", 2)
    probability: Annotated[int, Integer(0, 100)] | None = optional("Chance of winning here, in percent.", 40)
    kind: Annotated[str, Choice(("open", "won", "lost"))] = required("What a deal in it is.", "open")


class Pipeline(Record):
    """The stages a deal can be in, in order."""

    id: ReadOnly[Annotated[str, Reference(ids.PIPELINE)]] = required(
        "The pipeline's id.", "pipe_5f2b8c1d9e3a7b6c4d5e6f73"
    )
    name: Name = required("Its name.", "Sales")
    is_default: Boolean = required("Whether new deals go here.", example=True)
    stages: ReadOnly[list[Stage]] = required(
        "Its stages, in order.",
        [
            {
                "id": "stage_5f2b8c1d9e3a7b6c4d5e6f74",
                "name": "Proposal sent",
                "position": 2,
                "probability": 40,
                "kind": "open",
            }
        ],
    )
    created_at: ReadOnly[Moment] = required("When the record was made.", "2026-06-01T09:00:00Z")
    updated_at: ReadOnly[Moment] = required("When the record was last changed.", "2026-06-17T14:30:00Z")


pipelines = Resource(
    model=Pipeline,
    id=ids.PIPELINE,
    path="pipelines",
    singular="pipeline",
    scope="deal",
    upstream=Upstream("crm", "/api/crm/pipelines", ListQuery(filters=("name", "is_default"))),
    rename={"stages.position": "order", "stages.kind": "type"},
    sorts=("created_at", "updated_at", "name"),
    searched=("name",),
    operations=Op.GET | Op.SEARCH,
)
