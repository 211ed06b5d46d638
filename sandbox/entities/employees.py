"""Employees: who works here, since when, and for how much."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import invalid, refused, violated
from sandbox.entities.base import CREATED, CUSTOM, ID, TENANT, UPDATED, address, computed, hidden
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import UUID4
from sandbox.moments import parse_date
from sandbox.money import CODES
from sandbox.scene import Row, Scene, known, today
from sandbox.states import States, only

_STATES = States(
    "status",
    {"ACTIVE": ("TERMINATED",), "PROBATION": ("TERMINATED",), "ON_LEAVE": ("TERMINATED",), "TERMINATED": ()},
)
_AWAY = "SELECT c_employeeId FROM leave_requests WHERE c_status = 'APPROVED' AND ? BETWEEN c_fromDate AND c_toDate"

_LAPSED = (
    f"(c_status IN ('ACTIVE', 'PROBATION') AND id IN ({_AWAY}))"
    f" OR (c_status = 'ON_LEAVE' AND id NOT IN ({_AWAY})) OR (c_status = 'PROBATION' AND c_probationEnd < ?)"
)


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        row["empCode"] = row["empCode"] or _next_code(scene)
    elif before["status"] == "TERMINATED":
        only(row, before, before["status"], ("customFields",))
    row["fullName"] = f"{row['givenName']} {row['familyName']}" if row["familyName"] else row["givenName"]
    if row["probationEnd"] is not None and row["probationEnd"] < row["joiningDate"]:
        raise violated("probationEnd", "must not be before joiningDate")
    if isinstance(body.get("pay"), dict) and row["pay"]["currency"] is None:
        raise violated("pay.currency", "is needed beside an amount")
    if body.get("reportsTo") is not None:
        _check_managers(row, scene)
    if before is not None and _STATES.step(before, body) == "TERMINATED":
        _terminate(row, body)
    elif before is None or before["status"] != "TERMINATED":
        row["status"] = _status(row, scene)


def _next_code(scene: Scene) -> str:
    while scene.rows("employee", "c_empCode = ?", proposed := f"E{scene.following('employee'):04d}"):
        pass
    return proposed


def _check_managers(row: Row, scene: Scene) -> None:
    """Nobody reports to themselves, at no remove."""
    above = row["reportsTo"]
    if above == row["id"]:
        raise violated("reportsTo", "must be somebody else")
    while above is not None:
        above = known(scene, "employee", above)["reportsTo"]
        if above == row["id"]:
            raise refused("manager_loop", {"reportsTo": ["reports to this employee"]})


def _terminate(row: Row, body: Mapping[str, Any]) -> None:
    try:
        row["exitDate"] = parse_date(body.get("exitDate"))
    except ValueError as complaint:
        raise invalid({"exitDate": [str(complaint)]}) from None
    if row["exitDate"] < row["joiningDate"]:
        raise violated("exitDate", "must not be before joiningDate")
    row["status"] = "TERMINATED"


def _status(row: Row, scene: Scene) -> str:
    day = today(scene)
    approved = "c_employeeId = ? AND c_status = 'APPROVED' AND ? BETWEEN c_fromDate AND c_toDate"
    if scene.rows("leave_request", approved, row["id"], day):
        return "ON_LEAVE"
    return "PROBATION" if row["probationEnd"] is not None and row["probationEnd"] >= day else "ACTIVE"


def _effects(before: Row | None, after: Row | None, scene: Scene) -> None:
    """Departments know how many people they have."""
    for key in {row["departmentId"] for row in (before, after) if row is not None} - {None}:
        count = len(scene.rows("employee", "c_departmentId = ? AND c_status <> 'TERMINATED'", key))
        scene.change("department", known(scene, "department", key), headcount=count)


EMPLOYEES = Entity(
    name="employee",
    plural="employees",
    path="/api/hr/employees",
    key=UUID4,
    fields=(
        ID,
        TENANT,
        Field("empCode", Kind.TEXT, longest=32, kept=True, unique=True),
        Field("givenName", Kind.TEXT, required=True, longest=255),
        Field("familyName", Kind.TEXT, longest=255),
        computed("fullName", Kind.TEXT),
        address("workEmail", required=True, unique=True),
        Field("mobile", Kind.TEXT, longest=255),
        Field("designation", Kind.TEXT, longest=255),
        Field("departmentId", Kind.REFERENCE, refers="department", number=True),
        Field("reportsTo", Kind.REFERENCE, refers="employee"),
        Field("userId", Kind.REFERENCE, refers="user"),
        Field("employmentType", Kind.CHOICE, required=True, choices=("FULL_TIME", "PART_TIME", "CONTRACT", "INTERN")),
        computed("status", Kind.CHOICE, choices=("ACTIVE", "PROBATION", "ON_LEAVE", "TERMINATED")),
        Field("joiningDate", Kind.DATE, required=True),
        Field("probationEnd", Kind.DATE),
        computed("exitDate", Kind.DATE),
        Field("workLocation", Kind.TEXT, longest=255),
        Field(
            "pay",
            Kind.RECORD,
            item=(
                Field("amount", Kind.MONEY, required=True, least=0),
                Field("currency", Kind.TEXT, pattern=CODES, complaint="must be a currency of ISO 4217"),
                Field("period", Kind.CHOICE, choices=("MONTHLY", "ANNUAL", "HOURLY"), default="MONTHLY"),
                Field("from", Kind.DATE),
            ),
        ),
        CUSTOM,
        *hidden("bankAccount", "pan", "aadhaar", "taxId", "dob", "homeAddress", "personalEmail", "personalPhone"),
        *hidden("maritalStatus", "exitReason", "hrNotes"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "fullName", "joiningDate"),
    list_filters=("empCode", "workEmail", "departmentId", "reportsTo", "employmentType", "status"),
    searched=("fullName", "workEmail", "empCode", "designation"),
    operations={"list": True, "create": True, "get": False, "update": True, "search": False},
    style="cursor",
    settle=_settle,
    effects=_effects,
    lapses=(_LAPSED, ("today", "today", "today")),
)
