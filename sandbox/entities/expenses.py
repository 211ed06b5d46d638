"""Expense claims: filed by an employee, decided by somebody else, paid back."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.answers import invalid, refused, state_invalid, violated
from sandbox.entities.base import (
    BOOKED_TO,
    CREATED,
    CURRENCY,
    EMPLOYEE,
    ID,
    TENANT,
    UNDOCUMENTED,
    UPDATED,
    computed,
)  # fmt: skip
from sandbox.entity import Entity
from sandbox.fields import Field, Kind, plain_text
from sandbox.ids import CLAIM
from sandbox.moments import parse_date
from sandbox.scene import Row, Scene, employee_of
from sandbox.states import States, only

_STATES = States(
    "state",
    {"PENDING": ("APPROVED", "REJECTED"), "APPROVED": ("PAID", "REJECTED"), "REJECTED": (), "PAID": ()},
)


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        row["state"] = "PENDING"
        row["employeeId"] = row["employeeId"] or employee_of(scene, scene.user_id)
    elif before["state"] != "PENDING":
        only(row, before, before["state"])
    if row["total"] <= 0:
        raise violated("total", "must be more than 0")
    if row["taxPart"] is not None and row["taxPart"] > row["total"]:
        raise violated("taxPart", "must not be more than total")
    step = _STATES.step(before, body) if before is not None else None
    if step == "PAID":
        _pay_back(row, body, scene)
    elif step is not None:
        _decide(row, step, body, scene)


def _decide(row: Row, step: str, body: Mapping[str, Any], scene: Scene) -> None:
    own = employee_of(scene, scene.user_id)
    if own is not None and own == row["employeeId"]:
        raise refused("not_allowed", message="Nobody decides a claim of their own.")
    row |= {"state": step, "reviewedBy": scene.user_id, "reviewedAt": scene.now}
    row["reviewNote"] = note(body, "reviewNote", needed=step == "REJECTED")


def _pay_back(row: Row, body: Mapping[str, Any], scene: Scene) -> None:
    if row["paidWith"] != "PERSONAL":
        raise state_invalid(row["state"])
    day = body.get("reimbursedOn")
    try:
        moment = scene.now if day is None else f"{parse_date(day)}T00:00:00.000Z"
    except ValueError as complaint:
        raise invalid({"reimbursedOn": [str(complaint)]}) from None
    row |= {"state": "PAID", "settledAt": moment}


def note(body: Mapping[str, Any], name: str, *, needed: bool) -> str | None:
    """The words beside a decision."""
    given = body.get(name)
    try:
        if given is None or not str(given).strip():
            if needed:
                raise ValueError("is required")
            return None
        return plain_text(given, 500)
    except ValueError as complaint:
        raise invalid({name: [str(complaint)]}) from None


def _deletable(row: Row) -> None:
    if row["state"] != "PENDING":
        raise state_invalid(row["state"])


EXPENSES = Entity(
    name="expense",
    plural="expenses",
    path="/api/finance/expenses",
    key=CLAIM,
    fields=(
        ID,
        TENANT,
        computed("state", Kind.CHOICE, choices=("PENDING", "APPROVED", "REJECTED", "PAID")),
        Field("purpose", Kind.TEXT, required=True),
        Field("category", Kind.TEXT, required=True, longest=100),
        Field("total", Kind.MONEY, required=True),
        Field("taxPart", Kind.MONEY, least=0),
        CURRENCY,
        Field("date", Kind.DATE, required=True),
        Field("vendor", Kind.TEXT, longest=255),
        EMPLOYEE,
        Field("paidWith", Kind.CHOICE, choices=("PERSONAL", "CORPORATE"), default="PERSONAL"),
        BOOKED_TO,
        Field("projectId", Kind.REFERENCE, refers="project"),
        Field(
            "receiptUrl",
            Kind.TEXT,
            longest=2048,
            pattern=re.compile(r"(?i:https)://\S+"),
            complaint="is not an https URL",
        ),
        computed("reviewedBy", Kind.REFERENCE, refers="user"),
        computed("reviewedAt", Kind.INSTANT),
        computed("reviewNote", Kind.TEXT),
        computed("settledAt", Kind.INSTANT),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "total", "date"),
    list_filters=("state", "category", "currency", "employeeId", "projectId"),
    ranges={"date": ("from", "to")},
    searched=("purpose", "vendor", "category"),
    operations={**UNDOCUMENTED, "list": True, "create": True},
    style="offset",
    settle=_settle,
    deletable=_deletable,
)
