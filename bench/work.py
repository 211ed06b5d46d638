"""The requests that are timed, and what their answers must contain."""

import json
from dataclasses import dataclass
from typing import Any

from bench import invoices, stub

NEWEST, OLDEST = "2026-09-01", "2026-06-01"
_CREATED = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada.lovelace@example.com",
    "phones": ["+44 20 7946 0018"],
    "job_title": "Analyst",
    "company_id": f"cmp_{stub.FIRST}",
    "source": "web",
    "tags": ["vip"],
    "custom": {"tier": "gold"},
}
_FILTERS = [
    {"field": "lifecycle_stage", "operator": "in", "values": ["lead", "customer"]},
    {
        "any": [
            {"field": "lead_score", "operator": "gte", "value": 40},
            {"field": "tags", "operator": "contains_any", "values": ["vip"]},
        ]
    },
    {"field": "created_at", "operator": "between", "values": ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00+02:00"]},
]


@dataclass(frozen=True, slots=True)
class Workload:
    """A request sent over and over. `keyed`: each with an Idempotency-Key of its own."""

    name: str
    method: str
    path: str
    body: bytes = b""
    version: str = NEWEST
    keyed: bool = False
    status: int = 200


SINGLE = Workload("single", "GET", f"/v1/contacts/con_{stub.contact(1)['id']}")
PAGE = Workload("page", "POST", "/v1/contacts/search", b'{"limit":50}')
SINGLE_OLD = Workload("single, old contract", "GET", SINGLE.path, version=OLDEST)
PAGE_OLD = Workload("page, old contract", "POST", PAGE.path, PAGE.body, version=OLDEST)
CREATE = Workload("create, idempotent", "POST", "/v1/contacts", json.dumps(_CREATED).encode(), keyed=True, status=201)
SEARCH = Workload(
    "search, filters",
    "POST",
    PAGE.path,
    json.dumps({"filters": _FILTERS, "search_text": "ada", "order_by": "lead_score", "limit": 50}).encode(),
)
COMMON = (SINGLE, PAGE)
ALL = (SINGLE, PAGE, SINGLE_OLD, PAGE_OLD, CREATE, SEARCH)
INVOICE = Workload("invoice of 200 lines", "GET", f"/v1/invoices/{invoices.FIRST}")
INVOICES = Workload("page of 100 invoices of 20 lines", "POST", "/v1/invoices/search", b'{"limit":100}')
LARGE = (INVOICE, INVOICES)
"""Of this tree only: commits that it is compared with may know no invoices."""


def expected(workload: Workload) -> Any:
    """The public answer, made here by hand and not by the gateway's translators; None where only the gateway can tell."""
    if workload is PAGE:
        data = [_public(stub.contact(number)) for number in range(50)]
        return {"data": data, "meta": {"cursor": {"next": None, "has_more": False}, "total": 13658}}
    return {"data": _public(stub.contact(1))} if workload is SINGLE else None


def passed_through(workload: Workload) -> Any:
    """The answer of a peer that changes nothing."""
    return json.loads(stub.page() if workload is PAGE else stub.one())


def _public(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"con_{row['id']}",
        "first_name": row["firstName"],
        "last_name": row["lastName"],
        "name": row["name"],
        "email": row["email"],
        "phones": row["phoneNumbers"],
        "job_title": row["jobTitle"],
        "company_id": f"cmp_{row['companyId']}",
        "owner_id": row["assigneeId"] and f"usr_{row['assigneeId']}",
        "source": row["source"],
        "lifecycle_stage": row["lifecycleStage"],
        "lead_score": row["leadScore"],
        "tags": row["tags"],
        "custom": row["customFields"],
        "last_contacted_at": _moment(row["lastContactedAt"]),
        "created_at": _moment(row["createdAt"]),
        "updated_at": _moment(row["updatedAt"]),
    }


def _moment(text: str | None) -> str | None:
    """A fraction is told only when it is not zero."""
    return None if text is None else text.replace(".000Z", "Z")
