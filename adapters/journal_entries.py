"""Journal entries: posted once, never edited. One that should not be is undone by its mirror image."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from adapters.core.declare.kinds import Amount, Choice, Currency, Date, Line, Moment, Money, Text
from adapters.core.declare.record import Between, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Rule, Upstream, renamed
from adapters.ids import JOURNAL_ENTRY, AccountId, JournalEntryId, UserId

SIDES = {"debit": "DR", "credit": "CR"}


def sums(lines: Sequence[dict[str, Any]] | None) -> tuple[Decimal, Decimal]:
    """What the lines debit and what they credit."""
    debit, credit = (
        sum((Decimal(line["amount"]) for line in lines or () if line["type"] == side), Decimal(0)) for side in SIDES
    )
    return debit, credit


def difference(lines: Sequence[dict[str, Any]] | None) -> str:
    """How far the two sides are apart, in a sentence."""
    debit, credit = sums(lines)
    return f"Debits are {debit:f} and credits {credit:f}, which differ by {abs(debit - credit):f}."


class JournalLine(Record):
    """One posting: an amount without a sign, and the side it is on."""

    account_id: AccountId = required("The account.", "acct_0a1b2c3d")
    type: Annotated[str, Choice(tuple(SIDES), SIDES)] = required("Which side.", "debit")
    amount: Annotated[str, Money(least="positive")] = required("How much.", "1500.00")
    description: Annotated[str, Text(500)] | None = optional("A remark.", "June")


class JournalEntry(Record):
    """Postings that belong together; what is debited is credited."""

    id: ReadOnly[JournalEntryId] = required("The entry's id.", "jrn_1042")
    number: ReadOnly[Line] = required("The number of its voucher.", "JV-00042")
    entry_date: Date = required("The day it counts for.", "2026-06-01")
    memo: Annotated[str, Text(1_000)] | None = optional("What it is for.", "Rent of June")
    reference: Annotated[str, Text(100)] | None = optional("The document it belongs to.", "RENT-06")
    currency: Currency = required("ISO 4217 code of the books.", "INR")
    lines: Annotated[list[JournalLine], Between(2, 500)] = required(
        "Its postings.",
        [
            {"account_id": "acct_0a1b2c3d", "type": "debit", "amount": "1500.00"},
            {"account_id": "acct_0a1b2c3e", "type": "credit", "amount": "1500.00"},
        ],
    )
    total: ReadOnly[Amount] = required("The sum of one side.", "1500.00")
    created_by_id: ReadOnly[UserId | None] = optional("Who posted it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    created_at: ReadOnly[Moment] = required("When it was posted.", "2026-06-01T09:00:00Z")


journal_entries = Resource(
    model=JournalEntry,
    id=JOURNAL_ENTRY,
    path="journal_entries",
    singular="journal entry",
    scope="journal_entry",
    group="Finance",
    upstream=Upstream(
        "finance",
        "/api/finance/journal",
        ListQuery(("reference", "currency"), ranges={"entry_date": ("from", "to")}),
    ),
    rename=renamed(
        "number=voucherNo entry_date=postedOn memo=narration reference=refNo lines=entries lines.type=side "
        "lines.account_id=ledgerAccountId lines.amount=value lines.description=remark created_by_id=postedBy"
    ),
    sorts=("created_at", "number", "entry_date"),
    headline=("number", "entry_date", "memo", "total", "currency"),
    searched=("number", "memo", "reference"),
    operations=Op.GET | Op.SEARCH | Op.CREATE,
    rules=(Rule("unbalanced", "lines", ("lines",), lambda lines: len(set(sums(lines))) == 1, difference),),
)
