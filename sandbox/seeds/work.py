"""Projects, their tasks on three levels, and the time logged on them."""

from sandbox.entities import PROJECT_TASKS, PROJECTS, TIME_LOGS
from sandbox.entities.projects import progress
from sandbox.moments import shifted
from sandbox.scene import Row
from sandbox.seeds.firm import LAST_DAY, Firm, at, day

_PROJECTS = 28
# how many tasks beneath the project, beneath each of those, and beneath each of those again
_TREE = (4, 2, 1)
_STATES = ("PLANNING", "ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "DONE", "DROPPED")
_SUBJECTS = ("Website", "Rollout", "Move", "Audit", "App", "Warehouse", "Training", "Rebrand")
_STEPS = (
    "Collect requirements", "Draft", "Review the draft", "Build", "Test", "Fix findings", "Write the manual", "Release",
    "Train the users", "Measure",
)  # fmt: skip
_TASK_STATES = ("TODO", "IN_PROGRESS", "REVIEW", "BLOCKED", "DONE", "DONE")
_LABELS = ("backend", "design", "urgent", "customer", "later")


def projects(firm: Firm) -> list[Row]:
    return [_project(firm, at_number) for at_number in range(firm.count(_PROJECTS, 4))]


def _project(firm: Firm, at_number: int) -> Row:
    starts = day(at_number * 16)
    state = _STATES[at_number % len(_STATES)]
    company, deal = firm.maybe(firm.companies, 0.7), firm.maybe(firm.deals, 0.4)
    budget = firm.price(300_000, 4_000_000) if at_number % 3 else None
    row = firm.make(
        PROJECTS,
        firm.moment(starts),
        title=f"{firm.choose(_SUBJECTS)} {company['name'] if company is not None else at_number}",
        key=f"P{at_number + 101}",
        summary="Agreed with the customer; see the offer." if at_number % 2 else None,
        status=state,
        startsOn=starts,
        endsOn=shifted(starts, 60 + firm.below(200)) if at_number % 5 else None,
        leadId=firm.choose(firm.user_ids),
        clientCompanyId=company["id"] if company is not None else None,
        dealId=deal["id"] if deal is not None else None,
        budget=budget,
        currency=firm.workspace.currency if budget is not None else None,
        isBillable=company is not None,
        customFields={"phase": at_number % 4} if at_number % 4 else {},
    )
    if state == "DONE":
        row["completedAt"] = row["updatedAt"] = at(min(shifted(starts, 120), LAST_DAY), 900)
    return row


def tasks(firm: Firm, among: list[Row]) -> list[Row]:
    """All levels of all projects, parents first; the projects learn how many there are and how many are done."""
    rows: list[Row] = []
    for project in among:
        own: list[Row] = []
        _branch(firm, project, None, 0, own)
        done = sum(task["status"] == "DONE" for task in own)
        project |= {"tasksTotal": len(own), "tasksDone": done, "progressPct": progress(done, len(own))}
        rows += own
    return rows


def _branch(firm: Firm, project: Row, parent: Row | None, level: int, own: list[Row]) -> None:
    if parent is not None:
        parent["childCount"] = _TREE[level]
    for _ in range(_TREE[level]):
        task = _task(firm, project, parent, len(own))
        own.append(task)
        if level + 1 < len(_TREE):
            _branch(firm, project, task, level + 1, own)


def _task(firm: Firm, project: Row, parent: Row | None, position: int) -> Row:
    starts = min(shifted(project["startsOn"], firm.below(60)), LAST_DAY)
    state = "DONE" if project["status"] == "DONE" else firm.choose(_TASK_STATES)
    row = firm.make(
        PROJECT_TASKS,
        firm.moment(project["startsOn"]),
        projectId=project["id"],
        parentId=parent["id"] if parent is not None else None,
        name=firm.choose(_STEPS),
        details="As discussed." if position % 3 == 0 else None,
        status=state,
        priority=firm.choose(("LOW", "MEDIUM", "MEDIUM", "HIGH", "CRITICAL")),
        assigneeId=firm.maybe(firm.user_ids, 0.85),
        startDate=starts if position % 4 else None,
        dueDate=shifted(starts, 5 + firm.below(40)) if position % 5 else None,
        estimateMinutes=firm.choose((60, 120, 480, 960, None)),
        sortIndex=position,
        labels=[firm.choose(_LABELS)] if position % 3 == 0 else [],
        createdById=project["leadId"],
    )
    if state == "DONE":
        row["completedAt"] = row["updatedAt"] = at(min(shifted(starts, 12), LAST_DAY), 840)
    return row


def time_logs(firm: Firm, among: list[Row], projects_by_id: dict[str, Row]) -> list[Row]:
    """Up to three a task; the tasks learn how many minutes there are."""
    rows: list[Row] = []
    for task in among:
        for _ in range(firm.choose((0, 1, 1, 2, 3)) if task["status"] != "TODO" else 0):
            minutes = firm.choose((15, 30, 45, 60, 90, 120, 240, 480))
            worked = min(shifted(task["createdAt"][:10], firm.below(60)), LAST_DAY)
            task["loggedMinutes"] += minutes
            rows.append(
                firm.make(
                    TIME_LOGS,
                    firm.moment(worked),
                    projectId=task["projectId"],
                    taskId=task["id"],
                    workerId=firm.choose(firm.user_ids),
                    durationMinutes=minutes,
                    workDate=worked,
                    startedAt=firm.moment(worked) if minutes > 60 else None,
                    comment="With the customer." if minutes == 90 else None,
                    isBillable=projects_by_id[task["projectId"]]["isBillable"],
                )
            )
    return rows
