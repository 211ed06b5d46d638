"""Activities: the timeline of what happened with a contact, a company or a deal. Logged, never edited."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Line, LongText, Moment, Whole
from adapters.core.declare.record import Foreign, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import ACTIVITY, ActivityId, CompanyId, ContactId, DealId, UserId


class Activity(Record):
    """Something that happened."""

    id: ReadOnly[ActivityId] = required("The activity's id.", "act_5f2b8c1d9e3a7b6c4d5e6f77")
    type: Annotated[str, Choice(("call", "email", "meeting", "note", "sms", "system"))] = required(
        "What kind of thing it was.", "call"
    )
    subject: Foreign[Line | None] = optional("What it was about, in a line.", "Asked for a proposal")
    body: Foreign[LongText | None] = optional("More about it.", "They want to see the drawings first.")
    direction: Annotated[str, Choice(("inbound", "outbound"))] | None = optional("Who began.", "inbound")
    outcome: Foreign[Line | None] = optional("How it ended.", "connected")
    duration_seconds: Whole | None = optional("How long it took.", 340)
    occurred_at: Moment | None = optional("When it happened; now, when left out.", "2026-06-17T14:30:00Z")
    contact_id: ContactId | None = optional("The contact it is about.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    company_id: CompanyId | None = optional("The company it is about.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    deal_id: DealId | None = optional("The deal it is about.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")
    actor_id: ReadOnly[UserId | None] = optional("The user who logged it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    created_at: ReadOnly[Moment] = required("When it was logged.", "2026-06-17T14:31:00Z")


activities = Resource(
    model=Activity,
    id=ACTIVITY,
    path="activities",
    singular="activity",
    scope="activity",
    group="CRM",
    upstream=Upstream(
        "crm",
        "/api/crm/activities",
        listing=ListQuery(("type", "contact_id", "company_id", "deal_id", "actor_id"), style="cursor", items="items"),
    ),
    rename=renamed("type=kind body=description occurred_at=happenedAt actor_id=userId"),
    sorts=("created_at", "occurred_at"),
    headline=("type", "subject", "occurred_at", "contact_id", "company_id", "deal_id"),
    searched=("subject", "body", "outcome"),
    operations=Op.GET | Op.SEARCH | Op.CREATE | Op.DELETE,
)
