"""Deals: they stand in a stage of a pipeline, and the stage decides their status."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.answers import invalid
from sandbox.entities.base import ASSIGNEE, COMPANY, CONTACT, CREATED, CUSTOM, ID, TENANT, UNDOCUMENTED, UPDATED
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.scene import Row, Scene


def _place(row: Row, body: Mapping[str, Any], scene: Scene) -> Row:
    """The stage the deal stands in after this request; a pipeline named alone means its first stage."""
    pipelines = scene.rows("pipeline")
    wanted = body.get("stageId")
    if wanted is not None:
        for pipeline in pipelines:
            stage: Row
            for stage in pipeline["stages"]:
                if stage["id"] == wanted and body.get("pipelineId") in {None, pipeline["id"]}:
                    row["pipelineId"] = pipeline["id"]
                    return stage
        raise invalid({"stageId": ["is not a stage of the pipeline"]})
    by_id = {pipeline["id"]: pipeline for pipeline in pipelines}
    chosen = by_id.get(row["pipelineId"]) or next(one for one in pipelines if one["isDefault"])
    row["pipelineId"] = chosen["id"]
    first: Row = chosen["stages"][0]
    return next((stage for stage in chosen["stages"] if stage["id"] == row["stageId"]), first)


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    row["currency"] = row["currency"] or DEALS.by_name["currency"].default
    if before is not None and "stageId" not in body and "pipelineId" not in body:
        return
    stage = _place(row, body, scene)
    row["stageId"], row["status"], row["probability"] = stage["id"], stage["type"], stage["probability"]
    was = before["status"] if before is not None else "open"
    if row["status"] == "open":
        row["closedAt"] = None
    elif was != row["status"]:
        row["closedAt"] = scene.now
    if was == "lost" and row["status"] != "lost" and "lostReason" not in body:
        row["lostReason"] = None


DEALS = Entity(
    name="deal",
    plural="deals",
    fields=(
        ID,
        TENANT,
        Field("title", Kind.TEXT, required=True),
        Field("value", Kind.NUMBER),
        Field(
            "currency",
            Kind.TEXT,
            default="USD",
            pattern=re.compile("[A-Z]{3}"),
            complaint="must be three capital letters",
        ),
        Field("pipelineId", Kind.REFERENCE, refers="pipeline"),
        Field("stageId", Kind.REFERENCE, refers="stage"),
        Field("status", Kind.CHOICE, choices=("open", "won", "lost"), writable=False),
        Field("probability", Kind.INTEGER, writable=False),
        CONTACT,
        COMPANY,
        ASSIGNEE,
        Field("closeDate", Kind.DATE),
        Field("closedAt", Kind.INSTANT, writable=False),
        Field("lostReason", Kind.TEXT),
        CUSTOM,
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "title", "value", "closeDate", "closedAt"),
    list_filters=("pipelineId", "stageId", "status", "contactId", "companyId", "assigneeId"),
    searched=("title",),
    operations={**UNDOCUMENTED, "list": True, "create": True, "update": True},
    style="offset",
    prefixes=("title",),
    settle=_settle,
)
