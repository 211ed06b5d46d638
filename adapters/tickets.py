"""Tickets: what customers ask, and how it is answered."""

from typing import Annotated

from adapters.beneath.ticket_comments import ticket_comments
from adapters.core.declare.kinds import Boolean, Choice, CustomFields, Email, Line, Moment, Name, Prose, Whole, Words
from adapters.core.declare.record import Dated, Fixed, Foreign, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Event, ListQuery, Op, Resource, States, Upstream, renamed
from adapters.core.declare.rules import one_of
from adapters.core.words import Child, Move
from adapters.ids import TICKET, CompanyId, ContactId, SlaPolicyId, TicketId, UserId

TOLD = {"number": "ref", "subject": "title", "priority": "priority"}
Status = Annotated[str, Choice.of("open=OPEN pending=WAITING on_hold=ON_HOLD resolved=RESOLVED closed=CLOSED")]
Priority = Annotated[str, Choice.of("low=LOW normal=MEDIUM high=HIGH urgent=URGENT")]
Channel = Annotated[str, Choice.of("email=EMAIL phone=PHONE chat=CHAT web=PORTAL api=API other=OTHER")]
Type = Annotated[str, Choice.upper("question", "incident", "problem", "request")]
LISTED = (
    *("number", "status", "priority", "type", "channel", "requester_id", "requester_email"),
    *("company_id", "assignee_id", "sla_breached"),
)


class Ticket(Dated):
    """A customer's question, and how it stands."""

    id: ReadOnly[TicketId] = required("The ticket's id.", "tick_1042")
    number: ReadOnly[Line] = required("What people call it by.", "T-1042")
    subject: Foreign[Name] = required("What it is about, in one line.", "The lamp does not light")
    description: Fixed[Foreign[Annotated[str, Prose(50_000, 1)]]] = required("What was asked.", "It was dark.")
    status: ReadOnly[Status] = required("How it stands; changed with the action `status`.", "open")
    priority: Priority = optional("How urgent it is.", "high", "normal")
    type: Type | None = optional("What kind of question it is.", "incident")
    channel: Fixed[Channel] = optional("How it came.", "email", "api")
    requester_id: ContactId | None = optional("The contact who asks.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    requester_email: Email | None = optional("Where the answer goes; needed without a contact.", "ada@example.com")
    company_id: CompanyId | None = optional("The company they work for.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    assignee_id: UserId | None = optional("The user who answers.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    sla_policy_id: ReadOnly[SlaPolicyId | None] = optional("What sets its deadlines.", "sla_clx0a1b2c3d4e5f6g7h8i9j0k")
    first_response_due_at: ReadOnly[Moment | None] = optional("When it has to be answered.", "2026-06-01T10:00:00Z")
    resolution_due_at: ReadOnly[Moment | None] = optional("When it has to be resolved.", "2026-06-01T17:00:00Z")
    first_responded_at: ReadOnly[Moment | None] = optional("When it was first answered.", "2026-06-01T09:30:00Z")
    sla_breached: ReadOnly[Boolean] = required("Whether a deadline was missed.", example=False)
    tags: Words = optional("Labels.", ["lamps"], [])
    comment_count: ReadOnly[Whole] = required("How many comments it has.", 3)
    custom: Foreign[CustomFields] = optional("The workspace's own fields.", {"order": "A-17"}, {})
    resolved_at: ReadOnly[Moment | None] = optional("When it was resolved.", "2026-06-01T12:00:00Z")
    closed_at: ReadOnly[Moment | None] = optional("When it was closed.", "2026-06-02T12:00:00Z")


class TicketStatus(Record):
    """How a ticket stands from now on."""

    status: Status = required("The status to go to.", "resolved")
    note: Annotated[str, Prose(5_000)] | None = optional("Kept as an internal comment.", "A new one is on its way.")


tickets = Resource(
    model=Ticket,
    id=TICKET,
    path="tickets",
    singular="ticket",
    scope="ticket",
    group="Help desk",
    upstream=Upstream(
        "helpdesk", "/api/helpdesk/tickets", listing=ListQuery(LISTED), patched=("status", "assignee_id", "priority")
    ),
    rename=renamed(
        "number=ref subject=title description=body type=category channel=source requester_id=contactId assignee_id=agentId "
        "first_response_due_at=responseDueAt resolution_due_at=resolveDueAt first_responded_at=respondedAt "
        "sla_breached=isBreached tags=labels comment_count=replyCount custom=customFields"
    ),
    sorts=("created_at", "updated_at", "subject", "resolution_due_at"),
    headline=("number", "subject", "status", "priority", "assignee_id", "resolution_due_at"),
    searched=("number", "subject", "description", "requester_email"),
    operations=Op.GET | Op.SEARCH | Op.CREATE | Op.UPDATE,
    words=(Move("status", TicketStatus, "Change the status of a ticket"), Child(ticket_comments)),
    rules=(one_of("requester_id", "requester_email"),),
    states=States.of(
        "open → pending on_hold resolved closed; pending → open resolved closed; on_hold → open resolved closed; "
        "resolved → open closed; closed"
    ),
    events=(
        Event("ticket.created", "A ticket was opened.", facts=TOLD),
        Event("ticket.resolved", "A ticket was resolved.", facts={**TOLD, "resolved_at": "resolvedAt"}),
        Event("ticket.closed", "A ticket was closed.", facts={**TOLD, "closed_at": "closedAt"}),
    ),
)
