"""The fields and operations that most entities share."""

from sandbox.fields import Field, Kind

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
