"""Accounts: the chart of accounts that books are kept in. Read-only: it is set up in the product; balances are in the reports."""

from typing import Annotated

from adapters.core.declare.kinds import Boolean, Choice, Currency, Line, LongText, Text
from adapters.core.declare.resource import Dated, ListQuery, Op, ReadOnly, Resource, Upstream, optional, required
from adapters.ids import ACCOUNT, AccountId

TYPES = {
    "asset": "ASSETS",
    "liability": "LIABILITIES",
    "equity": "EQUITY",
    "income": "INCOME",
    "expense": "EXPENSES",
}


class Account(Dated):
    """An account of the books."""

    id: ReadOnly[AccountId] = required("The account's id.", "acct_0a1b2c3d")
    code: Annotated[str, Text(20)] | None = optional("Its number in the chart of accounts.", "4000")
    name: Line = required("Its name.", "Fees")
    type: Annotated[str, Choice(tuple(TYPES), TYPES)] = required("Where in the books it stands.", "income")
    subtype: Line | None = optional("A finer division, in the workspace's own words.", "Operating income")
    parent_id: AccountId | None = optional("The account that it is a part of.", "acct_0a1b2c3e")
    currency: Currency | None = optional("The currency it is kept in.", "INR")
    description: LongText | None = optional("What belongs in it.", "Fees for advice.")
    active: Boolean = required("Whether it may still be posted to.", example=True)


accounts = Resource(
    model=Account,
    id=ACCOUNT,
    path="accounts",
    singular="account",
    scope="account",
    group="Finance",
    upstream=Upstream("finance", "/api/finance/accounts", ListQuery(style="whole")),
    rename={
        "code": "glCode",
        "name": "title",
        "type": "group",
        "subtype": "subGroup",
        "active": "isActive",
    },
    sorts=("created_at", "updated_at", "code", "name"),
    headline=("code", "name", "type", "active"),
    searched=("code", "name"),
    operations=Op.GET | Op.SEARCH,
)
