"""Stock movements of a product: the only way that stock changes."""

from decimal import Decimal
from typing import Annotated

from adapters.core.declare.kinds import Choice, Moment, Number, Text
from adapters.core.declare.record import ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Rule, Upstream, renamed
from adapters.ids import MOVEMENT, MovementId, ProductId, UserId, WarehouseId

TYPES = {"receipt": "IN", "issue": "OUT", "adjustment": "ADJUST", "return": "RETURN"}
BETWEEN_WAREHOUSES = {"transfer_in": "TRANSFER_IN", "transfer_out": "TRANSFER_OUT"}
SIGNS = {"receipt": 1, "return": 1, "issue": -1}


def has_sign(type_: str | None, quantity: str | None) -> bool:
    """Whether a quantity is not zero, and has the sign of what is done."""
    moved = Decimal(quantity or 0)
    return moved != 0 and moved * SIGNS.get(type_ or "", 1 if moved > 0 else -1) > 0


class StockMovement(Record):
    """So much of a product came to a warehouse, or left it."""

    id: ReadOnly[MovementId] = required("The movement's id.", "mov_1042")
    product_id: ReadOnly[ProductId] = required("The product.", "prod_42")
    warehouse_id: WarehouseId = required("Where.", "whs_3")
    type: Annotated[
        str, Choice((*TYPES, *BETWEEN_WAREHOUSES), TYPES | BETWEEN_WAREHOUSES, tuple(BETWEEN_WAREHOUSES))
    ] = required("Why: what is received or returned is more than zero, what is issued less.", "receipt")
    quantity: Annotated[str, Number(9, 4, "signed")] = required("What it does to the stock.", "12.5")
    balance_after: ReadOnly[Annotated[str, Number(12, 4, "signed")]] = required("The stock from then on.", "40.5")
    unit_cost: Annotated[str, Number(12, 6)] | None = optional("What one cost.", "1250")
    reference: Annotated[str, Text(100)] | None = optional("The document it belongs to.", "GRN-118")
    note: Annotated[str, Text(1_000)] | None = optional("A remark.", "One box was open.")
    occurred_at: Moment | None = optional("When it happened; now when left out.", "2026-06-01T09:00:00Z")
    created_by_id: ReadOnly[UserId | None] = optional("Who booked it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    created_at: ReadOnly[Moment] = required("When it was booked; the list is in this order.", "2026-06-01T09:30:00Z")


movements = Resource(
    model=StockMovement,
    id=MOVEMENT,
    path="movements",
    singular="stock movement",
    scope="inventory",
    group="Inventory",
    upstream=Upstream("inventory", "/api/inventory/products/{id}/movements", ListQuery(style="cursor", items="items")),
    rename=renamed(
        "type=reason quantity=delta balance_after=runningStock reference=docRef note=remarks occurred_at=movedAt "
        "created_by_id=userId"
    ),
    operations=Op.SEARCH | Op.CREATE,
    rules=(
        Rule(
            "sign_mismatch",
            "quantity",
            ("type", "quantity"),
            has_sign,
            "What is received or returned is more than zero, what is issued less, and nothing moves by zero.",
        ),
    ),
)
