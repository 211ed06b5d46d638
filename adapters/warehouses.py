"""Warehouses: where stock is kept. Read-only: they are set up in the product."""

from typing import Annotated

from adapters.core.declare.kinds import Boolean, Line, Text
from adapters.core.declare.record import Dated, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import WAREHOUSE, WarehouseId


class Location(Record):
    """A postal address."""

    line1: Line | None = optional("Street and number.", "12 Dock Road")
    line2: Line | None = optional("Building, floor or suite.", "Gate 4")
    city: Line | None = optional("Town or city.", "Mumbai")
    region: Line | None = optional("State, province or county.", "Maharashtra")
    postal_code: Annotated[str, Text(32)] | None = optional("Postal code.", "400001")
    country: Line | None = optional("Country.", "IN")


class Warehouse(Dated):
    """A place where stock is kept."""

    id: ReadOnly[WarehouseId] = required("The warehouse's id.", "whs_3")
    code: Line | None = optional("Its short name.", "MUM")
    name: Line = required("Its name.", "Mumbai")
    address: ReadOnly[Location | None] = optional(
        "Where it is.",
        {
            "line1": "12 Dock Road",
            "line2": "Gate 4",
            "city": "Mumbai",
            "region": "Maharashtra",
            "postal_code": "400001",
            "country": "IN",
        },
    )
    is_default: Boolean = required("Whether stock is kept here unless somebody says otherwise.", example=True)
    active: Boolean = required("Whether stock is still kept here.", example=True)


warehouses = Resource(
    model=Warehouse,
    id=WAREHOUSE,
    path="warehouses",
    singular="warehouse",
    scope="inventory",
    group="Inventory",
    upstream=Upstream("inventory", "/api/inventory/warehouses", ListQuery(style="whole")),
    rename=renamed(
        "code=shortCode name=label address=location address.line1=street address.line2=street2 address.region=state "
        "address.postal_code=pincode is_default=primary active=isActive"
    ),
    sorts=("created_at", "updated_at", "code", "name"),
    headline=("code", "name", "is_default", "active"),
    searched=("code", "name"),
    operations=Op.GET | Op.SEARCH,
)
