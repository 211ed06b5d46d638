"""The API's table of contents: every public resource and report."""

from __future__ import annotations

from adapters.accounts import accounts
from adapters.activities import activities
from adapters.attendance import attendance
from adapters.canned_responses import canned_responses
from adapters.companies import companies
from adapters.contacts import contacts
from adapters.contracts import contracts
from adapters.core.declare.event import Announced
from adapters.core.declare.own import Own
from adapters.core.declare.resource import Resource
from adapters.deals import deals
from adapters.departments import departments
from adapters.employees import employees
from adapters.expenses import expenses
from adapters.invoices import invoices
from adapters.journal_entries import journal_entries
from adapters.leave_requests import leave_requests
from adapters.notes import notes
from adapters.payroll_runs import payroll_runs
from adapters.pipelines import pipelines
from adapters.products import products
from adapters.project_tasks import project_tasks
from adapters.projects import projects
from adapters.reports import REPORTS
from adapters.sla_policies import sla_policies
from adapters.tasks import tasks
from adapters.tickets import tickets
from adapters.users import users
from adapters.warehouses import warehouses

__all__ = ["ANNOUNCED", "OWN", "REPORTS", "RESOURCES", "RESTRICTED_FAMILIES"]

RESOURCES: tuple[Resource, ...] = (
    *(contacts, companies, deals, pipelines, tasks, notes, activities),
    *(invoices, expenses, accounts, journal_entries),
    *(employees, departments, leave_requests, payroll_runs, attendance),
    *(projects, project_tasks),
    *(tickets, sla_policies, canned_responses),
    *(products, warehouses),
    *(users,),
)
ANNOUNCED: tuple[Announced, ...] = (contracts,)
"""What services tell of and have no call for."""
OWN: tuple[Own, ...] = (
    Own(
        "webhook",
        {
            "read": "webhook subscriptions, deliveries and events",
            "write": "webhook subscriptions",
            "delete": "webhook subscriptions",
        },
    ),
)
RESTRICTED_FAMILIES: frozenset[str] = frozenset(
    {
        "journal_entry",
        "approval",
        "compensation",
        "leave_request",
        "attendance",
        "payroll",
        "financial_report",
        "webhook",
    }
)
"""Families that no pattern of a role grants unless it names them: what they guard is more than most colleagues may see."""
