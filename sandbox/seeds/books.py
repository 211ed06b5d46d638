"""The chart of accounts, and the entries that an accountant makes by hand month by month."""

from sandbox.entities import ACCOUNTS, JOURNAL_ENTRIES
from sandbox.scene import Row
from sandbox.seeds.firm import FIRST_DAY, Firm, at

# group, subgroup, then accounts: code, title, code of the parent
_CHART = (
    ("ASSETS", "Cash", (("1000", "Petty cash", None),)),
    ("ASSETS", "Bank", (("1010", "Current account", None), ("1020", "Savings account", "1010"))),
    ("ASSETS", "Receivables", (("1100", "Accounts receivable", None), ("1150", "Advances to employees", None))),
    ("ASSETS", "Inventory", (("1200", "Goods in stock", None),)),
    ("ASSETS", "Other current assets", (("1300", "Input tax", None), ("1400", "Prepaid expenses", None))),
    (
        "ASSETS",
        "Fixed assets",
        (("1500", "Equipment", None), ("1510", "Computers", "1500"), ("1520", "Furniture", "1500"), ("1530", "Vehicles", "1500")),
    ),
    ("ASSETS", "Accumulated depreciation", (("1590", "Accumulated depreciation", "1500"),)),
    ("ASSETS", "Other assets", (("1800", "Security deposits", None), ("1810", "Long-term investments", None))),
    (
        "LIABILITIES",
        "Current liabilities",
        (
            ("2000", "Accounts payable", None), ("2100", "Claims of employees", None), ("2110", "Salaries payable", None),
            ("2120", "Payroll deductions payable", None), ("2200", "Output tax", None), ("2300", "Company card", None),
            ("2400", "Income tax payable", None),
        ),
    ),
    ("LIABILITIES", "Long-term liabilities", (("2500", "Bank loan", None), ("2600", "Lease liability", None))),
    ("EQUITY", "Equity", (("3000", "Share capital", None), ("3100", "Reserves", None), ("3200", "Dividends", None))),
    (
        "INCOME",
        "Sales",
        (("4000", "Fees", None), ("4010", "Subscriptions", "4000"), ("4020", "Goods sold", None), ("4030", "Support", "4000")),
    ),
    ("INCOME", "Other income", (("4900", "Interest earned", None), ("4910", "Sundry income", None))),
    (
        "EXPENSES",
        "Cost of sales",
        (("5000", "Cost of goods sold", None), ("5010", "Subcontractors", None), ("5020", "Hosting", None)),
    ),
    (
        "EXPENSES",
        "Operating expenses",
        (
            ("6000", "Salaries", None), ("6010", "Employer contributions", "6000"), ("6100", "Rent", None),
            ("6110", "Power and water", None), ("6200", "Travel", None), ("6210", "Meals", "6200"), ("6220", "Office", None),
            ("6230", "Software", None), ("6300", "Marketing", None), ("6400", "Professional fees", None),
            ("6500", "Depreciation", None), ("6900", "Sundry", None), ("6990", "Sundry (until 2024)", "6900"),
        ),
    ),
    ("EXPENSES", "Other expenses", (("7000", "Interest paid", None), ("7010", "Bank charges", None))),
    ("EXPENSES", "Income taxes", (("8000", "Income tax", None),)),
)  # fmt: skip
_RETIRED = "6990"
# what is booked in every month, in thousands of rupees: day, words, debit, credit, amount
_MONTHLY = (
    (1, "Rent", "6100", "1010", 240),
    (3, "Goods bought", "1200", "2000", 900),
    (5, "Subcontractors", "5010", "2000", 420),
    (9, "Suppliers paid", "2000", "1010", 1150),
    (12, "Power and water", "6110", "1010", 38),
    (14, "Hosting", "5020", "1010", 95),
    (20, "Tax paid", "2200", "1010", 310),
    (22, "Loan instalment", "2500", "1010", 150),
    (22, "Interest on the loan", "7000", "1010", 45),
    (25, "Payroll deductions paid", "2120", "1010", 800),
    (28, "Goods delivered", "5000", "1200", 780),
    (28, "Depreciation", "6500", "1590", 60),
    (28, "Bank charges", "7010", "1010", 2),
)
_ONCE = (
    (FIRST_DAY, "Capital paid in", "1010", "3000", 20_000),
    (FIRST_DAY, "Loan taken", "1010", "2500", 6000),
    ("2025-01-10", "Computers bought", "1510", "1010", 1800),
    ("2025-01-15", "Furniture bought", "1520", "1010", 900),
    ("2025-01-20", "Deposit for the office", "1800", "1010", 700),
    ("2025-02-03", "Cash drawn", "1000", "1010", 60),
    ("2025-06-30", "Interest on savings", "1010", "4900", 85),
    ("2025-12-31", "Dividend", "3200", "1010", 1500),
    ("2026-03-31", "Income tax of the year", "8000", "2400", 1900),
    ("2026-04-20", "Income tax paid", "2400", "1010", 1900),
)


def chart(firm: Firm) -> list[Row]:
    created = at(FIRST_DAY, 0)
    by_code: dict[str, Row] = {}
    for group, subgroup, accounts in _CHART:
        for code, title, parent in accounts:
            by_code[code] = firm.make(
                ACCOUNTS,
                created,
                glCode=code,
                title=title,
                group=group,
                subGroup=subgroup,
                parentId=by_code[parent]["id"] if parent is not None else None,
                currency=firm.workspace.currency,
                isActive=code != _RETIRED,
                bankAccountNo="0047 1182 9931" if subgroup == "Bank" else None,
                openingBalance=0,
            )
    return list(by_code.values())


def journal(firm: Firm, accounts: dict[str, str]) -> list[Row]:
    """The entries in order of their dates; `accounts` are ids by code."""
    months = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)][:16]
    planned = [
        *_ONCE,
        *(
            (f"{month}-{day:02d}", words, debit, credit, thousands)
            for month in months
            for day, words, debit, credit, thousands in _MONTHLY
        ),
    ]
    return [_entry(firm, accounts, *one) for one in sorted(planned)]


def _entry(firm: Firm, accounts: dict[str, str], day: str, words: str, debit: str, credit: str, thousands: int) -> Row:
    # a few units off the round sum, as real bills are
    value = thousands * 1000 // firm.scale + firm.below(90)
    lines = [
        {"ledgerAccountId": accounts[code], "side": side, "value": value, "remark": None}
        for code, side in ((debit, "DR"), (credit, "CR"))
    ]
    return firm.make(
        JOURNAL_ENTRIES,
        firm.moment(day),
        voucherNo=f"JV-{firm.following('voucher'):05d}",
        postedOn=day,
        narration=words,
        refNo=day[:7] if day != FIRST_DAY else None,
        currency=firm.workspace.currency,
        entries=lines,
        total=value,
        postedBy=firm.user_ids[1],
    )
