"""Contracts: no call of a service reads one, so what is known of them is what is told when one is signed."""

from adapters.core.declare.event import Announced, Event
from adapters.core.declare.kinds import Amount, Currency, Line, Moment
from adapters.core.declare.record import Foreign, ReadOnly, Record, optional, required
from adapters.ids import CONTRACT, CompanyId, ContactId, ContractId, DealId


class Contract(Record):
    """An agreement with a customer. It is told of once and cannot be read."""

    id: ReadOnly[ContractId] = required("The contract's id.", "ctr_clx0a1b2c3d4e5f6g7h8i9j0k")
    name: Foreign[Line | None] = optional("What it is about.", "Maintenance of the engine")
    customer_name: Foreign[Line | None] = optional("Who it is made with.", "Analytical Engines Ltd")
    amount: Amount | None = optional("Its worth, with the minor digits of its currency.", "1234.50")
    currency: Currency | None = optional("ISO 4217 code.", "GBP")
    signed_at: Moment | None = optional("When it was signed.", "2026-09-12T10:00:00Z")
    contact_id: ContactId | None = optional("The contact who signed it.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    company_id: CompanyId | None = optional("The company it is made with.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    deal_id: DealId | None = optional("The deal it came of.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")


contracts = Announced(
    model=Contract,
    id=CONTRACT,
    path="contracts",
    singular="contract",
    scope="contract",
    service="crm",
    events=(
        Event(
            "contract.signed",
            "A contract was signed.",
            facts={
                "name": "title",
                "customer_name": "clientName",
                "amount": "value",
                "currency": "currency",
                "signed_at": "signedAt",
                "contact_id": "contactId",
                "company_id": "companyId",
                "deal_id": "dealId",
            },
        ),
    ),
)
