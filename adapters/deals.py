"""Deals: sales under way, each in one stage of one pipeline."""

from typing import Annotated

from adapters.core.declare.kinds import Amount, Choice, Currency, CustomFields, Date, Integer, Line, Moment, Name
from adapters.core.declare.record import Dated, Foreign, Kept, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Event, ListQuery, Resource, Upstream, renamed
from adapters.core.words import Move, Related
from adapters.ids import DEAL, CompanyId, ContactId, DealId, PipelineId, StageId, UserId


class Deal(Dated):
    """A sale under way, or how it ended."""

    id: ReadOnly[DealId] = required("The deal's id.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")
    name: Foreign[Name] = required("What is being sold.", "Difference engine no. 2")
    amount: Amount | None = optional("Its worth, with the minor digits of its currency.", "1234.50")
    currency: Currency = optional("ISO 4217 code; USD when left out.", "GBP", "USD")
    pipeline_id: Kept[PipelineId | None] = optional("The pipeline it moves through.", "pipe_5f2b8c1d9e3a7b6c4d5e6f73")
    stage_id: Kept[StageId | None] = optional("The stage it is in.", "stage_5f2b8c1d9e3a7b6c4d5e6f74")
    status: ReadOnly[Annotated[str, Choice(("open", "won", "lost"))]] = required("Follows from the stage.", "open")
    probability: ReadOnly[Annotated[int, Integer(0, 100)] | None] = optional("Chance of winning, in percent.", 40)
    contact_id: ContactId | None = optional("The person it is made with.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    company_id: CompanyId | None = optional("The company it is made with.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    owner_id: UserId | None = optional("The user who works on it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    expected_close_date: Date | None = optional("When it should be decided.", "2026-09-30")
    closed_at: ReadOnly[Moment | None] = optional("When it was won or lost.", "2026-09-12T10:00:00Z")
    lost_reason: Line | None = optional("Why it was lost.", "Price")
    custom: Foreign[CustomFields] = optional("The workspace's own fields.", {"channel": "partner"}, {})


class StageChange(Record):
    """Where a deal goes."""

    stage_id: StageId = required("The stage to move to.", "stage_5f2b8c1d9e3a7b6c4d5e6f74")
    lost_reason: Line | None = optional("Why it was lost, for a lost stage.", "Price")


# What the service tells of a deal that is decided.
TOLD = {"name": "title", "amount": "value", "currency": "currency", "stage_id": "stageId"}

deals = Resource(
    model=Deal,
    id=DEAL,
    path="deals",
    singular="deal",
    scope="deal",
    group="CRM",
    upstream=Upstream(
        "crm",
        "/api/crm/deals",
        listing=ListQuery(
            ("pipeline_id", "stage_id", "status", "contact_id", "company_id", "owner_id"), style="offset"
        ),
    ),
    rename=renamed("name=title amount=value owner_id=assigneeId expected_close_date=closeDate custom=customFields"),
    sorts=("created_at", "updated_at", "name", "amount", "expected_close_date"),
    headline=("name", "amount", "currency", "status", "stage_id", "expected_close_date"),
    searched=("name",),
    words=(
        Move("stage", StageChange, "Move a deal to another stage"),
        Related("notes", by="deal_id"),
        Related("tasks", by="deal_id"),
        Related("activities", by="deal_id"),
        Related("invoices", by="deal_id"),
    ),
    events=(
        Event("deal.won", "A deal moved to a stage that is won.", facts=TOLD),
        Event("deal.lost", "A deal moved to a stage that is lost.", facts={**TOLD, "lost_reason": "lostReason"}),
        Event(
            "deal.stage_changed",
            "A deal moved to another stage. Where that decides it, another event says so.",
            facts={"name": "title", "stage_id": "toStageId"},
            previous={"stage_id": "fromStageId"},
        ),
    ),
)
