"""Stock movements of a product: the only way that stock changes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.answers import refused, state_invalid, violated
from sandbox.entities.base import CREATED, NUMBER_ID, TENANT, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import NUMBER
from sandbox.money import exact, number
from sandbox.scene import Row, Scene, known

_ADDS, _TAKES = {"IN", "RETURN"}, {"OUT"}


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    product = known(scene, "product", row["productId"])
    if product["kind"] == "SERVICE" or not product["trackInventory"]:
        raise state_invalid("UNTRACKED")
    delta = row["delta"]
    if delta == 0 or (row["reason"] in _ADDS and delta < 0) or (row["reason"] in _TAKES and delta > 0):
        raise violated("delta", "has the wrong sign for its reason")
    row["movedAt"] = row["movedAt"] or scene.now
    row["runningStock"] = number(exact(product["stock"]) + exact(delta))
    held = _held(product, row["warehouseId"])
    if not scene.workspace.negative_stock and held + exact(delta) < 0:
        raise refused("stock_short", {"delta": [f"the warehouse has {number(held)} only"]})


def _held(product: Row, warehouse: int) -> Decimal:
    found = (one["qty"] for one in product["stockByWarehouse"] if one["warehouseId"] == warehouse)
    return exact(next(found, 0))


def moved(product: Row, movement: Row) -> Row:
    """What the movement changes in its product."""
    kept = [one for one in product["stockByWarehouse"] if one["warehouseId"] != movement["warehouseId"]]
    there = _held(product, movement["warehouseId"]) + exact(movement["delta"])
    levels = [*kept, {"warehouseId": movement["warehouseId"], "qty": number(there)}]
    return {
        "stock": movement["runningStock"],
        "stockByWarehouse": sorted(levels, key=lambda one: int(one["warehouseId"])),
    }


def _effects(_before: Row | None, after: Row | None, scene: Scene) -> None:
    if after is not None:
        product = known(scene, "product", after["productId"])
        scene.change("product", product, **moved(product, after), updatedAt=scene.now)


MOVEMENTS = Entity(
    name="movement",
    plural="movements",
    path="/api/inventory/products/{productId}/movements",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        computed("productId", Kind.REFERENCE, refers="product", number=True, owner=True),
        Field("warehouseId", Kind.REFERENCE, refers="warehouse", number=True, required=True),
        Field("reason", Kind.CHOICE, required=True, choices=("IN", "OUT", "ADJUST", "RETURN")),
        Field("delta", Kind.DECIMAL, required=True, digits=9),
        computed("runningStock", Kind.DECIMAL),
        Field("unitCost", Kind.DECIMAL, digits=12, places=6, least=0),
        Field("docRef", Kind.TEXT, longest=100),
        Field("remarks", Kind.TEXT, longest=1000),
        Field("movedAt", Kind.INSTANT),
        computed("userId", Kind.REFERENCE, refers="user"),
        CREATED,
    ),
    sorts=("createdAt",),
    list_filters=(),
    searched=(),
    operations={"list": True, "create": False},
    style="cursor",
    creator="userId",
    settle=_settle,
    effects=_effects,
)
