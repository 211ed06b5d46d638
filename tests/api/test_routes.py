"""The public surface, written out: a route that appears or disappears does so on purpose."""

from __future__ import annotations

import itertools

import pytest

from adapters.core.operation import Operation
from gateway.api.me import ME
from gateway.api.routes import Routes
from gateway.problems import MethodNotAllowed, NotFound
from gateway.sandboxes import offered
from gateway.versions import CONTRACTS
from gateway.webhooks.declared import operations
from tests.conformance.declared import OPERATIONS

DATE = CONTRACTS[0].date

TABLE = """
GET    /v1/me                                   -
POST   /v1/test/sandboxes                       -
DELETE /v1/test/sandboxes/{id}                  -
PUT    /v1/test/faults                          -
GET    /v1/test/faults                          -
DELETE /v1/test/faults                          -
GET    /v1/test/requests                        -
POST   /v1/test/events/{type}                   -
POST   /v1/test/reset                           -
GET    /v1/test/snapshots                       -
POST   /v1/test/snapshots                       -
DELETE /v1/test/snapshots/{id}                  -
POST   /v1/test/snapshots/{id}/restore          -
GET    /v1/test/clock                           -
PUT    /v1/test/clock                           -
POST   /v1/webhook_subscriptions/search         webhook.read
POST   /v1/webhook_subscriptions                webhook.write
GET    /v1/webhook_subscriptions/{id}           webhook.read
PATCH  /v1/webhook_subscriptions/{id}           webhook.write
DELETE /v1/webhook_subscriptions/{id}           webhook.delete
POST   /v1/webhook_subscriptions/{id}/pause     webhook.write
POST   /v1/webhook_subscriptions/{id}/resume    webhook.write
POST   /v1/webhook_subscriptions/{id}/rotate_secret webhook.write
POST   /v1/webhook_subscriptions/{id}/test      webhook.write
POST   /v1/webhook_subscriptions/{id}/replay    webhook.write
GET    /v1/webhook_subscriptions/{id}/replays/{replay_id} webhook.read
GET    /v1/webhook_subscriptions/{id}/deliveries webhook.read
GET    /v1/webhook_subscriptions/{id}/deliveries/{delivery_id} webhook.read
POST   /v1/webhook_subscriptions/{id}/deliveries/{delivery_id}/redeliver webhook.write
POST   /v1/events/search                        webhook.read
GET    /v1/events/{id}                          webhook.read
POST   /v1/contacts/search                      contact.read
POST   /v1/contacts                             contact.write
GET    /v1/contacts/{id}                        contact.read
POST   /v1/contacts/get                         contact.read
PATCH  /v1/contacts/{id}                        contact.write
DELETE /v1/contacts/{id}                        contact.delete
GET    /v1/contacts/{id}/tags                   contact.read
POST   /v1/contacts/{id}/tags                   contact.write
DELETE /v1/contacts/{id}/tags/{tag}             contact.write
POST   /v1/contacts/import                      contact.write
GET    /v1/contacts/export                      contact.read
GET    /v1/contacts/{id}/notes                  contact.read note.read
GET    /v1/contacts/{id}/tasks                  contact.read task.read
GET    /v1/contacts/{id}/deals                  contact.read deal.read
GET    /v1/contacts/{id}/activities             contact.read activity.read
POST   /v1/companies/search                     company.read
POST   /v1/companies                            company.write
GET    /v1/companies/{id}                       company.read
POST   /v1/companies/get                        company.read
PATCH  /v1/companies/{id}                       company.write
DELETE /v1/companies/{id}                       company.delete
GET    /v1/companies/{id}/contacts              company.read contact.read
GET    /v1/companies/{id}/deals                 company.read deal.read
GET    /v1/companies/{id}/notes                 company.read note.read
GET    /v1/companies/{id}/tasks                 company.read task.read
GET    /v1/companies/{id}/activities            company.read activity.read
POST   /v1/deals/search                         deal.read
POST   /v1/deals                                deal.write
GET    /v1/deals/{id}                           deal.read
POST   /v1/deals/get                            deal.read
PATCH  /v1/deals/{id}                           deal.write
DELETE /v1/deals/{id}                           deal.delete
POST   /v1/deals/{id}/stage                     deal.write
GET    /v1/deals/{id}/notes                     deal.read note.read
GET    /v1/deals/{id}/tasks                     deal.read task.read
GET    /v1/deals/{id}/activities                deal.read activity.read
POST   /v1/pipelines/search                     deal.read
GET    /v1/pipelines/{id}                       deal.read
POST   /v1/pipelines/get                        deal.read
POST   /v1/tasks/search                         task.read
POST   /v1/tasks                                task.write
GET    /v1/tasks/{id}                           task.read
POST   /v1/tasks/get                            task.read
PATCH  /v1/tasks/{id}                           task.write
DELETE /v1/tasks/{id}                           task.delete
POST   /v1/tasks/{id}/complete                  task.write
POST   /v1/tasks/{id}/reopen                    task.write
POST   /v1/notes/search                         note.read
POST   /v1/notes                                note.write
GET    /v1/notes/{id}                           note.read
POST   /v1/notes/get                            note.read
PATCH  /v1/notes/{id}                           note.write
DELETE /v1/notes/{id}                           note.delete
POST   /v1/notes/{id}/pin                       note.write
POST   /v1/notes/{id}/unpin                     note.write
POST   /v1/activities/search                    activity.read
POST   /v1/activities                           activity.write
GET    /v1/activities/{id}                      activity.read
POST   /v1/activities/get                       activity.read
DELETE /v1/activities/{id}                      activity.delete
POST   /v1/accounts/search                      account.read
GET    /v1/accounts/{id}                        account.read
POST   /v1/accounts/get                         account.read
POST   /v1/employees/search                     employee.read
POST   /v1/employees                            employee.write
GET    /v1/employees/{id}                       employee.read
POST   /v1/employees/get                        employee.read
PATCH  /v1/employees/{id}                       employee.write
POST   /v1/employees/{id}/terminate             employee.write
POST   /v1/leave_requests/search                leave_request.read
POST   /v1/leave_requests                       leave_request.write
GET    /v1/leave_requests/{id}                  leave_request.read
POST   /v1/leave_requests/get                   leave_request.read
POST   /v1/leave_requests/{id}/approve          leave_request.write approval.write
POST   /v1/leave_requests/{id}/reject           leave_request.write approval.write
POST   /v1/leave_requests/{id}/cancel           leave_request.write
GET    /v1/employees/{id}/leave_requests        employee.read leave_request.read
POST   /v1/payroll_runs/search                  payroll.read
POST   /v1/payroll_runs                         payroll.write
GET    /v1/payroll_runs/{id}                    payroll.read
POST   /v1/payroll_runs/get                     payroll.read
POST   /v1/payroll_runs/{id}/process            payroll.write
POST   /v1/payroll_runs/{id}/mark_paid          payroll.write
POST   /v1/attendance/search                    attendance.read
GET    /v1/attendance/{id}                      attendance.read
POST   /v1/attendance/get                       attendance.read
POST   /v1/departments/search                   employee.read
GET    /v1/departments/{id}                     employee.read
POST   /v1/departments/get                      employee.read
POST   /v1/projects/search                      project.read
POST   /v1/projects                             project.write
GET    /v1/projects/{id}                        project.read
POST   /v1/projects/get                         project.read
PATCH  /v1/projects/{id}                        project.write
DELETE /v1/projects/{id}                        project.delete
POST   /v1/projects/{id}/status                 project.write
GET    /v1/projects/{id}/tasks                  project.read project_task.read
POST   /v1/project_tasks/search                 project_task.read
POST   /v1/project_tasks                        project_task.write
GET    /v1/project_tasks/{id}                   project_task.read
POST   /v1/project_tasks/get                    project_task.read
PATCH  /v1/project_tasks/{id}                   project_task.write
DELETE /v1/project_tasks/{id}                   project_task.delete
POST   /v1/project_tasks/{id}/status            project_task.write
GET    /v1/project_tasks/{id}/time_logs         project_task.read time_log.read
POST   /v1/project_tasks/{id}/time_logs         time_log.write
DELETE /v1/project_tasks/{id}/time_logs/{time_log_id} time_log.delete
GET    /v1/tickets/{id}/comments                ticket.read
POST   /v1/tickets/{id}/comments                ticket.write
POST   /v1/tickets/search                       ticket.read
POST   /v1/tickets                              ticket.write
GET    /v1/tickets/{id}                         ticket.read
POST   /v1/tickets/get                          ticket.read
PATCH  /v1/tickets/{id}                         ticket.write
POST   /v1/tickets/{id}/status                  ticket.write
POST   /v1/sla_policies/search                  ticket.read
GET    /v1/sla_policies/{id}                    ticket.read
POST   /v1/sla_policies/get                     ticket.read
POST   /v1/canned_responses/search              ticket.read
GET    /v1/canned_responses/{id}                ticket.read
POST   /v1/canned_responses/get                 ticket.read
POST   /v1/warehouses/search                    inventory.read
GET    /v1/warehouses/{id}                      inventory.read
POST   /v1/warehouses/get                       inventory.read
POST   /v1/users/search                         user.read
GET    /v1/users/{id}                           user.read
POST   /v1/users/get                            user.read
GET    /v1/reports/profit_and_loss              financial_report.read
GET    /v1/reports/balance_sheet                financial_report.read
GET    /v1/reports/cash_flow                    financial_report.read
GET    /v1/reports/sales_forecast               sales_report.read
GET    /v1/contacts/{id}/invoices               contact.read invoice.read
GET    /v1/contacts/{id}/tickets                contact.read ticket.read
GET    /v1/companies/{id}/invoices              company.read invoice.read
GET    /v1/companies/{id}/tickets               company.read ticket.read
GET    /v1/companies/{id}/projects              company.read project.read
GET    /v1/deals/{id}/invoices                  deal.read invoice.read
POST   /v1/invoices/search                      invoice.read
POST   /v1/invoices                             invoice.write
GET    /v1/invoices/{id}                        invoice.read
POST   /v1/invoices/get                         invoice.read
PATCH  /v1/invoices/{id}                        invoice.write
DELETE /v1/invoices/{id}                        invoice.delete
POST   /v1/invoices/{id}/send                   invoice.write
POST   /v1/invoices/{id}/mark_sent              invoice.write
POST   /v1/invoices/{id}/void                   invoice.write
GET    /v1/invoices/{id}/payments               invoice.read payment.read
POST   /v1/invoices/{id}/payments               payment.write
POST   /v1/expenses/search                      expense.read
POST   /v1/expenses                             expense.write
GET    /v1/expenses/{id}                        expense.read
POST   /v1/expenses/get                         expense.read
PATCH  /v1/expenses/{id}                        expense.write
DELETE /v1/expenses/{id}                        expense.delete
POST   /v1/expenses/{id}/approve                expense.write approval.write
POST   /v1/expenses/{id}/reject                 expense.write approval.write
POST   /v1/expenses/{id}/reimburse              expense.write
POST   /v1/journal_entries/search               journal_entry.read
POST   /v1/journal_entries                      journal_entry.write
GET    /v1/journal_entries/{id}                 journal_entry.read
POST   /v1/journal_entries/get                  journal_entry.read
POST   /v1/products/search                      product.read
POST   /v1/products                             product.write
GET    /v1/products/{id}                        product.read
POST   /v1/products/get                         product.read
PATCH  /v1/products/{id}                        product.write
POST   /v1/products/{id}/archive                product.write
POST   /v1/products/{id}/unarchive              product.write
GET    /v1/products/{id}/movements              product.read inventory.read
POST   /v1/products/{id}/movements              inventory.write
"""


def test_the_route_table_is_this_one() -> None:
    every = [ME, *offered.operations([DATE]), *operations([DATE]), *OPERATIONS]
    declared = {(op.method, op.route, " ".join(op.scopes) or "-") for op in every}
    pinned = {(line.split()[0], line.split()[1], " ".join(line.split()[2:])) for line in TABLE.strip().splitlines()}
    assert declared == pinned


def test_every_route_exists_in_every_contract() -> None:
    for operation in OPERATIONS:
        assert all(face is not None for face in operation.faces.values()), operation.name


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/v1/a/1/b/2/c/3", ("1", "2", "3")),
        ("/v1/a/1/b/2/c/now", ("1", "2")),
        ("/v1/a/1/b/2", ("1", "2")),
        ("/v1/a/%41/b/c/d/e/f/g", ("A", "c", "e", "g")),
    ],
)
def test_a_path_may_be_as_deep_as_a_word_declares(path: str, ids: tuple[str, ...]) -> None:
    routes: Routes[str] = Routes()
    for tail in ("*", "*/b", "*/b/*", "*/b/*/c/*", "*/b/*/c/now", "*/b/*/d/*/f/*"):
        names = ("id",) * tail.count("*")
        operation = Operation(
            name=f"a.{tail}", first="a", tail=tail, method="GET", summary="", scopes=(), param_names=names
        )
        routes.add(operation, tail)
    assert routes.find("GET", path)[1] == ids
    routes.open("/mcp/readonly", "agents")
    assert routes.find("POST", "/mcp/readonly") == ("agents", ())
    for nowhere in (f"/mcp{path.removeprefix('/v1')}", f"{path}/x/y/z/u/v", f"{path}/", "/v1/a/1/b//c/3", "/v1/b/1"):
        with pytest.raises(NotFound):
            routes.find("GET", nowhere)


def test_a_room_without_a_search_is_no_path_of_its_own() -> None:
    routes: Routes[str] = Routes()
    for first, tail, method in (("things", "search", "POST"), ("reports", "sales", "GET")):
        operation = Operation(name=f"{first}.{tail}", first=first, tail=tail, method=method, summary="", scopes=())
        routes.add(operation, tail)
    with pytest.raises(MethodNotAllowed) as elsewhere:
        routes.find("GET", "/v1/things")
    assert "Search with POST /v1/things/search." in elsewhere.value.detail
    for method, path in itertools.product(("GET", "POST"), ("/v1/reports", "/v1/reports/")):
        with pytest.raises(NotFound) as nowhere:
            routes.find(method, path)
        assert nowhere.value.detail == "There is nothing at this path."
