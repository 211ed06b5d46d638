"""What people ask agents to do, as the calls that it takes: few, and little to read."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from tests.agents.acting import agent, call, raw
from tests.live import SCOPES, Live

MOST_CALLS, MOST_READ = 3, 12 * 1024


class Agent:
    """Somebody who calls tools, and counts the calls and the bytes that come back."""

    def __init__(self, live: Live, token: str) -> None:
        self._live, self._token = live, token
        self.calls = self.read = 0

    def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = raw(self._live, self._token, call(tool, **arguments))
        result = answer.json()["result"]
        assert not result.get("isError"), result
        self.calls, self.read = self.calls + 1, self.read + len(result["content"][0]["text"])
        return dict(result["structuredContent"])

    def first(self, resource: str, *filters: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
        """The first that a search finds."""
        return dict(self.found(resource, *filters, limit=1, **more)[0])

    def found(self, resource: str, *filters: tuple[str, str, Any], **more: Any) -> list[dict[str, Any]]:
        """What a search finds."""
        conditions = [{"field": field, "operator": operator, "value": value} for field, operator, value in filters]
        return list(self("search", resource=resource, filters=conditions, **more)["records"])


def _contact(do: Agent) -> str:
    return str(do.first("contacts")["id"])


def _deal(do: Agent) -> str:
    return str(do.first("deals")["id"])


def _deleted_note(do: Agent) -> Any:
    note = do("create", resource="notes", values={"body": "Wrong.", "contact_id": _contact(do)})["record"]["id"]
    return do("delete", id=note, confirm=do("delete", id=note)["confirm"])["deleted"]


def _moved(do: Agent) -> Any:
    deal = do.first("deals", ("status", "eq", "open"), fields=["pipeline_id", "stage_id"])
    stages = do("get", ids=[deal["pipeline_id"]])["records"][0]["stages"]
    other = next(each for each in stages if each["id"] != deal["stage_id"] and each["kind"] == "open")
    return do("act", id=deal["id"], action="stage", values={"stage_id": other["id"]})["record"]["stage_id"]


def _paid(do: Agent) -> Any:
    invoice = do.first("invoices", ("status", "eq", "sent"), fields=["amount_due"])
    payment = {"amount": invoice["amount_due"], "paid_on": "2026-06-15"}
    return do("act", id=invoice["id"], action="create_payment", values=payment)["record"]["id"]


def _contact_with(do: Agent, *names: str) -> Any:
    return do("get", ids=[_contact(do)], include=list(names))["records"][0]


def _task(do: Agent) -> Any:
    return do("create", resource="tasks", values={"title": "Call back", "contact_id": _contact(do)})["record"]


TASKS: dict[str, Callable[[Agent], Any]] = {
    "who am I working as": lambda do: do("whoami")["user"],
    "what may I do here": lambda do: do("describe")["text"],
    "which fields has a deal": lambda do: do("describe", resource="deals")["text"],
    "what does creating an invoice take": lambda do: do("describe", resource="invoices", verb="create")["values"],
    "how many contacts are there": lambda do: do("search", resource="contacts", limit=1)["total"],
    "find somebody by a word of the name": lambda do: do.found("contacts", search_text="a"),
    "whose address is this": lambda do: do.found("contacts", ("email", "contains", "@")),
    "everything about one contact": lambda do: _contact_with(do)["created_at"],
    "the last notes on a contact": lambda do: _contact_with(do, "notes")["id"],
    "a contact with deals, tasks and tickets": lambda do: _contact_with(do, "deals", "tasks", "tickets")["id"],
    "add a contact": lambda do: do("create", resource="contacts", values={"first_name": "Grace"})["record"]["id"],
    "correct a job title": lambda do: do("update", id=_contact(do), values={"job_title": "Admiral"})["record"]["id"],
    "tag a contact": lambda do: do("act", id=_contact(do), action="add_tags", values={"tags": ["vip"]})["done"],
    "write a note": lambda do: do("create", resource="notes", values={"body": "Called.", "contact_id": _contact(do)}),
    "take a wrong note away": _deleted_note,
    "pin the newest note": lambda do: do("act", id=do.first("notes")["id"], action="pin")["record"]["pinned"],
    "make a task": lambda do: _task(do)["title"],
    "finish a task": lambda do: do("act", id=_task(do)["id"], action="complete")["record"]["status"] == "completed",
    "tasks that are open": lambda do: do.found("tasks", ("status", "eq", "open")),
    "open deals by worth": lambda do: do.found("deals", ("status", "eq", "open"), order_by="amount", direction="desc"),
    "move a deal on": _moved,
    "who stands behind a deal": lambda do: do("get", ids=[_deal(do)])["records"][0]["name"],
    "companies of an industry": lambda do: do.found("companies", ("industry", "contains", "a")),
    "a company with its deals": lambda do: do("get", ids=[do.first("companies")["id"]], include=["deals"])["records"],
    "log a call": lambda do: do("create", resource="activities", values={"type": "call", "contact_id": _contact(do)}),
    "invoices that are overdue": lambda do: do.found("invoices", limit=5),
    "book a payment": _paid,
    "tickets that are open": lambda do: do.found("tickets", ("status", "eq", "open")),
    "what was said on a ticket": lambda do: do("get", ids=[do.first("tickets")["id"]], include=["comments"])["records"],
    "who is who here": lambda do: do.found("users"),
}


def test_thirty_tasks_take_three_calls_and_twelve_kilobytes_at_the_median(live: Live) -> None:
    token, calls, read = agent(live, scopes=SCOPES), [], []
    for told, task in TASKS.items():
        do = Agent(live, token)
        assert task(do), told
        calls.append(do.calls)
        read.append(do.read)
    assert len(TASKS) == 30
    assert statistics.median(calls) <= MOST_CALLS and max(calls) <= 4, calls
    assert statistics.median(read) <= MOST_READ and max(read) <= 20_000, read
