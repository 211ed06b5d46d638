"""Manual journal entries: posted once, never changed; the mirror image undoes one."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import Complaints, invalid, refused, violated
from sandbox.entities.base import CREATED, CURRENCY, ID, TENANT, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import ENTRY
from sandbox.money import exact, number, total
from sandbox.scene import Row, Scene, known


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    complaints: Complaints = {}
    for at, line in enumerate(row["entries"]):
        if line["value"] <= 0:
            raise violated(f"entries.{at}.value", "must be more than 0")
        if not known(scene, "account", line["ledgerAccountId"])["isActive"]:
            complaints[f"entries.{at}.ledgerAccountId"] = ["is not active"]
    if row["currency"] != scene.workspace.currency:
        complaints["currency"] = [f"the books are kept in {scene.workspace.currency}"]
    if complaints:
        raise invalid(complaints)
    debit, credit = (
        total(exact(line["value"]) for line in row["entries"] if line["side"] == side) for side in ("DR", "CR")
    )
    if debit != credit:
        raise violated("entries", f"debits are {debit}, credits {credit}")
    if row["postedOn"] <= scene.workspace.closed_through:
        raise refused("period_closed", {"postedOn": [f"the books are closed through {scene.workspace.closed_through}"]})
    row["total"] = number(debit)
    row["voucherNo"] = f"JV-{scene.following('voucher'):05d}"


JOURNAL_ENTRIES = Entity(
    name="journal_entry",
    plural="journal_entries",
    path="/api/finance/journal",
    key=ENTRY,
    fields=(
        ID,
        TENANT,
        computed("voucherNo", Kind.TEXT),
        Field("postedOn", Kind.DATE, required=True),
        Field("narration", Kind.TEXT, longest=1000),
        Field("refNo", Kind.TEXT, longest=100),
        CURRENCY,
        Field(
            "entries",
            Kind.ROWS,
            required=True,
            least=2,
            most=500,
            item=(
                Field("ledgerAccountId", Kind.REFERENCE, refers="account", required=True),
                Field("side", Kind.CHOICE, choices=("DR", "CR"), required=True),
                Field("value", Kind.MONEY, required=True),
                Field("remark", Kind.TEXT),
            ),
        ),
        computed("total", Kind.MONEY),
        computed("postedBy", Kind.REFERENCE, refers="user"),
        CREATED,
    ),
    sorts=("createdAt", "voucherNo", "postedOn"),
    list_filters=("refNo", "currency"),
    ranges={"postedOn": ("from", "to")},
    searched=("voucherNo", "narration", "refNo"),
    operations={"list": False, "create": True, "get": False},
    creator="postedBy",
    settle=_settle,
)
