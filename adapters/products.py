"""Products: what is sold. Stock is never set, only moved; what is no longer sold is archived, since invoices refer to it."""

from typing import Annotated

from adapters.beneath.movements import movements
from adapters.core.declare.kinds import (
    Boolean,
    Choice,
    Currency,
    CustomFields,
    Money,
    Name,
    Number,
    Percent,
    Prose,
    Text,
)
from adapters.core.declare.record import Dated, Fixed, Kept, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.core.declare.text_patterns import NAME
from adapters.core.words import Action, Child
from adapters.ids import PRODUCT, ProductId, WarehouseId

Price = Annotated[str, Money(form="string")]
Stock = Annotated[str, Number(12, 4, "signed")]
Type = Annotated[str, Choice.upper("goods", "service")]
LISTED = ("sku", "type", "category", "barcode", "status")


class StockLevel(Record):
    """How much of a product one warehouse has."""

    warehouse_id: WarehouseId = required("The warehouse.", "whs_3")
    quantity_on_hand: Stock = required("How much is there.", "12.5")


class Product(Dated):
    """Something that is sold, and how much of it there is."""

    id: ReadOnly[ProductId] = required("The product's id.", "prod_42")
    sku: Kept[Annotated[str, Text(64, 1, NAME)]] = required("Its article number, which no other has.", "LAMP-7")
    name: Name = required("What it is called.", "Desk lamp")
    description: Annotated[str, Prose(5_000)] | None = optional("What it is.", "Warm light.")
    type: Fixed[Type] = optional("Whether it can be touched.", "goods", "goods")
    category: Annotated[str, Text(100)] | None = optional("What it belongs with.", "Lamps")
    unit: Annotated[str, Text(20)] = optional("What it is counted in.", "piece", "unit")
    price: Price | None = optional("What it is sold for.", "1999.50")
    cost: Price | None = optional("What it costs to have.", "1250.00")
    currency: Fixed[Currency] = required("ISO 4217 code of both.", "INR")
    tax_rate: Percent | None = optional("In percent.", "18")
    tax_code: Annotated[str, Text(16)] | None = optional("HSN or SAC code.", "940520")
    barcode: Annotated[str, Text(64)] | None = optional("EAN or another.", "4006381333931")
    track_stock: Boolean = optional("Whether its stock is counted.", example=True, default=True)
    reorder_point: Annotated[str, Number(12, 4)] | None = optional("Below this it is ordered.", "5")
    quantity_on_hand: ReadOnly[Stock] = required("How much there is, in all warehouses.", "12.5")
    stock_levels: ReadOnly[list[StockLevel]] = required(
        "How much is where.", [{"warehouse_id": "whs_3", "quantity_on_hand": "12.5"}]
    )
    status: ReadOnly[Annotated[str, Choice(("active", "archived"), {"active": True, "archived": False})]] = required(
        "Whether it is still sold; changed with `archive` and `unarchive`.", "active"
    )
    custom: CustomFields = optional("The workspace's own fields.", {"shelf": "A-17"}, {})


products = Resource(
    model=Product,
    id=PRODUCT,
    path="products",
    singular="product",
    scope="product",
    group="Inventory",
    upstream=Upstream("inventory", "/api/inventory/products", listing=ListQuery(LISTED, style="offset")),
    rename=renamed(
        "sku=code name=title description=details type=kind unit=uom price=sellingPrice cost=costPrice tax_rate=gstRate "
        "tax_code=hsnCode barcode=ean track_stock=trackInventory reorder_point=reorderLevel quantity_on_hand=stock "
        "stock_levels=stockByWarehouse stock_levels.quantity_on_hand=qty status=isActive custom=customFields"
    ),
    sorts=("created_at", "updated_at", "sku", "name", "price", "quantity_on_hand"),
    headline=("sku", "name", "price", "currency", "quantity_on_hand", "status"),
    searched=("sku", "name", "barcode", "description"),
    operations=Op.GET | Op.SEARCH | Op.CREATE | Op.UPDATE,
    words=(
        Action("archive", {"status": "archived"}, "Archive a product"),
        Action("unarchive", {"status": "active"}, "Take a product out of the archive"),
        Child(movements),
    ),
)
