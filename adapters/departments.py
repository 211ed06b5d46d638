"""Departments: the parts of a firm that people work in. Read-only: they are set up in the product."""

from adapters.core.declare.kinds import Line, Whole
from adapters.core.declare.resource import Dated, ListQuery, Op, ReadOnly, Resource, Upstream, optional, required
from adapters.ids import DEPARTMENT, DepartmentId, EmployeeId


class Department(Dated):
    """A part of the firm, and who leads it."""

    id: ReadOnly[DepartmentId] = required("The department's id.", "dept_4")
    name: Line = required("Its name.", "Finance")
    code: Line | None = optional("Its short name.", "FIN")
    parent_id: DepartmentId | None = optional("The department that it is a part of.", "dept_1")
    head_id: EmployeeId | None = optional("The employee who leads it.", "emp_3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    employee_count: Whole | None = optional("How many people work in it.", 12)


departments = Resource(
    model=Department,
    id=DEPARTMENT,
    path="departments",
    singular="department",
    scope="employee",
    group="People",
    upstream=Upstream("hr", "/api/hr/departments", ListQuery(style="whole")),
    rename={"name": "title", "head_id": "headEmployeeId", "employee_count": "headcount"},
    sorts=("created_at", "updated_at", "name"),
    headline=("name", "code", "head_id", "employee_count"),
    searched=("name", "code"),
    operations=Op.GET | Op.SEARCH,
)
