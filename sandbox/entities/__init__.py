"""ENTITIES: every family of rows in the services, by service."""

from sandbox.entities.accounts import ACCOUNTS
from sandbox.entities.activities import ACTIVITIES
from sandbox.entities.attendance import ATTENDANCE
from sandbox.entities.canned_responses import CANNED_RESPONSES
from sandbox.entities.companies import COMPANIES
from sandbox.entities.contacts import CONTACTS
from sandbox.entities.deals import DEALS
from sandbox.entities.departments import DEPARTMENTS
from sandbox.entities.employees import EMPLOYEES
from sandbox.entities.expenses import EXPENSES
from sandbox.entities.invoices import INVOICES
from sandbox.entities.journal_entries import JOURNAL_ENTRIES
from sandbox.entities.leave_requests import LEAVE_REQUESTS
from sandbox.entities.movements import MOVEMENTS
from sandbox.entities.notes import NOTES
from sandbox.entities.payments import PAYMENTS
from sandbox.entities.payroll_runs import PAYROLL_RUNS
from sandbox.entities.pipelines import PIPELINES
from sandbox.entities.products import PRODUCTS
from sandbox.entities.project_tasks import PROJECT_TASKS
from sandbox.entities.projects import PROJECTS
from sandbox.entities.sla_policies import SLA_POLICIES
from sandbox.entities.tasks import TASKS
from sandbox.entities.ticket_comments import TICKET_COMMENTS
from sandbox.entities.tickets import TICKETS
from sandbox.entities.time_logs import TIME_LOGS
from sandbox.entities.warehouses import WAREHOUSES

_CRM = (CONTACTS, COMPANIES, DEALS, PIPELINES, TASKS, NOTES, ACTIVITIES)
_FINANCE = (ACCOUNTS, INVOICES, PAYMENTS, EXPENSES, JOURNAL_ENTRIES)
_HR = (DEPARTMENTS, EMPLOYEES, LEAVE_REQUESTS, PAYROLL_RUNS, ATTENDANCE)
_PROJECTS = (PROJECTS, PROJECT_TASKS, TIME_LOGS)
_HELP_DESK = (SLA_POLICIES, CANNED_RESPONSES, TICKETS, TICKET_COMMENTS)
_INVENTORY = (WAREHOUSES, PRODUCTS, MOVEMENTS)

ENTITIES = (*_CRM, *_FINANCE, *_HR, *_PROJECTS, *_HELP_DESK, *_INVENTORY)
BY_NAME = {entity.name: entity for entity in ENTITIES}

__all__ = [
    "ACCOUNTS",
    "ACTIVITIES",
    "ATTENDANCE",
    "BY_NAME",
    "CANNED_RESPONSES",
    "COMPANIES",
    "CONTACTS",
    "DEALS",
    "DEPARTMENTS",
    "EMPLOYEES",
    "ENTITIES",
    "EXPENSES",
    "INVOICES",
    "JOURNAL_ENTRIES",
    "LEAVE_REQUESTS",
    "MOVEMENTS",
    "NOTES",
    "PAYMENTS",
    "PAYROLL_RUNS",
    "PIPELINES",
    "PRODUCTS",
    "PROJECTS",
    "PROJECT_TASKS",
    "SLA_POLICIES",
    "TASKS",
    "TICKETS",
    "TICKET_COMMENTS",
    "TIME_LOGS",
    "WAREHOUSES",
]
