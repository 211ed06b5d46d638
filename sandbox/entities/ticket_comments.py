"""Comments on a ticket: replies that the customer reads, and notes that only agents do."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import state_invalid
from sandbox.entities.base import CREATED, NUMBER_ID, TENANT, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import NUMBER
from sandbox.scene import Row, Scene, known


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    ticket = known(scene, "ticket", row["ticketId"])
    if ticket["status"] == "CLOSED":
        raise state_invalid(ticket["status"])
    row["authorKind"] = "AGENT"


def _effects(_before: Row | None, after: Row | None, scene: Scene) -> None:
    """The ticket counts its comments; a public reply is a response, and opens again what was resolved."""
    ticket = scene.row("ticket", after["ticketId"]) if after is not None else None
    if after is None or ticket is None:
        return
    changed: Row = {"replyCount": len(scene.rows("ticket_comment", "c_ticketId = ?", ticket["id"]))}
    if not after["isInternal"]:
        changed["respondedAt"] = ticket["respondedAt"] or scene.now
        if ticket["status"] == "RESOLVED":
            changed |= {"status": "OPEN", "resolvedAt": None}
    scene.change("ticket", ticket, **changed, updatedAt=scene.now)


def comment(scene: Scene, ticket: int, words: str) -> Row:
    """A note that the service itself keeps beside a change of state."""
    row = TICKET_COMMENTS.blank() | {"id": scene.key(NUMBER), "tenantId": scene.tenant_id, "createdAt": scene.now}
    return row | {
        "ticketId": ticket, "isInternal": True, "message": words, "authorKind": "AGENT", "authorId": scene.user_id,
    }  # fmt: skip


TICKET_COMMENTS = Entity(
    name="ticket_comment",
    plural="ticket_comments",
    path="/api/helpdesk/tickets/{ticketId}/comments",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        computed("ticketId", Kind.REFERENCE, refers="ticket", number=True, owner=True),
        Field("isInternal", Kind.FLAG, required=True),
        Field("message", Kind.LONG_TEXT, required=True, longest=50_000),
        computed("authorKind", Kind.CHOICE, choices=("AGENT", "CUSTOMER", "SYSTEM")),
        computed("authorId", Kind.REFERENCE, refers="user"),
        computed("contactId", Kind.REFERENCE, refers="contact"),
        CREATED,
    ),
    sorts=("createdAt",),
    list_filters=(),
    searched=(),
    operations={"list": False, "create": True},
    style="cursor",
    creator="authorId",
    settle=_settle,
    effects=_effects,
)
