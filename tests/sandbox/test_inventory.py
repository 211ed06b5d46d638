"""Products, stock movements, warehouses: decimal strings for money, numbers for quantities, integers for ids."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import STOCK, everything, got, made, patched, refusal

PRODUCTS = f"{STOCK}/products"


def product(client: httpx.Client, code: str, **body: Any) -> dict[str, Any]:
    return made(client, PRODUCTS, **{"code": code, "title": "Lamp", "currency": "INR", **body})


def of(row: dict[str, Any]) -> str:
    return f"{PRODUCTS}/{row['id']}"


def places(client: httpx.Client) -> list[int]:
    return [row["id"] for row in client.get(f"{STOCK}/warehouses").json()["data"]]


def move(
    client: httpx.Client, row: dict[str, Any], place: int, reason: str, delta: float, **body: Any
) -> httpx.Response:
    return client.post(f"{of(row)}/movements", json={"warehouseId": place, "reason": reason, "delta": delta, **body})


def test_money_is_a_decimal_string_with_the_currencys_digits(meridian: httpx.Client) -> None:
    row = product(meridian, "M-1", sellingPrice="12.5", costPrice="7", gstRate=12.5, reorderLevel=2.25)
    assert type(row["id"]) is int
    assert (row["sellingPrice"], row["costPrice"], row["gstRate"], row["reorderLevel"]) == ("12.50", "7.00", 12.5, 2.25)
    assert (row["stock"], row["stockByWarehouse"], row["isActive"], row["uom"]) == (0, [], True, "unit")
    assert patched(meridian, of(row), sellingPrice="13", stock=99, kind="SERVICE", currency="EUR") == {
        **row, "sellingPrice": "13.00", "updatedAt": got(meridian, of(row))["updatedAt"],
    }  # fmt: skip
    assert patched(meridian, of(row), isActive=False)["isActive"] is False
    found = meridian.post(
        f"{PRODUCTS}/search", json={"where": {"field": "sellingPrice", "op": "between", "value": ["12.99", "13.01"]}}
    ).json()
    assert row["id"] in {one["id"] for one in found["data"]}


@pytest.mark.parametrize(
    ("body", "word", "field"),
    [
        ({"sellingPrice": 12.5}, "validation_failed", "sellingPrice"), ({"sellingPrice": "1e3"}, "validation_failed", "sellingPrice"),
        ({"sellingPrice": "-1"}, "validation_failed", "sellingPrice"), ({"costPrice": "1.005"}, "precision", "costPrice"),
        ({"code": "SKU-0001"}, "duplicate", "code"), ({"code": " "}, "validation_failed", "code"),
        ({"gstRate": "18"}, "validation_failed", "gstRate"), ({"currency": None}, "validation_failed", "currency"),
    ],
)  # fmt: skip
def test_a_product_that_breaks_a_rule_is_refused(meridian: httpx.Client, body: Any, word: str, field: str) -> None:
    least = {"code": "R-1", "title": "Lamp", "currency": "INR"}
    assert refusal(meridian.post(PRODUCTS, json={**least, **body})) == (word, [field], None)


def test_stock_is_the_sum_of_what_was_moved(box: Box, meridian: httpx.Client) -> None:
    here, there, _ = places(meridian)
    row = product(meridian, "S-1")
    user = box.user("owner")["user_id"]
    with box.speaker(0, **{"X-User-Id": user}) as acting:
        first = move(acting, row, here, "IN", 10.5, unitCost=3.125, docRef="PO-1").json()["data"]
    assert (first["runningStock"], first["userId"], first["productId"]) == (10.5, user, row["id"])
    assert first["movedAt"] == first["createdAt"]
    moved = move(meridian, row, there, "IN", 0.25, movedAt="2020-01-01T00:00:00Z").json()["data"]
    assert (moved["runningStock"], moved["movedAt"]) == (10.75, "2020-01-01T00:00:00.000Z")
    assert move(meridian, row, here, "OUT", -4).json()["data"]["runningStock"] == 6.75
    assert move(meridian, row, here, "ADJUST", -0.5).json()["data"]["runningStock"] == 6.25
    stocked = got(meridian, of(row))
    assert stocked["stock"] == 6.25
    assert stocked["stockByWarehouse"] == [{"warehouseId": here, "qty": 6}, {"warehouseId": there, "qty": 0.25}]
    history = everything(meridian, f"{of(row)}/movements", limit=3)
    assert [one["delta"] for one in history] == [-0.5, -4, 0.25, 10.5]


def test_a_movement_that_breaks_a_rule_is_refused(meridian: httpx.Client) -> None:
    here, there, _ = places(meridian)
    row = product(meridian, "S-2")
    move(meridian, row, here, "IN", 3)
    for place, reason, delta, word, field in (
        (here, "IN", -1, "rule_violated", "delta"), (here, "OUT", 1, "rule_violated", "delta"),
        (here, "RETURN", -1, "rule_violated", "delta"), (here, "ADJUST", 0, "rule_violated", "delta"),
        (here, "OUT", -3.0001, "stock_short", "delta"), (there, "OUT", -1, "stock_short", "delta"),
        (here, "TRANSFER_IN", 1, "validation_failed", "reason"), (1, "IN", 1, "validation_failed", "warehouseId"),
    ):  # fmt: skip
        assert refusal(move(meridian, row, place, reason, delta)) == (word, [field], None)
    assert got(meridian, of(row))["stock"] == 3
    for untracked in (product(meridian, "S-3", kind="SERVICE"), product(meridian, "S-4", trackInventory=False)):
        assert refusal(move(meridian, untracked, here, "IN", 1)) == ("invalid_state", [], "UNTRACKED")


def test_a_workspace_may_let_its_stock_fall_below_zero(launch: Callable[..., Box]) -> None:
    with launch("--cap", "0").speaker(1) as juniper:
        row = product(juniper, "S-9", currency="USD")
        assert move(juniper, row, places(juniper)[0], "OUT", -2).json()["data"]["runningStock"] == -2
        assert got(juniper, of(row))["stock"] == -2


def test_warehouses_come_whole(meridian: httpx.Client) -> None:
    answer = meridian.get(f"{STOCK}/warehouses?page=2").json()
    assert answer.keys() == {"data"} and [row["shortCode"] for row in answer["data"]] == ["MAIN", "EAST", "SHOP"]
    assert answer["data"][0]["location"].keys() == {"street", "street2", "city", "state", "pincode", "country"}
    assert got(meridian, f"{STOCK}/warehouses/{answer['data'][0]['id']}") == answer["data"][0]


@pytest.mark.parametrize("key", ["0", "01", "1.0", "-1", "abc", "9999999999999999999", "%31%30x"])
def test_what_is_no_number_is_no_product(meridian: httpx.Client, key: str) -> None:
    assert meridian.get(f"{PRODUCTS}/{key}").status_code == 404
