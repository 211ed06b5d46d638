"""The chart of accounts, set up elsewhere and read here. Its balances are in the reports only."""

from sandbox.entities.base import CREATED, ID, READ, TENANT, UPDATED, computed, hidden
from sandbox.entity import Entity
from sandbox.fields import Kind
from sandbox.ids import ACCOUNT

ACCOUNTS = Entity(
    name="account",
    plural="accounts",
    path="/api/finance/accounts",
    key=ACCOUNT,
    fields=(
        ID,
        TENANT,
        computed("glCode", Kind.TEXT),
        computed("title", Kind.TEXT),
        computed("group", Kind.CHOICE),
        computed("subGroup", Kind.TEXT),
        computed("parentId", Kind.REFERENCE, refers="account"),
        computed("currency", Kind.TEXT),
        computed("description", Kind.LONG_TEXT),
        computed("isActive", Kind.FLAG, default=True),
        *hidden("openingBalance", "bankAccountNo"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "glCode", "title"),
    list_filters=(),
    looked_up=("glCode",),
    searched=(),
    operations=READ,
    style="whole",
)
