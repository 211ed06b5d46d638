"""Events as they are declared: what an internal one is to the public, and what is believed of its payload."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import ANNOUNCED, RESOURCES
from adapters.core.compile.catalogue import whole
from adapters.core.compile.events import EventTypes, Happened
from adapters.core.declare.event import Event
from adapters.core.faults import ServiceInvalid
from gateway.versions import CONTRACTS
from tests.adapters.declaring import bills

TYPES = EventTypes([*whole(RESOURCES), *ANNOUNCED], CONTRACTS)
NEWEST, OLDEST = CONTRACTS[0].date, CONTRACTS[-1].date
DEAL = "5f2b8c1d9e3a7b6c4d5e6f72"
STAGE = "5f2b8c1d9e3a7b6c4d5e6f74"
PERSON = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
CUID = "clx0a1b2c3d4e5f6g7h8i9j0k"

# The services' event and its payload → the public type (contract-waves.md, 7.1).
DOCUMENTED: dict[str, tuple[str, dict[str, Any]]] = {
    "deal.won": ("deal.won", {"id": DEAL, "title": "Engine", "value": 12.5, "currency": "EUR", "stageId": STAGE}),
    "deal.lost": ("deal.lost", {"id": DEAL, "title": "Engine", "lostReason": "Price"}),
    "deal.stage_changed": ("deal.stage_changed", {"id": DEAL, "fromStageId": STAGE, "toStageId": STAGE}),
    "contact.created": ("contact.created", {"id": DEAL, "firstName": "Ada", "email": "ada@example.com"}),
    "ticket.created": ("ticket.created", {"id": 1042, "ref": "T-1042", "title": "Lamp", "priority": "HIGH"}),
    "ticket.resolved": ("ticket.resolved", {"id": 1042, "resolvedAt": "2026-06-01T12:00:00.000Z"}),
    "ticket.closed": ("ticket.closed", {"id": 1042, "closedAt": "2026-06-01T12:00:00.000Z"}),
    "invoice.created": (
        "invoice.created",
        {"id": "inv_8Zk3", "number": "42", "amount": 5000, "currency": "INR", "clientName": "Acme"},
    ),
    "invoice.paid": ("invoice.paid", {"id": "inv_8Zk3", "amount": 5000, "paidAt": "2026-06-01T12:00:00.000Z"}),
    "payment.received": (
        "payment.received",
        {"id": "rcpt_4Tn9", "invoiceId": "inv_8Zk3", "amount": 2500, "currency": "INR", "mode": "UPI"},
    ),
    "employee.created": ("employee.created", {"id": PERSON, "fullName": "Ada Lovelace", "departmentId": 4}),
    "leave.approved": ("leave_request.approved", {"id": PERSON, "employeeId": PERSON, "leaveType": "SICK"}),
    "leave.rejected": ("leave_request.rejected", {"id": PERSON, "employeeId": PERSON, "actionedBy": CUID}),
    "task.completed": ("task.completed", {"id": DEAL, "title": "Send it"}),
    "contract.signed": ("contract.signed", {"id": CUID, "value": 3, "currency": "JPY"}),
}


def understood(internal: str, data: dict[str, Any]) -> Happened:
    found = TYPES.understood(internal, data)
    assert found is not None
    return found


@pytest.mark.parametrize("internal", DOCUMENTED)
def test_a_documented_event_is_its_public_type_about_a_record_that_it_names(internal: str) -> None:
    public, data = DOCUMENTED[internal]
    found = understood(internal, data)
    assert found.type.name == public
    assert found.type.id.decode(found.object_id) == data["id"]


def test_fifteen_internal_events_are_sixteen_public_types() -> None:
    assert set(TYPES.internal) == set(DOCUMENTED)
    assert set(TYPES.named) == {public for public, _ in DOCUMENTED.values()} | {"project_task.completed"}
    assert (len(TYPES.internal), len(TYPES.named)) == (15, 16)


def test_a_task_of_a_project_is_another_type_whose_id_says_the_project_too() -> None:
    data = {"id": "clx1a1b2c3d4e5f6g7h8i9j0k", "projectId": CUID, "name": "Draw", "completedAt": "2026-06-01T12:00:00Z"}
    found = understood("task.completed", data)
    assert (found.type.name, found.object_id) == ("project_task.completed", f"ptask_{CUID}.{data['id']}")
    assert found.type.facts(found.facts, found.object_id, NEWEST) == {
        "id": found.object_id,
        "project_id": f"proj_{CUID}",
        "title": "Draw",
        "completed_at": "2026-06-01T12:00:00Z",
    }
    assert found.type.facts({"title": "Draw"}, found.object_id, NEWEST) == {"id": found.object_id, "title": "Draw"}


def test_what_is_guarded_is_in_no_event_whatever_its_reader_may_see() -> None:
    for kind in TYPES.named.values():
        for date, shape in kind.shapes.items():
            assert not shape.guards, (kind.name, date)
    assert "compensation" not in TYPES.named["employee.created"].shapes[NEWEST].named()


@pytest.mark.parametrize("name", TYPES.named)
def test_every_type_is_guarded_by_the_scope_of_its_record_and_keeps_only_fields_of_it(name: str) -> None:
    kind = TYPES.named[name]
    assert kind.scope.endswith(".read")
    assert name.startswith(f"{kind.subject}.")
    for shape in kind.shapes.values():
        known = set(shape.today())
        assert {*kind.declared.facts, *kind.declared.previous} <= known


def test_of_a_payload_only_declared_members_are_kept() -> None:
    _, data = DOCUMENTED["deal.won"]
    found = understood("deal.won", {**data, "margin": 0.4, "internalNotes": "secret"})
    assert set(found.facts) == {"name", "amount", "currency", "stage_id"}


def test_facts_have_the_names_and_forms_of_the_subscribers_contract() -> None:
    found = understood(*("deal.won", DOCUMENTED["deal.won"][1]))
    newest = found.type.facts(found.facts, found.object_id, NEWEST)
    assert newest == {
        "id": f"deal_{DEAL}",
        "name": "Engine",
        "amount": "12.50",
        "currency": "EUR",
        "stage_id": f"stage_{STAGE}",
    }
    oldest = found.type.facts(found.facts, found.object_id, OLDEST)
    assert ("title" in oldest, "name" in oldest) == (True, False)


def test_a_fact_that_is_not_what_was_declared_is_null_and_takes_no_other_with_it() -> None:
    found = understood("deal.won", {"id": DEAL, "title": "Engine", "stageId": "nowhere", "value": "much"})
    told = found.type.facts(found.facts, found.object_id, NEWEST)
    assert told == {"id": f"deal_{DEAL}", "name": "Engine", "amount": None, "stage_id": None}


def test_what_was_there_before_is_told_apart() -> None:
    found = understood("deal.stage_changed", {"id": DEAL, "fromStageId": STAGE, "toStageId": DEAL})
    assert found.type.previous(found.facts, found.object_id, NEWEST) == {"stage_id": f"stage_{STAGE}"}
    assert found.type.facts(found.facts, found.object_id, NEWEST)["stage_id"] == f"stage_{DEAL}"
    won = understood("deal.won", {"id": DEAL})
    assert won.type.previous(won.facts, won.object_id, NEWEST) is None


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": "x"}, {"id": [DEAL]}, {"id": {"id": DEAL}}, {"id": True}])
def test_an_event_that_names_no_record_is_not_understood(data: dict[str, Any]) -> None:
    with pytest.raises(ServiceInvalid):
        TYPES.understood("deal.won", data)


@pytest.mark.parametrize("internal", ["", "deal.exploded", "contact.updated", "DEAL.WON"])
def test_an_event_that_is_not_declared_is_nothing(internal: str) -> None:
    assert TYPES.understood(internal, {"id": DEAL}) is None


def test_one_internal_event_is_of_the_type_that_its_payload_tells() -> None:
    event: dict[str, Any] = {"internal": "bill.done", "why": "It is done."}
    types = EventTypes(
        [
            bills(
                events=(
                    Event(name="bill.paid", having="paidBy", **event),
                    Event(name="bill.cancelled", lacking="paidBy", **event),
                )
            )
        ],
        CONTRACTS,
    )
    for data, name in (
        ({"id": "inv_1", "paidBy": 3}, "bill.paid"),
        ({"id": "inv_1", "paidBy": None}, "bill.cancelled"),
    ):
        found = types.understood("bill.done", data)
        assert found is not None
        assert (found.type.name, found.object_id) == (name, "bill_1")


@pytest.mark.parametrize("name", ["deal", "deal.", "Deal.won", "deal.won.twice", "deal-won", "deal.*"])
def test_a_type_names_an_object_and_what_became_of_it(name: str) -> None:
    with pytest.raises(TypeError, match="no type of event"):
        Event(name=name, internal="x", why="")


def test_an_event_that_names_a_field_that_its_record_has_not_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match="events names unknown fields"):
        bills(events=(Event(name="bill.paid", internal="x", why="", facts={"colour": "colour"}),))
