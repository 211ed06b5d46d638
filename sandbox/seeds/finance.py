"""Invoices with lines, taxes and payments, and the claims of employees."""

from collections.abc import Iterator

from sandbox.entities import EXPENSES, INVOICES, PAYMENTS
from sandbox.entities.invoices import add_up
from sandbox.entities.payments import paid
from sandbox.ids import LINE
from sandbox.moments import shifted
from sandbox.money import exact, number, rounded
from sandbox.scene import Row
from sandbox.seeds.firm import LAST_DAY, Firm, at, day

_INVOICES, _CLAIMS = 430, 130
_FOREIGN = ("USD", "EUR", "JPY", "INR")
_SUBJECTS = (
    "Consulting", "Implementation", "Training on site", "Support, monthly", "Licences", "Data migration", "Workshop",
    "Maintenance", "Audit", "Integration",
)  # fmt: skip
_MEMOS = ("Margin is thin; do not discount again.", "Pays late, remind early.", None)
_CLAIMED = (
    ("Travel", "Train to a customer", 2400), ("Meals", "Dinner with a customer", 3100), ("Office", "Paper and toner", 900),
    ("Software", "Editor licence", 7400), ("Marketing", "Stand at the fair", 18_000), ("Parking", "Parking", 300),
)  # fmt: skip
_VENDORS = ("Northline Rail", "Blue Door Bistro", "Paper & Pen", "Code Tools", "City Fairs", None)
_FAR = "2028-03-31"


def invoices(firm: Firm, products: list[Row], accounts: dict[str, str]) -> list[tuple[Row, list[Row]]]:
    """Each invoice with its payments, in order of their dates."""
    return [_invoice(firm, at_number, products, accounts) for at_number in range(firm.count(_INVOICES, 12))]


def _state(firm: Firm, at_number: int) -> str:
    if at_number % 29 == 7 or at_number >= firm.count(_INVOICES, 12) - firm.count(8, 1):
        return "DRAFT"
    if at_number % 23 == 5:
        return "CANCELLED"
    chance = firm.random.random()
    return "PAID" if chance < 0.78 else "PARTIAL" if chance < 0.88 else "SENT"


def _invoice(firm: Firm, at_number: int, products: list[Row], accounts: dict[str, str]) -> tuple[Row, list[Row]]:
    books = firm.workspace.currency
    foreign = [one for one in _FOREIGN if one != books]
    currency = books if firm.random.random() < 0.88 else firm.choose(foreign)
    issued = day(at_number * 490 // firm.count(_INVOICES, 12))
    contact, company = firm.maybe(firm.contacts, 0.7), firm.maybe(firm.companies, 0.7)
    if contact is None and company is None:
        contact = firm.choose(firm.contacts)
    shown = company or contact
    state = _state(firm, at_number)
    far = state in {"SENT", "PARTIAL"} and at_number % 5 == 0
    row = firm.make(
        INVOICES,
        firm.moment(issued),
        number=f"INV-{firm.following('invoice'):05d}",
        status="DRAFT",
        clientContactId=contact["id"] if contact is not None else None,
        clientCompanyId=company["id"] if company is not None else None,
        dealId=deal["id"] if (deal := firm.maybe(firm.deals, 0.2)) is not None else None,
        clientName=shown["name"] if shown is not None else None,
        clientEmail=contact["email"] if contact is not None and at_number % 3 else None,
        invoiceDate=issued,
        dueDate=_FAR if far else shifted(issued, firm.choose((15, 30, 30, 45))),
        currency=currency,
        taxInclusive=firm.random.random() < 0.15,
        items=[_line(firm, currency, products, accounts) for _ in range(firm.choose((1, 1, 2, 2, 3, 4, 6)))],
        poNumber=f"PO-{1000 + firm.below(9000)}" if at_number % 4 == 0 else None,
        clientNote="Thank you for your business." if at_number % 3 == 0 else None,
        customFields={"costCentre": firm.choose(("north", "south"))} if at_number % 5 == 0 else {},
        internalMemo=firm.choose(_MEMOS),
        marginPct=firm.below(60),
    )
    add_up(row, firm.workspace.tax_rate)
    return row, list(_advance(firm, row, state))


def _line(firm: Firm, currency: str, products: list[Row], accounts: dict[str, str]) -> Row:
    product = firm.maybe(products, 0.3)
    sold = product is not None and product["currency"] == currency
    rate = firm.price(4000, 52_000) if currency == firm.workspace.currency else 200 + firm.below(2800)
    return {
        "id": firm.key(LINE),
        "description": product["title"] if product is not None else firm.choose(_SUBJECTS),
        "productId": product["id"] if product is not None and sold else None,
        "qty": firm.choose((1, 1, 2, 3, 5, 10, 1.5, 0.25)),
        "rate": rate if firm.random.random() < 0.6 else rate + 0.75,
        "discountPct": firm.choose((0, 0, 0, 0, 5, 10, 12.5)),
        "gstRate": firm.choose((None, None, 5, 12, 0)),
        "hsnCode": product["hsnCode"] if product is not None else firm.choose(("998314", "998313", None)),
        "ledgerAccountId": accounts["4020"] if sold else accounts[firm.choose(("4000", "4010", "4030"))],
        "lineTotal": 0,
        "taxValue": 0,
    }


def _advance(firm: Firm, row: Row, state: str) -> Iterator[Row]:
    """Leads a draft to its state; yields the payments on the way."""
    issued = row["invoiceDate"]
    if state == "DRAFT":
        return
    row |= {"status": "SENT", "sentAt": firm.moment(issued)}
    if state == "CANCELLED":
        row |= {"status": state, "cancelledAt": firm.moment(_later(firm, issued, 10))}
    elif state in {"PARTIAL", "PAID"} and row["amount"] > 0:
        halves = state == "PARTIAL" or firm.random.random() < 0.2
        part = number(rounded(exact(row["amount"]) * 4 / 10, row["currency"])) if halves else row["amount"]
        yield _payment(firm, row, part, _later(firm, issued, 20))
        if state == "PAID" and halves:
            yield _payment(firm, row, row["balance"], _later(firm, row["updatedAt"][:10], 20))
    row["updatedAt"] = row["cancelledAt"] or row["paidAt"] or row["updatedAt"]


def _later(firm: Firm, date: str, most: int) -> str:
    return min(shifted(date, 1 + firm.below(most)), LAST_DAY)


def _payment(firm: Firm, invoice: Row, amount: float, date: str) -> Row:
    row = firm.make(
        PAYMENTS,
        firm.moment(date),
        invoiceId=invoice["id"],
        amount=amount,
        currency=invoice["currency"],
        paymentDate=date,
        mode=firm.choose(("BANK_TRANSFER", "BANK_TRANSFER", "UPI", "CHEQUE", "CASH", "CARD")),
        txnRef=f"TXN{firm.below(10**9):09d}",
        receivedBy=firm.choose(firm.user_ids[:3]),
    )
    invoice |= paid(invoice, row, row["createdAt"]) | {"updatedAt": row["createdAt"]}
    return row


def claims(firm: Firm, employees: list[Row], projects: list[Row]) -> list[Row]:
    return [_claim(firm, at_number, employees, projects) for at_number in range(firm.count(_CLAIMS, 6))]


def _claim(firm: Firm, at_number: int, employees: list[Row], projects: list[Row]) -> Row:
    category, purpose, amount = firm.choose(_CLAIMED)
    spent = day(at_number * 495 // firm.count(_CLAIMS, 6))
    total = max(1, amount // firm.scale) + firm.below(100) / 4
    corporate = at_number % 6 == 0
    state = firm.choose(("PAID", "PAID", "PAID", "APPROVED", "PENDING", "REJECTED"))
    state = "APPROVED" if corporate and state == "PAID" else state
    decided = at(_later(firm, spent, 9), 600)
    row = firm.make(
        EXPENSES,
        firm.moment(spent),
        state=state,
        purpose=purpose,
        category=category,
        total=number(exact(total)),
        taxPart=number(rounded(exact(total) / 10, firm.workspace.currency)) if at_number % 2 else None,
        currency=firm.workspace.currency,
        date=spent,
        vendor=firm.choose(_VENDORS),
        employeeId=firm.choose(employees)["id"],
        paidWith="CORPORATE" if corporate else "PERSONAL",
        projectId=firm.choose(projects)["id"] if at_number % 3 == 0 else None,
        receiptUrl=f"https://files.{firm.handle}.example/receipts/{at_number}.pdf" if at_number % 4 else None,
    )
    if state != "PENDING":
        row |= {"reviewedBy": firm.user_ids[at_number % 3], "reviewedAt": decided, "updatedAt": decided}
        row["reviewNote"] = "No receipt." if state == "REJECTED" else None
    if state == "PAID":
        row["settledAt"] = row["updatedAt"] = at(_later(firm, decided[:10], 12), 540)
    return row
