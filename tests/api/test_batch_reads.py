"""Several records in one request, over the wire: whose they are, what they count, and what they cost the services."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ids import CONTACT, LEAVE_REQUEST
from tests.live import Live


def ids(live: Live, path: str, count: int, token: str | None = None) -> list[str]:
    found = live.call("POST", f"/v1/{path}/search", {"limit": count}, token=token).json()["data"]
    return [row["id"] for row in found]


def get(live: Live, path: str, asked: list[str], **options: Any) -> Any:
    return live.call("POST", f"/v1/{path}/get", {"ids": asked}, **options)


def test_a_hundred_contacts_are_one_internal_call(live: Live) -> None:
    asked = ids(live, "contacts", 100)
    before = live.counted()
    answer = get(live, "contacts", asked)
    assert (answer.status_code, live.counted() - before) == (200, 1)
    assert [row["id"] for row in answer.json()["data"]] == asked
    assert answer.json()["meta"] == {"missing": []}


def test_a_record_of_another_tenant_is_missing_like_one_that_does_not_exist(live: Live) -> None:
    (own,), (theirs,) = ids(live, "contacts", 1), ids(live, "contacts", 1, live.b.tokens["owner"])
    told = get(live, "contacts", [theirs, own, CONTACT.sample()]).json()
    assert [row["id"] for row in told["data"]] == [own]
    assert told["meta"]["missing"] == [theirs, CONTACT.sample()]


def test_where_each_has_a_call_of_its_own_the_order_is_kept_too(live: Live) -> None:
    asked = ids(live, "leave_requests", 3)[::-1]
    before = live.counted()
    told = get(live, "leave_requests", [*asked[:1], LEAVE_REQUEST.sample(), *asked[1:]]).json()
    assert [row["id"] for row in told["data"]] == asked
    assert told["meta"]["missing"] == [LEAVE_REQUEST.sample()]
    assert live.counted() - before == len(asked) + 1


def test_it_counts_as_one_request_for_each_id_or_not_at_all(spare: Live) -> None:
    spare.set_up(
        limits={"token": {"quota": 60, "window": "60s", "burst": 30}, "tenant": {"quota": 1000, "window": "60s"}}
    )
    asked = ids(spare, "contacts", 25)
    token = spare.token(spare.a, "owner", "contact.read")
    told = get(spare, "contacts", asked, token=token)
    assert told.status_code == 200
    assert (told.headers["x-ratelimit-limit"], told.headers["x-ratelimit-remaining"]) == ("30", "5")
    before = spare.counted()
    refused = get(spare, "contacts", asked, token=token)
    assert (refused.status_code, refused.json()["violated_policies"], spare.counted()) == (429, ["token"], before)
    # 4 are left, 24 are asked for, one comes back each second.
    assert 18 <= int(refused.headers["retry-after"]) <= 21
    assert get(spare, "contacts", asked[:3], token=token).status_code == 200


def test_what_the_tenant_has_paid_for_is_not_paid_again_for_the_internal_calls(spare: Live) -> None:
    spare.set_up(limits={"tenant": {"quota": 40, "window": "60s"}})
    asked = ids(spare, "users", 10)
    told = get(spare, "users", asked)
    assert told.status_code == 200
    left = int(told.headers["ratelimit"].partition('"tenant";r=')[2].partition(";")[0])
    assert left == 40 - 1 - len(asked)


def test_a_batch_larger_than_a_limit_ever_allows_takes_all_of_it_and_is_not_refused_for_ever(spare: Live) -> None:
    spare.set_up(limits={"tenant": {"quota": 100_000, "window": "60s", "burst": 50}})
    asked = ids(spare, "contacts", 80)
    spare.set_up(limits={"tenant": {"quota": 100_000, "window": "60s", "burst": 51}})
    answers = [get(spare, "contacts", asked).status_code for _ in range(3)]
    assert 200 in answers


@pytest.mark.parametrize(("scopes", "status"), [("contact.write", 403), ("contact.read", 200)])
def test_it_needs_what_reading_one_needs(live: Live, scopes: str, status: int) -> None:
    token = live.token(live.a, "owner", scopes)
    assert get(live, "contacts", [CONTACT.sample()], token=token).status_code == status


def test_a_guarded_member_is_absent_from_several_as_it_is_from_one(live: Live) -> None:
    asked = ids(live, "employees", 2)
    whole = get(live, "employees", asked).json()["data"]
    cut = get(live, "employees", asked, token=live.token(live.a, "owner", "employee.read")).json()["data"]
    assert all("compensation" in row for row in whole)
    assert all("compensation" not in row for row in cut)
