"""Departments, employees, their leave, their pay and their days at work."""

from collections import Counter
from datetime import date

from sandbox.entities import ATTENDANCE, DEPARTMENTS, EMPLOYEES, LEAVE_REQUESTS, PAYROLL_RUNS
from sandbox.entities.leave_requests import HOLIDAYS, working_days
from sandbox.entities.payroll_runs import label, paid_in, work_out
from sandbox.ids import UUID4
from sandbox.moments import days_between, shifted
from sandbox.scene import Row
from sandbox.seeds.firm import FIRST_DAY, LAST_DAY, Firm, at
from sandbox.vocabulary import FIRST_NAMES, LAST_NAMES

_DEPARTMENTS = (
    ("Management", "MGT"), ("Engineering", "ENG"), ("Design", "DSG"), ("Sales", "SLS"), ("Marketing", "MKT"),
    ("Support", "SUP"), ("Finance", "FIN"), ("People", "HRM"), ("Warehouse", "WHS"), ("Legal", "LGL"),
)  # fmt: skip
_TITLES = ("Analyst", "Engineer", "Designer", "Account manager", "Coordinator", "Specialist", "Accountant", None)
_LEVELS = ("owner", "admin", "manager", "member", "viewer")
_EMPLOYEES, _LEAVE, _DAYS = 64, 96, 90
_FAR = "2028-12-31"
_REASONS = ("Family visit", "Fever", "Moving house", None)


def departments(firm: Firm) -> list[Row]:
    rows = [
        firm.make(DEPARTMENTS, at(FIRST_DAY, 30), title=title, code=code, headcount=0) for title, code in _DEPARTMENTS
    ]
    rows[2]["parentId"] = rows[1]["id"]
    return rows


def employees(firm: Firm, units: list[Row]) -> list[Row]:
    """The users first, then everybody else; the departments learn their heads and sizes."""
    rows = [_user(firm, at_number, units, user) for at_number, user in enumerate(firm.users)]
    if firm.working:
        rows += [_employee(firm, at_number, units, rows) for at_number in range(len(rows), firm.count(_EMPLOYEES, 8))]
    sizes = Counter(row["departmentId"] for row in rows if row["status"] != "TERMINATED")
    for unit in units:
        unit["headcount"] = sizes[unit["id"]]
        unit["headEmployeeId"] = next((row["id"] for row in rows if row["departmentId"] == unit["id"]), None)
    return rows


def _base(firm: Firm, at_number: int, unit: Row, joined: str, salary: int) -> Row:
    return firm.make(
        EMPLOYEES,
        at(max(joined, FIRST_DAY), 540),
        empCode=f"E{firm.following('employee'):04d}",
        departmentId=unit["id"],
        employmentType="FULL_TIME",
        status="ACTIVE",
        joiningDate=joined,
        workLocation=firm.choose(("Head office", "Remote", None)),
        mobile=f"+91 9{firm.below(10**9):09d}",
        pay={"amount": salary, "currency": firm.workspace.currency, "period": "MONTHLY", "from": joined},
        customFields={"badge": at_number} if at_number % 3 == 0 else {},
        bankAccount={"iban": f"XX{firm.below(10**12):012d}"},
        pan="ABCPE1234F",
        dob="1990-01-01",
        homeAddress="12 Hill Street",
        personalEmail=f"home{at_number}@mail.example",
        hrNotes="Asked for a raise." if at_number % 7 == 0 else None,
    )


def _user(firm: Firm, at_number: int, units: list[Row], user: Row) -> Row:
    given, family = user["name"].split(" ", 1)
    row = _base(firm, at_number, units[(0, 0, 5, 3, 6)[at_number]], "2024-02-01", firm.price(90_000, 160_000))
    names = {"givenName": given, "familyName": family, "fullName": user["name"], "workEmail": user["email"]}
    boss = firm.kept.get("employee", {})
    row |= names | {"userId": user["id"], "designation": _LEVELS[at_number].capitalize()}
    row["reportsTo"] = next(iter(boss), None)
    firm.keep(EMPLOYEES, [row])
    return row


def _employee(firm: Firm, at_number: int, units: list[Row], earlier: list[Row]) -> Row:
    given, family = firm.choose(FIRST_NAMES), firm.maybe(LAST_NAMES, 0.95)
    joined = shifted("2024-03-01", at_number * 11)
    row = _base(firm, at_number, units[at_number % len(units)], joined, firm.price(38_000, 120_000))
    row |= {
        "givenName": given,
        "familyName": family,
        "fullName": f"{given} {family}" if family else given,
        "workEmail": f"staff{at_number}@{firm.handle}.example",
        "designation": firm.choose(_TITLES),
        "reportsTo": earlier[at_number % 5]["id"],
        "employmentType": firm.choose(("FULL_TIME", "FULL_TIME", "FULL_TIME", "PART_TIME", "CONTRACT", "INTERN")),
    }
    if at_number % 12 == 11:
        row |= {"status": "TERMINATED", "exitDate": min(shifted(joined, 300), LAST_DAY), "exitReason": "Moved away."}
    elif at_number % 20 == 13:
        row |= {"status": "PROBATION", "probationEnd": _FAR}
    elif at_number % 4 == 0:
        row["probationEnd"] = shifted(joined, 90)
    if at_number % 15 == 9:
        row["pay"] |= {"amount": row["pay"]["amount"] * 12, "period": "ANNUAL"}
    firm.keep(EMPLOYEES, [row])
    return row


def leave(firm: Firm, people: list[Row]) -> list[Row]:
    """One request a person and quarter at most, so that none overlap; one person is away for years."""
    staff = [row for row in people if row["status"] != "TERMINATED"]
    rows = [_leave(firm, at_number, staff[at_number % len(staff)]) for at_number in range(firm.count(_LEAVE, 6))]
    away = staff[-1]
    for year in ("2026", "2027", "2028"):
        row = _request(firm, away, "LOP", f"{year}-06-01", f"{int(year) + 1}-05-31", "FULL", "APPROVED")
        rows.append(row)
    away["status"] = "ON_LEAVE"
    return rows


def _leave(firm: Firm, at_number: int, person: Row) -> Row:
    month = 1 + (at_number * 5) % 12
    first = f"{2025 + at_number // 64}-{month:02d}-{2 + firm.below(20):02d}"
    if at_number // 64:
        first = f"2026-{1 + at_number % 5:02d}{first[7:]}"
    kind = firm.choose(("EARNED", "SICK", "CASUAL", "LOP"))
    half = at_number % 8 == 3
    last = first if half else shifted(first, firm.choose((0, 1, 2, 4)))
    state = firm.choose(("APPROVED", "APPROVED", "APPROVED", "PENDING", "DECLINED", "WITHDRAWN"))
    return _request(firm, person, kind, first, last, "FIRST_HALF" if half else "FULL", state)


def _request(firm: Firm, person: Row, kind: str, first: str, last: str, session: str, state: str) -> Row:
    filed = at(min(shifted(first, -14), LAST_DAY), 600)
    row = firm.make(
        LEAVE_REQUESTS,
        filed,
        employeeId=person["id"],
        leaveType=kind,
        fromDate=first,
        toDate=last,
        session=session,
        dayCount=working_days(first, last, session),
        reason=firm.choose(_REASONS),
        status=state,
    )
    if state in {"APPROVED", "DECLINED"}:
        decided = at(min(shifted(filed[:10], 1), LAST_DAY), 700)
        row |= {"actionedBy": firm.user_ids[2], "actionedAt": decided, "updatedAt": decided}
        row["actionNote"] = "The team is short then." if state == "DECLINED" else None
    return row


def runs(firm: Firm, people: list[Row]) -> list[Row]:
    """A regular run a month for a year: paid, but for the last two."""
    months = [f"{2025 + month // 12}-{month % 12 + 1:02d}" for month in range(5, 17)]
    return [_run(firm, month, people, left=len(months) - at_number) for at_number, month in enumerate(months)]


def _run(firm: Firm, month: str, people: list[Row], left: int) -> Row:
    first = f"{month}-01"
    last = shifted(f"{shifted(first, 31)[:7]}-01", -1)
    row = firm.make(
        PAYROLL_RUNS,
        at(min(f"{month}-25", LAST_DAY), 600),
        type="REGULAR",
        periodFrom=first,
        periodTo=last,
        payoutDate=shifted(last, 2),
        status="DRAFT",
        currency=firm.workspace.currency,
        initiatedBy=firm.user_ids[1],
    )
    row |= {"label": label(row), "headcount": len(paid_in(row, people))}
    if left > 1:
        work_out(row, people, at(last, 900))
    if left > 2:
        row |= {"status": "PAID", "paidAt": at(row["payoutDate"], 600), "updatedAt": at(row["payoutDate"], 600)}
    return row


def attendance(firm: Firm, people: list[Row], requests: list[Row]) -> list[Row]:
    """A record a person a day, for the last ninety days."""
    days = [shifted(LAST_DAY, number - firm.count(_DAYS, 14) + 1) for number in range(firm.count(_DAYS, 14))]
    away = {
        (one["employeeId"], shifted(one["fromDate"], number))
        for one in requests
        if one["status"] == "APPROVED" and one["toDate"] >= days[0]
        for number in range(min(days_between(one["fromDate"], one["toDate"]), 400) + 1)
    }
    rows: list[Row] = []
    for today in days:
        idle = "H" if today[5:] in HOLIDAYS else "WO" if date.fromisoformat(today).weekday() >= 5 else None
        created = at(today, 1435)
        for person in people:
            if person["joiningDate"] <= today and (person["exitDate"] is None or person["exitDate"] >= today):
                status = idle or ("L" if (person["id"], today) in away else None)
                rows.append(_record(firm, person["id"], today, created, status))
    return rows


def _record(firm: Firm, person: str, today: str, created: str, status: str | None) -> Row:
    row: Row = _RECORD | {
        "id": firm.key(UUID4), "tenantId": firm.tenant_id, "employeeId": person, "day": today,
        "createdAt": created, "updatedAt": created,
    }  # fmt: skip
    if status is not None:
        row["status"] = status
        return row
    chance = firm.random.random()
    if chance < 0.03:
        row["status"] = "A"
        return row
    late = int(chance * 1000) % 25 if chance > 0.7 else 0
    worked = 240 if chance < 0.07 else 470 + int(chance * 60)
    row["status"] = "HD" if chance < 0.07 else "P"
    row |= {"inAt": at(today, 210 + late), "outAt": at(today, 210 + late + worked), "minutesWorked": worked}
    row |= {"lateBy": late, "source": "WEB" if chance > 0.9 else "DEVICE", "ip": "10.2.0.7", "deviceId": "gate-2"}
    return row


_RECORD = ATTENDANCE.blank()
