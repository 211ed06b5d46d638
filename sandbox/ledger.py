"""The books: what invoices, payments, claims, payroll runs and journal entries post to the accounts, double entry.

A row's postings follow from the row as it stands, so they are replaced whenever it is written. Book `A` is kept on
accrual, book `C` on cash; `B` belongs to both. Documents in another currency than the books' are not posted: a rate
that nobody chose would be a wrong number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from sandbox.directory import Tenant
from sandbox.money import Number, exact, minor
from sandbox.scene import Row, Scene, known
from sandbox.store import Store

CASH, BANK, RECEIVABLE, INPUT_TAX = "1000", "1010", "1100", "1300"
CLAIMS, NET_PAY, DEDUCTIONS, OUTPUT_TAX, CARD = "2100", "2110", "2120", "2200", "2300"
FEES, SALARIES, EMPLOYER_COST, SUNDRY = "4000", "6000", "6010", "6900"
_CATEGORIES = {"Travel": "6200", "Meals": "6210", "Office": "6220", "Software": "6230", "Marketing": "6300"}

Chart = Mapping[str, str]


class Posting(NamedTuple):
    """amount: minor units, debit positive · account: its id."""

    book: str
    day: str
    account: str
    amount: int


def keep(store: Store, tenant: Tenant, entity: str, before: Row | None, after: Row | None, scene: Scene) -> None:
    """Puts the postings of the written row in the place of its earlier ones."""
    if entity not in BOOKED:
        return
    if before is not None:
        store.connection.execute("DELETE FROM postings WHERE source = ?", (before["id"],))
    if after is not None:
        chart = {account["glCode"]: account["id"] for account in scene.rows("account")}
        write(store, tenant.number, ((after["id"], one) for one in postings(entity, after, chart, scene)))


def write(store: Store, tenant: int, found: Iterable[tuple[str, Posting]]) -> None:
    rows = [(tenant, source, *one) for source, one in found if one.amount]
    store.connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?)", rows)


def postings(entity: str, row: Row, chart: Chart, scene: Scene) -> Iterator[Posting]:
    """What the row means for the books; accounts are looked up in the chart by code."""
    currency = scene.workspace.currency
    if row.get("currency", currency) == currency:
        yield from _POSTED[entity](row, chart, scene)


def _units(row: Row, name: str) -> int:
    return minor(exact(row[name]), row["currency"])


def _sales(invoice: Row, chart: Chart) -> Iterator[tuple[str, int]]:
    """What an invoice earns, by account, and the tax that it owes."""
    for line in invoice["items"]:
        net = exact(line["lineTotal"]) - (exact(line["taxValue"]) if invoice["taxInclusive"] else 0)
        yield line["ledgerAccountId"] or chart[FEES], minor(net, invoice["currency"])
    yield chart[OUTPUT_TAX], _units(invoice, "taxTotal")


def _invoice(row: Row, chart: Chart, _scene: Scene) -> Iterator[Posting]:
    if row["sentAt"] is None:
        return
    lines = [(chart[RECEIVABLE], _units(row, "amount")), *((account, -units) for account, units in _sales(row, chart))]
    for account, units in lines:
        yield Posting("A", row["invoiceDate"], account, units)
        if row["cancelledAt"] is not None:
            yield Posting("A", row["cancelledAt"][:10], account, -units)


def _payment(row: Row, chart: Chart, scene: Scene) -> Iterator[Posting]:
    day, paid = row["paymentDate"], _units(row, "amount")
    yield Posting("B", day, chart[CASH if row["mode"] == "CASH" else BANK], paid)
    yield Posting("A", day, chart[RECEIVABLE], -paid)
    invoice = known(scene, "invoice", row["invoiceId"])
    whole, seen, given = _units(invoice, "amount"), 0, 0
    for account, units in _sales(invoice, chart):
        # shares of the running sum, so that they add up to the payment
        seen += units
        share = paid * seen // whole - given
        given += share
        yield Posting("C", day, account, -share)


def _expense(row: Row, chart: Chart, _scene: Scene) -> Iterator[Posting]:
    if row["state"] not in {"APPROVED", "PAID"}:
        return
    total, tax = _units(row, "total"), minor(exact(row["taxPart"] or 0), row["currency"])
    account = row["ledgerAccountId"] or chart[_CATEGORIES.get(row["category"], SUNDRY)]
    costs = ((account, total - tax), (chart[INPUT_TAX], tax))
    personal = row["paidWith"] == "PERSONAL"
    for code, units in (*costs, (chart[CLAIMS if personal else CARD], -total)):
        yield Posting("A" if personal else "B", row["date"], code, units)
    if row["state"] == "PAID":
        day = row["settledAt"][:10]
        yield Posting("A", day, chart[CLAIMS], total)
        yield Posting("B", day, chart[BANK], -total)
        for code, units in costs:
            yield Posting("C", day, code, units)


def _run(row: Row, chart: Chart, _scene: Scene) -> Iterator[Posting]:
    if row["status"] not in {"DONE", "PAID"}:
        return
    gross, held, cost = row["grossMinor"], row["deductionMinor"], row["employerMinor"]
    costs = ((chart[SALARIES], gross), (chart[EMPLOYER_COST], cost), (chart[DEDUCTIONS], -held - cost))
    for account, units in (*costs, (chart[NET_PAY], -row["netMinor"])):
        yield Posting("A", row["periodTo"], account, units)
    if row["status"] == "PAID":
        day = row["payoutDate"]
        yield Posting("A", day, chart[NET_PAY], row["netMinor"])
        yield Posting("B", day, chart[BANK], -row["netMinor"])
        for account, units in costs:
            yield Posting("C", day, account, units)


def _entry(row: Row, _chart: Chart, _scene: Scene) -> Iterator[Posting]:
    for line in row["entries"]:
        value: Number = line["value"]
        sign = 1 if line["side"] == "DR" else -1
        yield Posting("B", row["postedOn"], line["ledgerAccountId"], sign * minor(exact(value), row["currency"]))


_POSTED: Mapping[str, Callable[[Row, Chart, Scene], Iterator[Posting]]] = {
    "invoice": _invoice,
    "payment": _payment,
    "expense": _expense,
    "payroll_run": _run,
    "journal_entry": _entry,
}
BOOKED = frozenset(_POSTED)
