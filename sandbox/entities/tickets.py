"""Tickets of the help desk: their deadlines come from the SLA policy, their end is final."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import invalid, violated
from sandbox.entities.base import (
    COMPANY,
    CONTACT,
    CREATED,
    CUSTOM,
    NUMBER_ID,
    TENANT,
    UPDATED,
    address,
    computed,
    hidden,
)  # fmt: skip
from sandbox.entities.ticket_comments import comment
from sandbox.entity import Entity
from sandbox.fields import Field, Kind, plain_text
from sandbox.ids import NUMBER
from sandbox.moments import render_instant, stored_milliseconds
from sandbox.scene import Row, Scene
from sandbox.states import States, only

_STATES = States(
    "status",
    {
        "OPEN": ("WAITING", "ON_HOLD", "RESOLVED", "CLOSED"),
        "WAITING": ("OPEN", "RESOLVED", "CLOSED"),
        "ON_HOLD": ("OPEN", "RESOLVED", "CLOSED"),
        "RESOLVED": ("OPEN", "CLOSED"),
        "CLOSED": (),
    },
)


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        row["status"], row["ref"] = "OPEN", f"TCK-{scene.following('ticket')}"
    elif before["status"] == "CLOSED":
        only(row, before, before["status"])
    named = before is None or body.keys() & {"contactId", "requesterEmail"}
    if named and row["contactId"] is None and row["requesterEmail"] is None:
        raise violated("contactId", "a contact or an address is needed")
    if before is None or row["priority"] != before["priority"]:
        policies = scene.rows("sla_policy")
        set_deadlines(row, next((one for one in policies if one["isDefault"]), None))
    step = _STATES.step(before, body) if before is not None else None
    if step is not None:
        _move(row, step, body, scene)
    row["isBreached"] = breached(row, scene.now)


def _move(row: Row, step: str, body: Mapping[str, Any], scene: Scene) -> None:
    row["status"] = step
    if step in {"RESOLVED", "CLOSED"}:
        row["resolvedAt"] = row["resolvedAt"] or scene.now
    else:
        row["resolvedAt"] = None
    row["closedAt"] = scene.now if step == "CLOSED" else None
    if body.get("note") is not None:
        try:
            words = plain_text(body["note"], 5000)
        except ValueError as complaint:
            raise invalid({"note": [str(complaint)]}) from None
        scene.add("ticket_comment", comment(scene, row["id"], words))
        row["replyCount"] += 1


def set_deadlines(row: Row, policy: Row | None) -> None:
    """When the first response and the resolution are due, from the ticket's creation on."""
    rules = {rule["priority"]: rule for rule in policy["rules"]} if policy is not None else {}
    rule = rules.get(row["priority"], {"respondWithin": None, "resolveWithin": None})
    row["slaPolicyId"] = policy["id"] if policy is not None else None
    for name, within in (("responseDueAt", "respondWithin"), ("resolveDueAt", "resolveWithin")):
        minutes = rule[within]
        row[name] = (
            render_instant(stored_milliseconds(row["createdAt"]) + minutes * 60_000) if minutes is not None else None
        )


def breached(row: Row, now: str) -> bool:
    """Whether a deadline passed before what it waits for."""
    pairs = ((row["responseDueAt"], row["respondedAt"] or row["resolvedAt"]), (row["resolveDueAt"], row["resolvedAt"]))
    return any(due is not None and due < (done or now) for due, done in pairs)


_WAITS = "c_isBreached = 0 AND c_resolvedAt IS NULL AND (c_resolveDueAt < ? OR (c_respondedAt IS NULL AND c_responseDueAt < ?))"

TICKETS = Entity(
    name="ticket",
    plural="tickets",
    path="/api/helpdesk/tickets",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        computed("ref", Kind.TEXT),
        Field("title", Kind.TEXT, required=True, longest=255),
        Field("body", Kind.LONG_TEXT, required=True, fixed=True, longest=50_000),
        computed("status", Kind.CHOICE, choices=("OPEN", "WAITING", "ON_HOLD", "RESOLVED", "CLOSED")),
        Field("priority", Kind.CHOICE, choices=("LOW", "MEDIUM", "HIGH", "URGENT"), default="MEDIUM"),
        Field("category", Kind.CHOICE, choices=("QUESTION", "INCIDENT", "PROBLEM", "REQUEST")),
        Field(
            "source",
            Kind.CHOICE,
            choices=("EMAIL", "PHONE", "CHAT", "PORTAL", "API", "OTHER"),
            default="API",
            fixed=True,
        ),
        CONTACT,
        address("requesterEmail"),
        COMPANY,
        Field("agentId", Kind.REFERENCE, refers="user"),
        computed("slaPolicyId", Kind.REFERENCE, refers="sla_policy"),
        *(computed(name, Kind.INSTANT) for name in ("responseDueAt", "resolveDueAt", "respondedAt")),
        computed("isBreached", Kind.FLAG, default=False),
        Field("labels", Kind.LIST),
        computed("replyCount", Kind.INTEGER, default=0),
        CUSTOM,
        computed("resolvedAt", Kind.INSTANT),
        computed("closedAt", Kind.INSTANT),
        *hidden("ipAddress", "satisfactionToken"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "title", "resolveDueAt"),
    documented_update=("status", "agentId", "priority"),
    list_filters=(
        "ref",
        "status",
        "priority",
        "category",
        "source",
        "contactId",
        "requesterEmail",
        "companyId",
        "agentId",
        "isBreached",
    ),
    searched=("ref", "title", "body", "requesterEmail"),
    operations={"list": True, "create": True, "get": False, "update": True, "search": False},
    settle=_settle,
    lapses=(_WAITS, ("now", "now")),
)
