"""Profit and loss, balance sheet and cash flow, added up from the postings of the books."""

from collections.abc import Iterable
from decimal import Decimal

from sandbox.answers import Reply, data, query_invalid
from sandbox.entities import ACCOUNTS
from sandbox.guard import Call, Operation
from sandbox.moments import parse_date
from sandbox.money import Number, major, number
from sandbox.scene import Row
from sandbox.schema import load

_EARNED = {"Sales": "REVENUE", "Other income": "OTHER_INCOME"}
_SPENT = {
    "Cost of sales": "COGS",
    "Operating expenses": "OPEX",
    "Other expenses": "OTHER_EXPENSE",
    "Income taxes": "TAX",
}
_RESULT = ("REVENUE", "COGS", "OPEX", "OTHER_INCOME", "OTHER_EXPENSE", "TAX")
_MONEY = ("Cash", "Bank")
_OWNED = {
    **dict.fromkeys((*_MONEY, "Receivables", "Inventory", "Other current assets"), "CURRENT_ASSETS"),
    **dict.fromkeys(("Fixed assets", "Accumulated depreciation"), "FIXED_ASSETS"),
    "Other assets": "OTHER_ASSETS",
}
_OWED = {
    "Current liabilities": "CURRENT_LIABILITIES",
    "Long-term liabilities": "LONG_TERM_LIABILITIES",
    "Equity": "EQUITY",
}
_STANDING = (*dict.fromkeys(_OWNED.values()), *_OWED.values())
_FLOWS = {
    **dict.fromkeys(("Fixed assets", "Other assets"), "INVESTING"),
    **dict.fromkeys(("Long-term liabilities", "Equity"), "FINANCING"),
}
Sums = dict[str, int]


def operations() -> dict[str, dict[str, Operation]]:
    root = "/api/finance/reports"
    calls = {"pnl": _profit_and_loss, "balance-sheet": _balance_sheet, "cash-flow": _cash_flow}
    return {f"{root}/{name}": {"GET": Operation(run, documented=True)} for name, run in calls.items()}


class _Books:
    """The accounts of a workspace and what was posted to them."""

    def __init__(self, call: Call) -> None:
        self._connection = call.home.store.connection
        self._tenant = call.tenant.number
        self._given = call.query()
        self.currency = call.tenant.workspace.currency
        rows = [load(document) for document in call.home.store.documents(ACCOUNTS, self._tenant)]
        self.accounts: list[Row] = sorted(rows, key=lambda account: str(account["glCode"]))
        basis = self._given.get("basis", ["accrual"])[-1]
        if basis not in {"accrual", "cash"}:
            raise query_invalid("basis is accrual or cash")
        self._book = basis[0].upper()

    def date(self, name: str) -> str:
        try:
            return parse_date(self._given.get(name, [None])[-1])
        except ValueError as complaint:
            raise query_invalid(f"{name} {complaint}") from None

    def span(self) -> tuple[str, str]:
        start, end = self.date("from"), self.date("to")
        if end < start:
            raise query_invalid("to must not be before from")
        return start, end

    def sums(self, start: str, end: str) -> Sums:
        """What was posted from start to end, by account, debit positive; accounts without postings are left out."""
        return self._sums("day BETWEEN ? AND ?", start, end)

    def before(self, day: str) -> Sums:
        """The same of everything that was posted before the day."""
        return self._sums("day < ?", day)

    def _sums(self, when: str, *days: str) -> Sums:
        sql = (
            "SELECT account, sum(amount) FROM postings"  # noqa: S608  (the condition is one of the two above)
            f" WHERE tenant = ? AND book IN ('B', ?) AND {when} GROUP BY account"
        )
        return dict(self._connection.execute(sql, (self._tenant, self._book, *days)).fetchall())

    def of(self, subgroups: Iterable[str]) -> list[Row]:
        wanted = frozenset(subgroups)
        return [account for account in self.accounts if account["subGroup"] in wanted]

    def amount(self, units: int) -> Number:
        return number(major(units, self.currency))

    def line(self, account: Row, units: int) -> Row:
        named = {"ledgerAccountId": account["id"], "glCode": account["glCode"], "title": account["title"]}
        return {**named, "parentId": account["parentId"], "value": self.amount(units)}

    def unnamed(self, title: str, units: int) -> Row:
        return self.line({"id": None, "glCode": None, "title": title, "parentId": None}, units)

    def report(self, start: str | None, end: str, groups: dict[str, list[Row]], **further: Number) -> Reply:
        shown = [
            {
                "group": name,
                "accounts": lines,
                "sum": number(sum((Decimal(str(line["value"])) for line in lines), Decimal(0))),
            }
            for name, lines in groups.items()
        ]
        return data({"range": {"start": start, "end": end}, "currency": self.currency, "groups": shown, **further})


def _result(books: _Books, sums: Sums) -> int:
    """The profit, in minor units."""
    return -sum(sums.get(account["id"], 0) for account in books.of((*_EARNED, *_SPENT)))


async def _profit_and_loss(call: Call) -> Reply:
    books = _Books(call)
    start, end = books.span()
    sums = books.sums(start, end)
    groups: dict[str, list[Row]] = {name: [] for name in _RESULT}
    for sections, sign in ((_EARNED, -1), (_SPENT, 1)):
        for account in books.of(sections):
            if account["id"] in sums:
                groups[sections[account["subGroup"]]].append(books.line(account, sign * sums[account["id"]]))
    return books.report(start, end, groups, netProfit=books.amount(_result(books, sums)))


async def _balance_sheet(call: Call) -> Reply:
    books = _Books(call)
    end = books.date("asOf")
    sums = books.sums("", end)
    groups: dict[str, list[Row]] = {name: [] for name in _STANDING}
    for sections, sign in ((_OWNED, 1), (_OWED, -1)):
        for account in books.of(sections):
            if account["id"] in sums:
                groups[sections[account["subGroup"]]].append(books.line(account, sign * sums[account["id"]]))
    groups["EQUITY"].append(books.unnamed("Retained earnings", _result(books, sums)))
    return books.report(None, end, groups)


async def _cash_flow(call: Call) -> Reply:
    """By the indirect method: the profit, and what every other account took in or let go of cash."""
    books = _Books(call)
    start, end = books.span()
    sums, before = books.sums(start, end), books.before(start)
    opening = sum(before.get(account["id"], 0) for account in books.of(_MONEY))
    change = sum(sums.get(account["id"], 0) for account in books.of(_MONEY))
    groups: dict[str, list[Row]] = {"OPERATING": [], "INVESTING": [], "FINANCING": []}
    groups["OPERATING"].append(books.unnamed("Net profit", _result(books, sums)))
    for account in books.of((*_OWNED, *_OWED)):
        if account["id"] in sums and account["subGroup"] not in _MONEY:
            group = _FLOWS.get(account["subGroup"], "OPERATING")
            groups[group].append(books.line(account, -sums[account["id"]]))
    return books.report(
        start, end, groups, openingCash=books.amount(opening), closingCash=books.amount(opening + change)
    )
