"""SLA policies, canned responses, tickets and what was said about them."""

from sandbox.entities import CANNED_RESPONSES, SLA_POLICIES, TICKET_COMMENTS, TICKETS
from sandbox.entities.tickets import breached, set_deadlines
from sandbox.moments import render_instant, stored_milliseconds
from sandbox.scene import Row
from sandbox.seeds.firm import FIRST_DAY, LAST_DAY, Firm, at, day

_TICKETS = 330
# first response and resolution in minutes, from urgent to low
_POLICIES = (
    ("Standard", True, ((60, 480), (240, 1440), (480, 2880), (1440, None))),
    ("Premium", False, ((15, 240), (60, 480), (120, 1440), (480, 2880))),
    ("Partners", False, ((120, 960), (480, 2880), (960, 5760), (None, None))),
)
_PRIORITIES = ("URGENT", "HIGH", "MEDIUM", "LOW")
_CANNED = (
    ("Greeting", "Hello {{name}}, thank you for writing.", "General", "ALL"),
    ("Need more", "Could you send us a picture of what you see?", "General", "ALL"),
    ("Password", "You can set a new password at {{link}}.", "Accounts", "ALL"),
    ("Refund", "The refund is on its way, it takes five days.", "Billing", "TEAM"),
    ("Invoice copy", "Attached is a copy of invoice {{number}}.", "Billing", "TEAM"),
    ("Delay", "Your order left the warehouse today.", "Shipping", "TEAM"),
    ("Outage", "We are aware of it and working on it.", "Technical", "ALL"),
    ("Fixed", "This is fixed in today's release.", "Technical", "ALL"),
    ("Closing", "I close this ticket; write again at any time.", "General", "ALL"),
    ("Away", "I am back on Monday.", "Own", "SELF"),
)
_SUBJECTS = (
    "Cannot sign in", "Invoice is wrong", "Parcel is late", "Export fails", "How do I add a user?", "Please delete my data",
    "The page is blank", "Discount for a larger order", "Wrong item delivered", "Price list",
)  # fmt: skip
_WORDS = (
    "It worked yesterday.", "We looked at it and found the cause.", "Could you tell us the number of the order?",
    "Thank you, that helped.", "The customer called again; be careful.",
)  # fmt: skip
_STATES = ("CLOSED", "CLOSED", "RESOLVED", "OPEN", "WAITING", "ON_HOLD")
_LABELS = ("billing", "bug", "vip", "shipping", "how-to")


def policies(firm: Firm) -> list[Row]:
    return [
        firm.make(
            SLA_POLICIES,
            at(FIRST_DAY, 60),
            name=name,
            description=f"{name} customers",
            isDefault=default,
            businessHours=not default,
            rules=[
                {"priority": priority, "respondWithin": respond, "resolveWithin": resolve}
                for priority, (respond, resolve) in zip(_PRIORITIES, targets, strict=True)
            ],
        )
        for name, default, targets in _POLICIES
    ]


def canned(firm: Firm) -> list[Row]:
    return [
        firm.make(
            CANNED_RESPONSES, at(FIRST_DAY, 90 + number), name=name, content=content, category=category, scope=scope,
            tags=[category.lower()],
        )
        for number, (name, content, category, scope) in enumerate(_CANNED)
    ]  # fmt: skip


def tickets(firm: Firm, default: Row) -> tuple[list[Row], list[Row]]:
    """The tickets in order of their dates, and their comments."""
    made: list[Row] = []
    said: list[Row] = []
    for at_number in range(firm.count(_TICKETS, 12)):
        ticket = _ticket(firm, at_number, default)
        made.append(ticket)
        said += _conversation(firm, ticket)
    return made, said


def _ticket(firm: Firm, at_number: int, default: Row) -> Row:
    contact, company = firm.maybe(firm.contacts, 0.8), firm.maybe(firm.companies, 0.4)
    opened = firm.moment(day(at_number * 498 // firm.count(_TICKETS, 12)))
    row = firm.make(
        TICKETS,
        opened,
        ref=f"TCK-{firm.following('ticket')}",
        title=firm.choose(_SUBJECTS),
        body=firm.choose(_WORDS),
        status=_STATES[(at_number * 7 + at_number // 6) % len(_STATES)],
        priority=firm.choose(("LOW", "MEDIUM", "MEDIUM", "HIGH", "URGENT")),
        category=firm.choose(("QUESTION", "INCIDENT", "PROBLEM", "REQUEST", None)),
        source=firm.choose(("EMAIL", "EMAIL", "PHONE", "CHAT", "PORTAL", "API", "OTHER")),
        contactId=contact["id"] if contact is not None else None,
        requesterEmail=f"caller{at_number}@mail.example" if contact is None or at_number % 4 == 0 else None,
        companyId=company["id"] if company is not None else None,
        agentId=firm.maybe(firm.user_ids, 0.85),
        labels=[firm.choose(_LABELS)] if at_number % 2 else [],
        customFields={"shop": firm.choose(("eu", "in"))} if at_number % 5 == 0 else {},
        ipAddress="203.0.113.9",
        satisfactionToken=f"st_{firm.below(10**9)}",
    )
    set_deadlines(row, default)
    return row


def _conversation(firm: Firm, ticket: Row) -> list[Row]:
    """What was said, minutes to a day apart; the ticket learns of its answer and of its end."""
    moment = stored_milliseconds(ticket["createdAt"])
    rows: list[Row] = []
    for number in range(firm.choose((1, 2, 3, 3, 4, 5))):
        moment += (5 + firm.below(600)) * 60_000
        customer, internal = number % 3 == 1, number % 4 == 2
        row = firm.make(
            TICKET_COMMENTS,
            render_instant(moment),
            ticketId=ticket["id"],
            isInternal=internal,
            message=firm.choose(_WORDS),
            authorKind="CUSTOMER" if customer and not internal else "AGENT",
            authorId=None if customer and not internal else ticket["agentId"] or firm.user_ids[3],
            contactId=ticket["contactId"] if customer and not internal else None,
        )
        if row["authorKind"] == "AGENT" and not internal:
            ticket["respondedAt"] = ticket["respondedAt"] or row["createdAt"]
        rows.append(row)
    ticket |= {"replyCount": len(rows), "updatedAt": rows[-1]["createdAt"]}
    if ticket["status"] in {"RESOLVED", "CLOSED"}:
        ticket["resolvedAt"] = ticket["updatedAt"] = render_instant(moment + 600_000)
    if ticket["status"] == "CLOSED":
        ticket["closedAt"] = ticket["updatedAt"] = render_instant(moment + 90_000_000)
    ticket["isBreached"] = breached(ticket, at(LAST_DAY, 1439))
    return rows
