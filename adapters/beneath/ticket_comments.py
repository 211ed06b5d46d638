"""Ticket comments: what customers and agents say on a ticket, and what agents say to one another."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Moment, Prose
from adapters.core.declare.record import Foreign, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import TICKET_COMMENT, ContactId, TicketCommentId, TicketId, UserId

Visibility = Annotated[str, Choice(("public", "internal"), {"public": False, "internal": True})]


class TicketComment(Record):
    """One comment. Whoever shows a conversation to customers has to leave the internal ones out."""

    id: ReadOnly[TicketCommentId] = required("The comment's id.", "tcom_2048")
    ticket_id: ReadOnly[TicketId] = required("The ticket.", "tick_1042")
    visibility: Visibility = required(
        "Who sees it: the customer too (`public`), or agents only. No default.", "internal"
    )
    body: Foreign[Annotated[str, Prose(50_000, 1)]] = required("What it says.", "The lamp was from the old batch.")
    author_type: ReadOnly[Annotated[str, Choice.upper("agent", "customer", "system")]] = required(
        "Who wrote it.", "agent"
    )
    author_id: ReadOnly[UserId | None] = optional("The user, if it was an agent.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    contact_id: ReadOnly[ContactId | None] = optional(
        "The contact, if it was a customer.", "con_5f2b8c1d9e3a7b6c4d5e6f70"
    )
    created_at: ReadOnly[Moment] = required("When it was written.", "2026-06-01T10:00:00Z")


ticket_comments = Resource(
    model=TicketComment,
    id=TICKET_COMMENT,
    path="comments",
    singular="ticket comment",
    scope="ticket",
    group="Help desk",
    upstream=Upstream("helpdesk", "/api/helpdesk/tickets/{id}/comments", ListQuery(style="cursor", items="items")),
    rename=renamed("visibility=isInternal body=message author_type=authorKind"),
    operations=Op.SEARCH | Op.CREATE,
)
