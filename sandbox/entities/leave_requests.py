"""Leave requests: working days off, counted by the service, decided by somebody."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.answers import invalid, refused, state_invalid, violated
from sandbox.entities.base import CREATED, EMPLOYEE, ID, TENANT, UPDATED, computed
from sandbox.entities.expenses import note
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import UUID4
from sandbox.moments import days_between, shifted
from sandbox.money import Number
from sandbox.scene import Row, Scene, employee_of, today
from sandbox.states import States

_STATES = States(
    "status",
    {"PENDING": ("APPROVED", "DECLINED", "WITHDRAWN"), "APPROVED": ("WITHDRAWN",), "DECLINED": (), "WITHDRAWN": ()},
)
HOLIDAYS = frozenset({"01-01", "01-26", "08-15", "10-02", "12-25"})
# days a year; the other types know no end
ENTITLED = {"EARNED": 24, "SICK": 12, "CASUAL": 8, "MATERNITY": 182, "PATERNITY": 15, "BEREAVEMENT": 5}


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        _file(row, scene)
        return
    step = _STATES.step(before, body)
    if step is None:
        return
    if before["status"] == "APPROVED" and row["toDate"] <= today(scene):
        raise state_invalid(before["status"])
    row["status"] = step
    if step != "WITHDRAWN":
        row |= {"actionedBy": scene.user_id, "actionedAt": scene.now}
        row["actionNote"] = note(body, "actionNote", needed=step == "DECLINED")


def _file(row: Row, scene: Scene) -> None:
    row["status"] = "PENDING"
    row["employeeId"] = row["employeeId"] or employee_of(scene, scene.user_id)
    if row["employeeId"] is None:
        raise invalid({"employeeId": ["is required"]})
    if row["toDate"] < row["fromDate"]:
        raise violated("toDate", "must not be before fromDate")
    if days_between(row["fromDate"], row["toDate"]) >= 366:
        raise violated("toDate", "must be within 366 days")
    if row["session"] != "FULL" and row["fromDate"] != row["toDate"]:
        raise violated("session", "is for a single day")
    row["dayCount"] = working_days(row["fromDate"], row["toDate"], row["session"])
    theirs = [
        one
        for one in scene.rows("leave_request", "c_employeeId = ?", row["employeeId"])
        if one["status"] in {"PENDING", "APPROVED"}
    ]
    if any(_overlap(row, one) for one in theirs):
        raise refused("leave_overlap", {"fromDate": ["overlaps another request"]})
    _check_balance(row, theirs)


def working_days(first: str, last: str, session: str) -> Number:
    """Days from first to last that are neither at a weekend nor a holiday; half a day for a session."""
    days = [shifted(first, number) for number in range(days_between(first, last) + 1)]
    count = sum(date.fromisoformat(day).weekday() < 5 and day[5:] not in HOLIDAYS for day in days)
    return count if session == "FULL" else count / 2


def _overlap(one: Row, other: Row) -> bool:
    halves = {one["session"], other["session"]} == {"FIRST_HALF", "SECOND_HALF"}
    return bool(one["fromDate"] <= other["toDate"] and other["fromDate"] <= one["toDate"]) and not halves


def _check_balance(row: Row, theirs: list[Row]) -> None:
    """Days are taken from the year that the leave begins in."""
    kind, year = row["leaveType"], row["fromDate"][:4]
    taken = sum(one["dayCount"] for one in theirs if one["leaveType"] == kind and one["fromDate"][:4] == year)
    if kind in ENTITLED and taken + row["dayCount"] > ENTITLED[kind]:
        raise refused("leave_balance", {"leaveType": [f"{ENTITLED[kind] - taken:g} days are left in {year}"]})


LEAVE_REQUESTS = Entity(
    name="leave_request",
    plural="leave_requests",
    path="/api/hr/leave",
    key=UUID4,
    fields=(
        ID,
        TENANT,
        EMPLOYEE,
        Field("leaveType", Kind.CHOICE, required=True, fixed=True, choices=(*ENTITLED, "LOP", "OTHER")),
        Field("fromDate", Kind.DATE, required=True, fixed=True),
        Field("toDate", Kind.DATE, required=True, fixed=True),
        Field("session", Kind.CHOICE, fixed=True, choices=("FULL", "FIRST_HALF", "SECOND_HALF"), default="FULL"),
        computed("dayCount", Kind.DECIMAL),
        Field("reason", Kind.LONG_TEXT, longest=2000, fixed=True),
        computed("status", Kind.CHOICE, choices=("PENDING", "APPROVED", "DECLINED", "WITHDRAWN")),
        computed("actionedBy", Kind.REFERENCE, refers="user"),
        computed("actionedAt", Kind.INSTANT),
        computed("actionNote", Kind.TEXT),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "fromDate"),
    list_filters=("employeeId", "leaveType", "status"),
    ranges={"fromDate": ("from", "to")},
    looked_up=("toDate",),
    searched=(),
    operations={"list": True, "create": True, "get": False, "update": False},
    settle=_settle,
)
