"""Payroll runs: the pay of everybody in a period, worked out when the run is processed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.answers import refused, violated
from sandbox.entities.base import CREATED, ID, TENANT, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import UUID4
from sandbox.moments import days_between
from sandbox.money import exact, minor
from sandbox.scene import Row, Scene
from sandbox.states import States

_STATES = States(
    "status", {"DRAFT": ("RUNNING",), "RUNNING": (), "DONE": ("PAID",), "PAID": (), "FAILED": ("RUNNING",)}
)
_HELD_BACK, _ON_TOP = Decimal("0.22"), Decimal("0.13")
_HOURS = 160


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        _plan(row, scene)
        return
    step = _STATES.step(before, body)
    if step is not None:
        row["status"] = step
        if step == "PAID":
            row["paidAt"] = scene.now
    elif before["status"] == "RUNNING":
        work_out(row, scene.rows("employee"), scene.now)


def _plan(row: Row, scene: Scene) -> None:
    row |= {"status": "DRAFT", "currency": scene.workspace.currency}
    if row["periodTo"] < row["periodFrom"]:
        raise violated("periodTo", "must not be before periodFrom")
    if days_between(row["periodFrom"], row["periodTo"]) >= 62:
        raise violated("periodTo", "must be within 62 days")
    if row["payoutDate"] < row["periodFrom"]:
        raise violated("payoutDate", "must not be before periodFrom")
    row["headcount"] = len(paid_in(row, scene.rows("employee")))
    row["label"] = label(row)
    if row["type"] == "REGULAR":
        overlapping = "c_type = 'REGULAR' AND c_periodFrom <= ? AND c_periodTo >= ?"
        for other in scene.rows("payroll_run", overlapping, row["periodTo"], row["periodFrom"]):
            if None in {row["departmentId"], other["departmentId"]} or row["departmentId"] == other["departmentId"]:
                raise refused("run_exists", {"periodFrom": [f"{other['label']} pays the same people"]})


def label(row: Row) -> str:
    word = "Payroll" if row["type"] == "REGULAR" else "Off-cycle payroll"
    return f"{word} {row['periodFrom']} to {row['periodTo']}"


def paid_in(run: Row, employees: list[Row]) -> list[Row]:
    """Who is paid by the run: employed in its period, of its department, with pay in its currency."""
    return [
        one
        for one in employees
        if one["pay"] is not None
        and one["pay"]["currency"] == run["currency"]
        and run["departmentId"] in {None, one["departmentId"]}
        and one["joiningDate"] <= run["periodTo"]
        and (one["exitDate"] is None or one["exitDate"] >= run["periodFrom"])
    ]


def work_out(run: Row, employees: list[Row], now: str) -> None:
    """A month's pay a person, each sum rounded half up by person. A run with nobody in it fails."""
    people = paid_in(run, employees)
    run["headcount"] = len(people)
    run["updatedAt"] = now
    if not people:
        run["status"] = "FAILED"
        return
    currency = run["currency"]
    gross = [minor(_monthly(one["pay"]), currency) for one in people]
    run["grossMinor"] = sum(gross)
    run["deductionMinor"] = sum(_half_up(units * _HELD_BACK) for units in gross)
    run["employerMinor"] = sum(_half_up(units * _ON_TOP) for units in gross)
    run["netMinor"] = run["grossMinor"] - run["deductionMinor"]
    run["status"], run["processedAt"] = "DONE", now


def _half_up(units: Decimal) -> int:
    return int(units + Decimal("0.5"))


def _monthly(pay: Row) -> Decimal:
    amount = exact(pay["amount"])
    return {"MONTHLY": amount, "ANNUAL": amount / 12, "HOURLY": amount * _HOURS}[pay["period"]]


_TOTALS = ("grossMinor", "deductionMinor", "netMinor", "employerMinor")

PAYROLL_RUNS = Entity(
    name="payroll_run",
    plural="payroll_runs",
    path="/api/payroll/runs",
    key=UUID4,
    fields=(
        ID,
        TENANT,
        computed("label", Kind.TEXT),
        Field("type", Kind.CHOICE, choices=("REGULAR", "OFF_CYCLE"), default="REGULAR", fixed=True),
        Field("periodFrom", Kind.DATE, required=True, fixed=True),
        Field("periodTo", Kind.DATE, required=True, fixed=True),
        Field("payoutDate", Kind.DATE, required=True, fixed=True),
        Field("departmentId", Kind.REFERENCE, refers="department", number=True, fixed=True),
        computed("status", Kind.CHOICE, choices=("DRAFT", "RUNNING", "DONE", "PAID", "FAILED")),
        computed("currency", Kind.TEXT),
        computed("headcount", Kind.INTEGER),
        *(computed(name, Kind.INTEGER) for name in _TOTALS),
        computed("processedAt", Kind.INSTANT),
        computed("paidAt", Kind.INSTANT),
        computed("initiatedBy", Kind.REFERENCE, refers="user"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "periodFrom", "payoutDate"),
    list_filters=("type", "status"),
    ranges={"periodFrom": ("from", "to")},
    looked_up=("periodTo",),
    searched=(),
    operations={"list": True, "create": True, "get": False, "update": False},
    style="offset",
    creator="initiatedBy",
    settle=_settle,
    # a run is worked out once the request that started it has been answered
    lapses=("c_status = 'RUNNING'", ()),
)
