"""The second table of contents: every type of id, by the service that owns it, and what a field that holds one is annotated with."""

from __future__ import annotations

from typing import Annotated

from adapters.core.declare.ids import BASE62, CUID, DIGITS, HEX24, UUID, IdType, Paired
from adapters.core.declare.kinds import Reference

# crm
CONTACT = IdType("con_", HEX24, "contact")
COMPANY = IdType("cmp_", HEX24, "company")
DEAL = IdType("deal_", HEX24, "deal")
PIPELINE = IdType("pipe_", HEX24, "pipeline")
STAGE = IdType("stage_", HEX24, "pipeline stage")
TASK = IdType("task_", HEX24, "task")
NOTE = IdType("note_", HEX24, "note")
ACTIVITY = IdType("act_", HEX24, "activity")
CONTRACT = IdType("ctr_", CUID, "contract")

ContactId = Annotated[str, Reference(CONTACT)]
CompanyId = Annotated[str, Reference(COMPANY)]
DealId = Annotated[str, Reference(DEAL)]
PipelineId = Annotated[str, Reference(PIPELINE)]
StageId = Annotated[str, Reference(STAGE)]
TaskId = Annotated[str, Reference(TASK)]
NoteId = Annotated[str, Reference(NOTE)]
ActivityId = Annotated[str, Reference(ACTIVITY)]
ContractId = Annotated[str, Reference(CONTRACT)]

# finance
ACCOUNT = IdType("acct_", "[0-9a-f]{8}", "account", cut="coa_")
EXPENSE = IdType("exp_", "[0-9]{6,12}", "expense", cut="EXP-")

INVOICE = IdType("inv_", "[0-9A-Za-z]{1,40}", "invoice", cut="inv_")
INVOICE_LINE = IdType("line_", "[0-9A-Za-z]{1,40}", "line of an invoice", cut="itm_")
PAYMENT = IdType("pay_", "[0-9A-Za-z]{1,40}", "payment", cut="rcpt_")
JOURNAL_ENTRY = IdType("jrn_", DIGITS, "journal entry", cut="je_")

AccountId = Annotated[str, Reference(ACCOUNT)]
ExpenseId = Annotated[str, Reference(EXPENSE)]
InvoiceId = Annotated[str, Reference(INVOICE)]
InvoiceLineId = Annotated[str, Reference(INVOICE_LINE)]
PaymentId = Annotated[str, Reference(PAYMENT)]
JournalEntryId = Annotated[str, Reference(JOURNAL_ENTRY)]

# hr
EMPLOYEE = IdType("emp_", UUID, "employee")
DEPARTMENT = IdType("dept_", DIGITS, "department", number=True)
LEAVE_REQUEST = IdType("leave_", UUID, "leave request")
PAYROLL_RUN = IdType("prun_", UUID, "payroll run")
ATTENDANCE = IdType("att_", UUID, "attendance record")

EmployeeId = Annotated[str, Reference(EMPLOYEE)]
DepartmentId = Annotated[str, Reference(DEPARTMENT)]
LeaveRequestId = Annotated[str, Reference(LEAVE_REQUEST)]
PayrollRunId = Annotated[str, Reference(PAYROLL_RUN)]
AttendanceId = Annotated[str, Reference(ATTENDANCE)]

# projects
PROJECT = IdType("proj_", CUID, "project")
PROJECT_TASK = Paired("ptask_", CUID, "project task", parent=PROJECT, beneath="project_id")
TIME_LOG = IdType("tlog_", DIGITS, "time log", number=True)

ProjectId = Annotated[str, Reference(PROJECT)]
ProjectTaskId = Annotated[str, Reference(PROJECT_TASK)]
TimeLogId = Annotated[str, Reference(TIME_LOG)]

# help desk
TICKET = IdType("tick_", DIGITS, "ticket", number=True)
TICKET_COMMENT = IdType("tcom_", DIGITS, "ticket comment", number=True)
SLA_POLICY = IdType("sla_", CUID, "SLA policy")
CANNED_RESPONSE = IdType("canned_", "[0-9A-Za-z_-]{21}", "canned response")

TicketId = Annotated[str, Reference(TICKET)]
TicketCommentId = Annotated[str, Reference(TICKET_COMMENT)]
SlaPolicyId = Annotated[str, Reference(SLA_POLICY)]
CannedResponseId = Annotated[str, Reference(CANNED_RESPONSE)]

# inventory
PRODUCT = IdType("prod_", DIGITS, "product", number=True)
WAREHOUSE = IdType("whs_", DIGITS, "warehouse", number=True)
MOVEMENT = IdType("mov_", DIGITS, "stock movement", number=True)

ProductId = Annotated[str, Reference(PRODUCT)]
WarehouseId = Annotated[str, Reference(WAREHOUSE)]
MovementId = Annotated[str, Reference(MOVEMENT)]

# auth
USER = IdType("usr_", CUID, "user")
TENANT = IdType("biz_", CUID, "tenant")

UserId = Annotated[str, Reference(USER)]
TenantId = Annotated[str, Reference(TENANT)]

# the gateway's own
TOKEN = IdType("tok_", BASE62, "token")
EVENT = IdType("evt_", BASE62, "event")
WEBHOOK_SUBSCRIPTION = IdType("whk_", BASE62, "webhook subscription")
DELIVERY = IdType("dlv_", BASE62, "delivery")
REPLAY = IdType("whr_", BASE62, "replay")

TokenId = Annotated[str, Reference(TOKEN)]
EventId = Annotated[str, Reference(EVENT)]
WebhookSubscriptionId = Annotated[str, Reference(WEBHOOK_SUBSCRIPTION)]
DeliveryId = Annotated[str, Reference(DELIVERY)]
ReplayId = Annotated[str, Reference(REPLAY)]
