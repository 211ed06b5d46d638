"""Which writes are events, and what an event says of its row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.scene import Row

Happens = Callable[[Row | None, Row], bool]


@dataclass(frozen=True, slots=True)
class Event:
    """name: of the event · entity: of its row · members: of the payload, and the fields of the row that they hold ·
    happens: whether a write is one, given the row before (None on create) and after · former: as members, of the row before.
    """

    name: str
    entity: str
    members: dict[str, str]
    happens: Happens
    former: dict[str, str] = field(default_factory=dict)

    def told(self, before: Row | None, after: Row) -> dict[str, Any]:
        """`data` of the event."""
        told = {member: after[name] for member, name in self.members.items()}
        return told | {member: (before or after)[name] for member, name in self.former.items()}


def _created(before: Row | None, _after: Row) -> bool:
    return before is None


def _became(name: str, value: Any) -> Happens:
    return lambda before, after: after[name] == value and (before is None or before[name] != value)


def _members(*names: str, **renamed: str) -> dict[str, str]:
    return {name: name for name in names} | renamed


_DECIDED = ("id", "title", "value", "currency", "stageId")
_BILLED = ("id", "number", "amount", "currency", "clientName")
_TICKET = ("id", "ref", "title", "priority")
_LEAVE = ("id", "employeeId", "leaveType", "fromDate", "toDate", "actionedBy")

EVENTS = (
    Event("invoice.created", "invoice", _members(*_BILLED, "status"), _created),
    Event("invoice.paid", "invoice", _members(*_BILLED, "paidAt"), _became("status", "PAID")),
    Event(
        "payment.received",
        "payment",
        _members("id", "invoiceId", "amount", "currency", "mode", "paymentDate"),
        _created,
    ),
    Event(
        "deal.stage_changed",
        "deal",
        _members("id", "title", toStageId="stageId"),
        lambda before, after: before is not None and before["stageId"] != after["stageId"],
        former={"fromStageId": "stageId"},
    ),
    Event("deal.won", "deal", _members(*_DECIDED), _became("status", "won")),
    Event("deal.lost", "deal", _members(*_DECIDED, "lostReason"), _became("status", "lost")),
    Event("contact.created", "contact", _members("id", "firstName", "lastName", "email"), _created),
    Event("ticket.created", "ticket", _members(*_TICKET), _created),
    Event("ticket.resolved", "ticket", _members(*_TICKET, "resolvedAt"), _became("status", "RESOLVED")),
    Event("ticket.closed", "ticket", _members(*_TICKET, "closedAt"), _became("status", "CLOSED")),
    Event("employee.created", "employee", _members("id", "fullName", "workEmail", "departmentId"), _created),
    Event("leave.approved", "leave_request", _members(*_LEAVE), _became("status", "APPROVED")),
    Event("leave.rejected", "leave_request", _members(*_LEAVE), _became("status", "DECLINED")),
    Event(
        "task.completed", "project_task", _members("id", "projectId", "name", "completedAt"), _became("status", "DONE")
    ),
    Event("task.completed", "task", _members("id", "title"), _became("done", True)),
)
# Nobody writes a contract here: it is only sent when it is asked for.
SIGNED = "contract.signed"
NAMES = tuple(dict.fromkeys([*(event.name for event in EVENTS), SIGNED]))


def happened(entity: str, before: Row | None, after: Row | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and `data` of every event that a write is; a deletion is none."""
    if after is not None:
        for event in EVENTS:
            if event.entity == entity and event.happens(before, after):
                yield event.name, event.told(before, after)
