"""Companies: the organisations contacts work for and deals are made with."""

from typing import Annotated

from adapters.core.declare.kinds import CustomFields, Line, Name, Phone, Text, Url, Whole
from adapters.core.declare.record import Dated, Foreign, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Resource, Upstream
from adapters.core.words import Related
from adapters.ids import COMPANY, CompanyId, UserId


class Address(Record):
    """A postal address."""

    line1: Foreign[Line | None] = optional("Street and number.", "12 St James's Square")
    line2: Foreign[Line | None] = optional("Building, floor or suite.", "2nd floor")
    city: Foreign[Line | None] = optional("Town or city.", "London")
    region: Foreign[Line | None] = optional("State, province or county.", "Greater London")
    postal_code: Foreign[Annotated[str, Text(32)] | None] = optional("Postal code.", "SW1Y 4JH")
    country: Foreign[Line | None] = optional("Country.", "GB")


class Company(Dated):
    """An organisation."""

    id: ReadOnly[CompanyId] = required("The company's id.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    name: Foreign[Name] = required("Its name.", "Analytical Engines Ltd")
    domain: Foreign[Line | None] = optional("Its internet domain.", "engines.example")
    industry: Foreign[Line | None] = optional("What it does.", "Manufacturing")
    employee_count: Whole | None = optional("How many people work there.", 120)
    phone: Phone | None = optional("Its phone number.", "+44 20 7946 0018")
    website: Url | None = optional("Its web site.", "https://engines.example")
    address: Address | None = optional(
        "Where it is.",
        {
            "line1": "12 St James's Square",
            "line2": None,
            "city": "London",
            "region": "Greater London",
            "postal_code": "SW1Y 4JH",
            "country": "GB",
        },
    )
    owner_id: UserId | None = optional("The user who looks after it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    custom: Foreign[CustomFields] = optional("The workspace's own fields.", {"tier": "gold"}, {})


companies = Resource(
    model=Company,
    id=COMPANY,
    path="companies",
    singular="company",
    scope="company",
    group="CRM",
    upstream=Upstream(
        "crm",
        "/api/crm/companies",
        listing=ListQuery(("domain", "industry", "owner_id")),
    ),
    rename={"custom": "customFields", "address.region": "state"},
    sorts=("created_at", "updated_at", "name"),
    headline=("name", "domain", "industry", "owner_id"),
    searched=("name", "domain", "industry", "phone", "website"),
    words=(
        Related("contacts", by="company_id"),
        Related("deals", by="company_id"),
        Related("notes", by="company_id"),
        Related("tasks", by="company_id"),
        Related("activities", by="company_id"),
        Related("invoices", by="company_id"),
        Related("tickets", by="company_id"),
        Related("projects", by="company_id"),
    ),
)
