"""Products: what is sold, and how much of it is where. Stock is moved, never set."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.entities.base import CREATED, CURRENCY, CUSTOM, NUMBER_ID, TENANT, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import NUMBER
from sandbox.money import exact, spelled
from sandbox.scene import Row, Scene

_PRICES = ("sellingPrice", "costPrice")


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], _scene: Scene) -> None:
    for name in _PRICES:
        if row[name] is not None:
            row[name] = spelled(exact(row[name]), row["currency"])


PRODUCTS = Entity(
    name="product",
    plural="products",
    path="/api/inventory/products",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        Field(
            "code",
            Kind.TEXT,
            required=True,
            longest=64,
            unique=True,
            pattern=re.compile(r".*\S.*"),
            complaint="is blank",
        ),
        Field("title", Kind.TEXT, required=True, longest=255),
        Field("details", Kind.LONG_TEXT, longest=5000),
        Field("kind", Kind.CHOICE, choices=("GOODS", "SERVICE"), default="GOODS", fixed=True),
        Field("category", Kind.TEXT, longest=100),
        Field("uom", Kind.TEXT, longest=20, default="unit"),
        *(Field(name, Kind.MONEY_TEXT, least=0) for name in _PRICES),
        CURRENCY,
        Field("gstRate", Kind.DECIMAL, digits=3, least=0, most=100),
        Field("hsnCode", Kind.TEXT, longest=16),
        Field("ean", Kind.TEXT, longest=64),
        Field("trackInventory", Kind.FLAG, default=True),
        Field("reorderLevel", Kind.DECIMAL, digits=12, least=0),
        computed("stock", Kind.DECIMAL, default=0),
        computed("stockByWarehouse", Kind.ROWS),
        Field("isActive", Kind.FLAG, default=True),
        CUSTOM,
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "code", "title", "sellingPrice", "stock"),
    list_filters=("code", "kind", "category", "ean", "isActive"),
    searched=("code", "title", "ean", "details"),
    operations={"list": True, "create": True, "get": False, "update": False, "search": False},
    style="offset",
    settle=_settle,
)
