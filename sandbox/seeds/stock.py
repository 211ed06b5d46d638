"""Warehouses, products, and the movements that their stock is made of."""

from sandbox.entities import MOVEMENTS, PRODUCTS, WAREHOUSES
from sandbox.entities.movements import moved
from sandbox.money import exact, number, spelled
from sandbox.scene import Row
from sandbox.seeds.firm import FIRST_DAY, Firm, at, day

_PRODUCTS, _SERVICES = 160, 20
_PLACES = (("MAIN", "Main warehouse", "Pune"), ("EAST", "Eastern depot", "Kolkata"), ("SHOP", "Shop", "Mumbai"))
_KINDS = ("Table", "Lamp", "Chair", "Shelf", "Desk", "Cabinet", "Screen", "Rug")
_FINISHES = ("oak", "black", "white", "steel", "walnut")
_CATEGORIES = ("Furniture", "Lighting", "Office", None)


def warehouses(firm: Firm) -> list[Row]:
    return [
        firm.make(
            WAREHOUSES,
            at(FIRST_DAY, 120 + at_number),
            shortCode=code,
            label=label,
            primary=at_number == 0,
            location={
                "street": f"{at_number + 4} Dock Road", "street2": None, "city": city, "state": "MH", "pincode": "411001",
                "country": "IN",
            },
        )
        for at_number, (code, label, city) in enumerate(_PLACES)
    ]  # fmt: skip


def products(firm: Firm) -> list[Row]:
    return [_product(firm, at_number) for at_number in range(firm.count(_PRODUCTS, 10))]


def _product(firm: Firm, at_number: int) -> Row:
    currency = firm.workspace.currency
    service = at_number < firm.count(_SERVICES)
    price = firm.price(900, 40_000)
    title = f"Hour of work {at_number + 1}" if service else f"{firm.choose(_KINDS)}, {firm.choose(_FINISHES)}"
    return firm.make(
        PRODUCTS,
        firm.moment(day(at_number // 2)),
        code=f"SKU-{at_number + 1:04d}",
        title=title,
        details="Made to order." if at_number % 6 == 0 else None,
        kind="SERVICE" if service else "GOODS",
        category=firm.choose(_CATEGORIES),
        uom="hour" if service else firm.choose(("unit", "unit", "box")),
        sellingPrice=spelled(exact(price), currency),
        costPrice=spelled(exact(price) * 6 / 10, currency) if at_number % 9 else None,
        currency=currency,
        gstRate=firm.choose((5, 12, 18, None)),
        hsnCode="998313" if service else "940360",
        ean=f"890{firm.below(10**10):010d}" if at_number % 3 else None,
        trackInventory=not service and at_number % 40 != 39,
        reorderLevel=firm.choose((5, 10, 2.5, None)),
        isActive=at_number % 20 != 19,
        customFields={"shelf": f"{at_number % 9}B"} if at_number % 4 == 0 else {},
    )


def movements(firm: Firm, among: list[Row], places: list[Row]) -> list[Row]:
    """Each tracked product is received, sold, counted and moved; its stock is the sum."""
    rows: list[Row] = []
    for at_number, product in enumerate(among):
        if product["trackInventory"]:
            here, there = places[at_number % 3], places[(at_number + 1) % 3]
            steps = [("IN", 40 + firm.below(60), here), ("OUT", -1 - firm.below(9), here)]
            steps += [("TRANSFER_OUT", -10, here), ("TRANSFER_IN", 10, there)]
            steps += [("RETURN", 1, here), ("ADJUST", -2, there), ("OUT", -1 - firm.below(12), here)]
            if at_number % 3 == 0:
                steps = steps[:2]
            rows += [_movement(firm, product, number_, *step) for number_, step in enumerate(steps)]
    return rows


def _movement(firm: Firm, product: Row, step: int, reason: str, delta: int, place: Row) -> Row:
    moment = firm.moment(day(90 + step * 55 + firm.below(20)))
    row = firm.make(
        MOVEMENTS,
        moment,
        productId=product["id"],
        warehouseId=place["id"],
        reason=reason,
        delta=delta,
        runningStock=number(exact(product["stock"]) + delta),
        unitCost=float(product["costPrice"]) if product["costPrice"] is not None and reason == "IN" else None,
        docRef=f"DN-{firm.below(10_000):04d}" if reason in {"IN", "OUT"} else None,
        movedAt=moment,
        userId=firm.choose(firm.user_ids),
    )
    product |= moved(product, row) | {"updatedAt": moment}
    return row
