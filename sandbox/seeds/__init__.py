"""The seeded rows of a firm, by service. The CRM's are in seed_rows.py."""

from collections.abc import Iterator

from sandbox.entities import (
    ACCOUNTS,
    ATTENDANCE,
    CANNED_RESPONSES,
    DEPARTMENTS,
    EMPLOYEES,
    EXPENSES,
    INVOICES,
    JOURNAL_ENTRIES,
    LEAVE_REQUESTS,
    MOVEMENTS,
    PAYMENTS,
    PAYROLL_RUNS,
    PRODUCTS,
    PROJECT_TASKS,
    PROJECTS,
    SLA_POLICIES,
    TICKET_COMMENTS,
    TICKETS,
    TIME_LOGS,
    WAREHOUSES,
)  # fmt: skip
from sandbox.entity import Entity
from sandbox.ledger import BOOKED, Posting, postings
from sandbox.scene import Row
from sandbox.seeds import books, finance, helpdesk, people, stock, work
from sandbox.seeds.firm import Firm

Made = tuple[Entity, list[Row]]


def rows(firm: Firm) -> Iterator[Made]:
    """Everything the services hold of the firm; of one that was only just set up, its settings and its users."""
    accounts = books.chart(firm)
    firm.keep(ACCOUNTS, accounts)
    units = people.departments(firm)
    staff = people.employees(firm, units)
    policies, places = helpdesk.policies(firm), stock.warehouses(firm)
    yield ACCOUNTS, accounts
    yield DEPARTMENTS, units
    yield SLA_POLICIES, policies
    yield CANNED_RESPONSES, helpdesk.canned(firm)
    yield WAREHOUSES, places
    if firm.working:
        yield from _business(firm, staff, policies[0], places)
    yield EMPLOYEES, staff


def _business(firm: Firm, staff: list[Row], policy: Row, places: list[Row]) -> Iterator[Made]:
    requests = people.leave(firm, staff)
    runs = people.runs(firm, staff)
    products = stock.products(firm)
    movements = stock.movements(firm, products, places)
    projects = work.projects(firm)
    tasks = work.tasks(firm, projects)
    time_logs = work.time_logs(firm, tasks, {project["id"]: project for project in projects})
    tickets, comments = helpdesk.tickets(firm, policy)
    codes = chart_of(firm)
    billed = finance.invoices(firm, products, codes)
    firm.keep(INVOICES, (invoice for invoice, _ in billed))
    yield LEAVE_REQUESTS, requests
    yield PAYROLL_RUNS, runs
    yield ATTENDANCE, people.attendance(firm, staff, requests)
    yield PRODUCTS, products
    yield MOVEMENTS, movements
    yield PROJECTS, projects
    yield PROJECT_TASKS, tasks
    yield TIME_LOGS, time_logs
    yield TICKETS, tickets
    yield TICKET_COMMENTS, comments
    yield INVOICES, [invoice for invoice, _ in billed]
    yield PAYMENTS, [payment for _, paid in billed for payment in paid]
    yield EXPENSES, finance.claims(firm, staff, projects)
    yield JOURNAL_ENTRIES, books.journal(firm, codes)


def booked(firm: Firm, entity: Entity, made: list[Row]) -> Iterator[tuple[str, Posting]]:
    """What the rows mean for the books, with the id of the row."""
    if entity.name in BOOKED:
        codes = chart_of(firm)
        for row in made:
            for posting in postings(entity.name, row, codes, firm):
                yield row["id"], posting


def chart_of(firm: Firm) -> dict[str, str]:
    return {account["glCode"]: account["id"] for account in firm.rows("account")}
