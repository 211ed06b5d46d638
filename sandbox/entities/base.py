"""The fields and operations that most entities share."""

import re
from typing import Any

from sandbox.fields import Field, Kind
from sandbox.money import CODES

ID = Field("id", Kind.ID, writable=False)
TENANT = Field("tenantId", Kind.INTERNAL, writable=False)
CREATED = Field("createdAt", Kind.INSTANT, writable=False)
UPDATED = Field("updatedAt", Kind.INSTANT, writable=False)
CUSTOM = Field("customFields", Kind.OBJECT)

CONTACT = Field("contactId", Kind.REFERENCE, refers="contact")
COMPANY = Field("companyId", Kind.REFERENCE, refers="company")
DEAL = Field("dealId", Kind.REFERENCE, refers="deal")
ASSIGNEE = Field("assigneeId", Kind.REFERENCE, refers="user")

UNDOCUMENTED = {"list": False, "create": False, "get": False, "update": False, "delete": False, "search": False}

# the services of the later waves
NUMBER_ID = Field("id", Kind.ID, writable=False, number=True)
EMPLOYEE = Field("employeeId", Kind.REFERENCE, refers="employee", fixed=True)
CURRENCY = Field(
    "currency", Kind.TEXT, required=True, fixed=True, pattern=CODES, complaint="must be a currency of ISO 4217"
)
BOOKED_TO = Field("ledgerAccountId", Kind.REFERENCE, refers="account")
READ = {"list": True, "get": False}


def computed(name: str, kind: Kind, **further: Any) -> Field:
    """A field that only the service writes."""
    return Field(name, kind, writable=False, **further)


def hidden(*names: str) -> tuple[Field, ...]:
    """Members of a row that no client may ever see."""
    return tuple(Field(name, Kind.INTERNAL, writable=False) for name in names)


def address(name: str, *, required: bool = False, **further: Any) -> Field:
    """An e-mail address."""
    pattern, complaint = re.compile(r"[^@\s]+@[^@\s]+"), "is not an e-mail address"
    return Field(name, Kind.TEXT, required=required, pattern=pattern, complaint=complaint, **further)
