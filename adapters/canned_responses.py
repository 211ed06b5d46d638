"""Canned responses: answers to tickets that are written once. Read-only: they are written in the product."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Line, LongText, Words
from adapters.core.declare.resource import Dated, ListQuery, Op, ReadOnly, Resource, Upstream, optional, required
from adapters.ids import CANNED_RESPONSE, CannedResponseId

SEEN_BY = Choice.of("everyone=ALL team=TEAM personal=SELF")


class CannedResponse(Dated):
    """A text to answer tickets with; placeholders stand in it as they are."""

    id: ReadOnly[CannedResponseId] = required("The response's id.", "canned_0a1b2c3d4e5f6g7h8i9j_")
    title: Line = required("What it is called.", "Thank you")
    body: LongText | None = optional("The text.", "Dear {{customer}}, thank you.")
    folder: Line | None = optional("Where it is kept.", "General")
    visibility: Annotated[str, SEEN_BY] = required("Who may use it.", "everyone")
    tags: Words = optional("Labels.", ["polite"], [])


canned_responses = Resource(
    model=CannedResponse,
    id=CANNED_RESPONSE,
    path="canned_responses",
    singular="canned response",
    scope="ticket",
    group="Help desk",
    upstream=Upstream("helpdesk", "/api/support/canned-responses", ListQuery(style="whole")),
    rename={"title": "name", "body": "content", "folder": "category", "visibility": "scope"},
    sorts=("created_at", "updated_at", "title"),
    headline=("title", "folder", "visibility"),
    searched=("title", "body"),
    operations=Op.GET | Op.SEARCH,
)
