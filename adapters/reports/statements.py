"""Financial reports: one call a column, put together to rows that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from adapters.core.faults import BadParameter
from adapters.core.request.parameters import Given
from adapters.core.words.report import Layout, too_large
from adapters.ids import ACCOUNT
from adapters.reports import spans
from adapters.reports.amounts import cell, told
from adapters.reports.models import Asked, Statement, StatementColumn, StatementLine, StatementRow, StatementSection
from adapters.reports.spans import Span

MOST_DAYS, MOST_COLUMNS, MOST_ROWS = 1096, 12, 5000
_BACK = {"previous_month": 1, "previous_quarter": 3, "previous_year": 12}
_ZERO = Decimal(0)
Sums = list[Decimal]


class _Account(msgspec.Struct, rename="camel"):
    ledger_account_id: str | int | None
    gl_code: str | None
    title: str
    parent_id: str | int | None
    value: Decimal


class _Group(msgspec.Struct):
    group: str
    accounts: list[_Account]
    sum: Decimal | None = None


class _Books(msgspec.Struct, rename="camel"):
    currency: str
    groups: list[_Group]
    net_profit: Decimal | None = None
    opening_cash: Decimal | None = None
    closing_cash: Decimal | None = None


class _Reply(msgspec.Struct):
    data: _Books


_read = msgspec.json.Decoder(_Reply).decode


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its key and label, and what the service calls the group."""

    key: str
    label: str
    group: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the summary: sections with their signs, or what the service states; both where they have to agree."""

    key: str
    adds: Mapping[str, int] = field(default_factory=dict)
    stated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLayout(Layout):
    """holds: lines of the summary that add up to nothing with these signs; warning: what is said when they do not, and
    None where `balanced` says it. moment: about a day instead of a span.
    """

    name: str
    parts: tuple[Part, ...]
    lines: tuple[Line, ...]
    holds: Mapping[str, int] = field(default_factory=dict)
    warning: str | None = None
    moment: bool = False
    model: ClassVar[type[msgspec.Struct]] = Statement

    def question(self, given: Given, now: datetime) -> Asked:
        try:
            columns = _days(given) if self.moment else _spans(given)
        except (ValueError, OverflowError):
            raise BadParameter("parameter_invalid", "There is nothing before the year 1 to compare with.") from None
        basis = given.get("basis")
        queries = [_query(column) | ({"basis": basis} if basis else {}) for column in columns]
        return Asked(queries, columns, given.get("from"), given.get("to"), given.get("as_of"), basis)

    def document(
        self, question: Asked, bodies: Sequence[bytes], now: datetime, alphabets: Mapping[str, str]
    ) -> Statement:
        books = [_read(body).data for body in bodies]
        (currency,) = {each.currency for each in books}
        table = _Table(books, currency, self.parts, alphabets)
        sections = [table.section(part) for part in self.parts]
        summary = {line.key: self._amounts(line, table, books, currency) for line in self.lines}
        warnings = ["service_totals_differ"] if table.differs or self._contradicted(summary, books, currency) else []
        equal = all(
            sum((sign * summary[key][at] for key, sign in self.holds.items()), _ZERO) == 0 for at in range(len(books))
        )
        if self.warning is not None and not equal:
            warnings.append(self.warning)
        return Statement(
            self.name,
            question.first,
            question.last,
            question.as_of,
            question.basis,
            currency,
            now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            question.columns,
            sections,
            [StatementLine(key, [*map(told, amounts)]) for key, amounts in summary.items()],
            equal if self.holds and self.warning is None else None,
            warnings,
        )

    def _amounts(self, line: Line, table: _Table, books: Sequence[_Books], currency: str) -> Sums:
        if not line.adds:
            return [_stated(each, line, currency) for each in books]
        return [
            sum((sign * table.totals[key][at] for key, sign in line.adds.items()), _ZERO) for at in range(len(books))
        ]

    def _contradicted(self, summary: Mapping[str, Sums], books: Sequence[_Books], currency: str) -> bool:
        checked = [line for line in self.lines if line.adds and line.stated]
        return any(summary[line.key] != [_stated(each, line, currency) for each in books] for line in checked)

    def example(self) -> Statement:
        column = StatementColumn("c1", "period", None, None, "2026-06-30")
        if not self.moment:
            column = StatementColumn("c1", "period", "2026-04-01", "2026-06-30", None)
        row = StatementRow("acct_0a1b2c3d", "4000", "Fees", None, ["11296.12"])
        first, *others = self.parts
        return Statement(
            self.name,
            column.first,
            column.last,
            column.as_of,
            "accrual",
            "INR",
            "2026-07-01T09:00:00Z",
            [column],
            [
                StatementSection(first.key, first.label, [row], ["11296.12"]),
                *(StatementSection(each.key, each.label, [], ["0.00"]) for each in others),
            ],
            [StatementLine(line.key, ["11296.12"]) for line in self.lines],
            None,
            [],
        )


class _Table:
    """The rows of every section, aligned with the columns. totals: by section; differs: the service's own sums are others."""

    def __init__(
        self, books: Sequence[_Books], currency: str, parts: Sequence[Part], alphabets: Mapping[str, str]
    ) -> None:
        self._account = ACCOUNT.of(alphabets)
        self._currency = currency
        self.differs = False
        keys = {part.group: part.key for part in parts}
        self._rows: dict[str, dict[Any, tuple[_Account, Sums]]] = {part.key: {} for part in parts}
        self.totals: dict[str, Sums] = {part.key: [cell(_ZERO, currency)] * len(books) for part in parts}
        for at, each in enumerate(books):
            for group in each.groups:
                self._add(keys[group.group], group, at, len(books))
        if sum(map(len, self._rows.values())) > MOST_ROWS:
            raise too_large(f"The report would have more than {MOST_ROWS} rows.")

    def _add(self, key: str, group: _Group, at: int, width: int) -> None:
        rows, totals = self._rows[key], self.totals[key]
        added = _ZERO
        for account in group.accounts:
            named = account.ledger_account_id
            same = (named, None) if named is not None else (account.gl_code, account.title)
            _, amounts = rows.setdefault(same, (account, [cell(_ZERO, self._currency)] * width))
            value = cell(account.value, self._currency)
            amounts[at] += value
            added += value
        totals[at] += added
        if group.sum is not None and cell(group.sum, self._currency) != added:
            self.differs = True

    def section(self, part: Part) -> StatementSection:
        """One section, as it is answered."""
        found = sorted(
            self._rows[part.key].values(), key=lambda row: (row[0].gl_code is None, row[0].gl_code, row[0].title)
        )
        rows = [
            StatementRow(
                self._public(account.ledger_account_id),
                account.gl_code,
                account.title,
                self._public(account.parent_id),
                [*map(told, amounts)],
            )
            for account, amounts in found
        ]
        return StatementSection(part.key, part.label, rows, [*map(told, self.totals[part.key])])

    def _public(self, internal: str | int | None) -> str | None:
        if internal is None:
            return None
        if type(internal) is not self._account.held or not self._account.fits([internal]):
            raise ValueError("an id of another alphabet than was declared")
        return self._account.encode(internal)


def _stated(books: _Books, line: Line, currency: str) -> Decimal:
    stated = getattr(books, line.stated or "")
    if stated is None:
        raise ValueError(f"{line.stated} is missing")
    return cell(stated, currency)


def _query(column: StatementColumn) -> dict[str, str]:
    named = {"from": column.first, "to": column.last, "asOf": column.as_of}
    return {name: day for name, day in named.items() if day is not None}


def _days(given: Given) -> list[StatementColumn]:
    """The columns of a report about a day, and perhaps of one before."""
    day = _day(given, "as_of")
    columns = [StatementColumn("c1", "period", None, None, day.isoformat())]
    if back := _BACK.get(given["compare"] or ""):
        columns.append(StatementColumn("c2", "comparison", None, None, spans.earlier_end(day, back).isoformat()))
    return columns


def _spans(given: Given) -> list[StatementColumn]:
    """The columns of a report about a span: its parts and their total, or what it is compared with."""
    span = Span(_day(given, "from"), _day(given, "to"))
    if span.last < span.first:
        raise BadParameter("parameter_invalid", "The query parameter 'to' lies before 'from'.")
    if span.days > MOST_DAYS:
        raise BadParameter("parameter_invalid", f"From 'from' to 'to' there are at most {MOST_DAYS} days.")
    interval, compare = given["interval"], given["compare"]
    if interval in spans.MONTHS:
        columns = spans.parts(span, interval)
        if len(columns) > MOST_COLUMNS:
            raise too_large(f"The report would have {len(columns)} columns; {MOST_COLUMNS} is the most.", "/interval")
        return [*_columns("period", columns), _column(len(columns) + 1, "total", span)]
    columns = [span]
    if compare == "previous_period":
        columns.append(spans.before(span))
    elif compare == "previous_year":
        columns.append(spans.a_year_before(span))
    return [*_columns("period", columns[:1]), *(_column(2, "comparison", each) for each in columns[1:])]


def _columns(kind: Any, found: Sequence[Span]) -> list[StatementColumn]:
    return [_column(place, kind, span) for place, span in enumerate(found, 1)]


def _column(place: int, kind: Any, span: Span) -> StatementColumn:
    return StatementColumn(f"c{place}", kind, span.first.isoformat(), span.last.isoformat(), None)


def _day(given: Given, name: str) -> date:
    return date.fromisoformat(given[name] or "")
