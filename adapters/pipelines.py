"""Pipelines: the ways a deal can go, as ordered stages. Read-only: they are set up in the product."""

from typing import Annotated

from adapters.core.declare.kinds import Boolean, Choice, Integer, Line, Name
from adapters.core.declare.record import Dated, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream
from adapters.ids import PIPELINE, PipelineId, StageId


class Stage(Record):
    """One step of a pipeline."""

    id: StageId = required("The stage's id.", "stage_5f2b8c1d9e3a7b6c4d5e6f74")
    name: Line = required("Its name.", "Proposal sent")
    position: Annotated[int, Integer()] = required("Its place, from 0.", 2)
    probability: Annotated[int, Integer(0, 100)] | None = optional("Chance of winning here, in percent.", 40)
    kind: Annotated[str, Choice(("open", "won", "lost"))] = required("What a deal in it is.", "open")


class Pipeline(Dated):
    """The stages a deal can be in, in order."""

    id: ReadOnly[PipelineId] = required("The pipeline's id.", "pipe_5f2b8c1d9e3a7b6c4d5e6f73")
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


pipelines = Resource(
    model=Pipeline,
    id=PIPELINE,
    path="pipelines",
    singular="pipeline",
    scope="deal",
    group="CRM",
    upstream=Upstream("crm", "/api/crm/pipelines", ListQuery(filters=("name", "is_default"))),
    rename={"stages.position": "order", "stages.kind": "type"},
    sorts=("created_at", "updated_at", "name"),
    headline=("name", "is_default", "stages"),
    searched=("name",),
    operations=Op.GET | Op.SEARCH,
)
