"""Contacts: the people a workspace sells to, supports or otherwise deals with."""

from typing import Annotated

from adapters.core.declare.kinds import CustomFields, Email, Integer, Line, Moment, Name, Phones, Words
from adapters.core.declare.record import Dated, Foreign, ReadOnly, optional, required
from adapters.core.declare.resource import Event, ListQuery, Resource, Upstream
from adapters.core.words import Export, Import, Labels, Related
from adapters.ids import CONTACT, CompanyId, ContactId, UserId


class Contact(Dated):
    """A person, with the company they work for and the user who looks after them."""

    id: ReadOnly[ContactId] = required("The contact's id.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    first_name: Foreign[Name] = required("Given name.", "Ada")
    last_name: Foreign[Line | None] = optional("Family name.", "Lovelace")
    name: ReadOnly[Foreign[Line | None]] = optional("Full name, made of the two.", "Ada Lovelace")
    email: Email | None = optional("E-mail address.", "ada@example.com")
    phones: Phones = optional("Phone numbers, the main one first.", ["+44 20 7946 0018"], [])
    job_title: Foreign[Line | None] = optional("What they do.", "Analyst")
    company_id: CompanyId | None = optional("The company they work for.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    owner_id: UserId | None = optional("The user who looks after them.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    source: Foreign[Line | None] = optional("Where they came from.", "web")
    lifecycle_stage: Line | None = optional("How far the relationship has come.", "lead")
    lead_score: ReadOnly[Annotated[int, Integer(-(2**31), 2**31 - 1)] | None] = optional("Computed score.", 42)
    tags: Words = optional("Labels.", ["vip"], [])
    custom: Foreign[CustomFields] = optional("The workspace's own fields.", {"tier": "gold"}, {})
    last_contacted_at: ReadOnly[Moment | None] = optional("When somebody last spoke to them.", "2026-06-17T14:30:00Z")


contacts = Resource(
    model=Contact,
    id=CONTACT,
    path="contacts",
    singular="contact",
    scope="contact",
    group="CRM",
    upstream=Upstream(
        "crm",
        "/api/crm/contacts",
        listing=ListQuery(("email", "company_id", "owner_id", "lifecycle_stage", "source", "tags")),
    ),
    rename={"owner_id": "assigneeId", "phones": "phoneNumbers", "custom": "customFields"},
    sorts=("created_at", "updated_at", "name", "lead_score", "last_contacted_at"),
    headline=("name", "email", "job_title", "company_id", "owner_id", "lifecycle_stage"),
    searched=("name", "email", "phones", "job_title"),
    words=(
        Labels("tags", "tag"),
        Import(),
        Export(),
        Related("notes", by="contact_id"),
        Related("tasks", by="contact_id"),
        Related("deals", by="contact_id"),
        Related("activities", by="contact_id"),
        Related("invoices", by="contact_id"),
        Related("tickets", by="requester_id"),
    ),
    events=(
        Event(
            "contact.created",
            "A contact was made.",
            facts={"first_name": "firstName", "last_name": "lastName", "email": "email"},
        ),
    ),
)
