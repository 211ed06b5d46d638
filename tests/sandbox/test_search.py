"""Structured search against a plain reading of README.md, over the seeded contacts and over texts of every kind."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.entities import ENTITIES
from sandbox.search import searched
from sandbox.store import Store, connect
from tests.sandbox.conftest import Box

Row = dict[str, Any]
Where = dict[str, Any]

TEXTS = ("name", "email", "jobTitle", "lifecycleStage")


def leaf(row: Row, field: str, op: str, value: Any) -> bool:
    """What README.md says of one condition."""
    held = row[field]
    if op == "isNull":
        return held is None or held in ("", [])
    if op == "notNull":
        return not leaf(row, field, "isNull", None)
    if held is None:
        return False
    answers: dict[str, Callable[[], bool]] = {
        "eq": lambda: held == value,
        "ne": lambda: held != value,
        "in": lambda: held in value,
        "nin": lambda: held not in value,
        "gt": lambda: held > value,
        "gte": lambda: held >= value,
        "lt": lambda: held < value,
        "lte": lambda: held <= value,
        "between": lambda: value[0] <= held <= value[1],
        "contains": lambda: value.casefold() in held.casefold(),
        "notContains": lambda: value.casefold() not in held.casefold(),
        "startsWith": lambda: held.casefold().startswith(value.casefold()),
        "endsWith": lambda: held.casefold().endswith(value.casefold()),
        "hasAny": lambda: any(item in held for item in value),
        "hasAll": lambda: all(item in held for item in value),
        "hasNone": lambda: not any(item in held for item in value),
    }
    return answers[op]()


def holds(row: Row, where: Where) -> bool:
    if "and" in where:
        return all(holds(row, inner) for inner in where["and"])
    if "or" in where:
        return any(holds(row, inner) for inner in where["or"])
    if "not" in where:
        return not holds(row, where["not"])
    return leaf(row, where["field"], where["op"], where.get("value"))


def in_order(rows: list[Row], field: str, *, descending: bool) -> list[str]:
    ordered = sorted(
        rows,
        key=lambda row: (
            row[field] is not None,
            row[field] or "" if field not in NUMBERS else row[field] or 0,
            row["id"],
        ),
    )
    return [row["id"] for row in (reversed(ordered) if descending else ordered)]


NUMBERS = {"leadScore"}
FRAGMENTS = st.sampled_from(
    ["", "a", "RAO", "ß", "ss", "İ", "zoë", "person1", ".EXAMPLE", " ", "O'", "%", "_", "李", "\U0010ffff", "\ud7ff"]
)


def one_of(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(sorted({value for value in values if value is not None}))


def conditions(rows: list[Row]) -> st.SearchStrategy[Where]:
    def leaves(field: str, ops: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Where]:
        return st.builds(lambda op, value: {"field": field, "op": op, "value": value}, st.sampled_from(ops), values)

    kinds: list[st.SearchStrategy[Where]] = []
    for field in (*TEXTS, "leadScore", "createdAt", "lastContactedAt", "companyId", "id"):
        values = one_of([row[field] for row in rows])
        kinds.append(leaves(field, ("eq", "ne"), values))
        kinds.append(leaves(field, ("in", "nin"), st.lists(values, min_size=1, max_size=4)))
        if field != "companyId":
            kinds.append(leaves(field, ("gt", "gte", "lt", "lte"), values))
            kinds.append(leaves(field, ("between",), st.tuples(values, values).map(list)))
        if field != "id":
            kinds.append(st.sampled_from([{"field": field, "op": "isNull"}, {"field": field, "op": "notNull"}]))
    kinds += [leaves(field, ("contains", "notContains", "startsWith", "endsWith"), FRAGMENTS) for field in TEXTS]
    for field in ("tags", "phoneNumbers"):
        items = one_of([item for row in rows for item in row[field]])
        kinds.append(leaves(field, ("hasAny", "hasAll", "hasNone"), st.lists(items, min_size=1, max_size=3)))
        kinds.append(st.sampled_from([{"field": field, "op": "isNull"}, {"field": field, "op": "notNull"}]))
    return st.recursive(
        st.one_of(kinds),
        lambda inner: st.one_of(
            st.builds(lambda nodes: {"and": nodes}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda nodes: {"or": nodes}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda node: {"not": node}, inner),
        ),
        max_leaves=6,
    )


@pytest.fixture(scope="module")
def store(seeded: Path) -> Iterator[Store]:
    connection = connect(seeded)
    yield Store(connection)
    connection.close()


@pytest.fixture(scope="module")
def contacts(seeded: Path) -> list[Row]:
    with sqlite3.connect(seeded) as connection:
        rows = [json.loads(doc) for (doc,) in connection.execute("SELECT doc FROM contacts_docs")]
    owner = rows[0]["tenantId"]
    return [row for row in rows if row["tenantId"] == owner]


@pytest.fixture(scope="module")
def wheres(contacts: list[Row]) -> st.SearchStrategy[Where]:
    return conditions(contacts)


def found(store: Store, **body: Any) -> tuple[list[str], int]:
    answer = json.loads(searched(store, ENTITIES[0], 1, {"limit": 200, **body}).body)
    return [row["id"] for row in answer["data"]], answer["total"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_condition_means_what_the_readme_says(
    store: Store, contacts: list[Row], wheres: st.SearchStrategy[Where], data: st.DataObject
) -> None:
    where = data.draw(wheres)
    sort = data.draw(st.sampled_from(["createdAt", "name", "leadScore", "lastContactedAt", "updatedAt"]))
    descending = data.draw(st.booleans())
    matching = [row for row in contacts if holds(row, where)]
    ids, total = found(store, where=where, sort={"field": sort, "dir": "desc" if descending else "asc"})
    assert total == len(matching)
    assert ids == in_order(matching, sort, descending=descending)[:200]
    _, complement = found(store, where={"not": where}, limit=1)
    assert total + complement == len(contacts)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(FRAGMENTS, max_size=3))
def test_search_wants_every_word_somewhere(store: Store, contacts: list[Row], words: list[str]) -> None:
    text = "  ".join(words)

    def matches(row: Row) -> bool:
        texts = [row["name"], row["email"], *row["phoneNumbers"], row["jobTitle"]]
        return all(any(word.casefold() in (one or "").casefold() for one in texts) for word in text.split())

    assert found(store, search=text, limit=1)[1] == sum(map(matches, contacts))


def test_pages_by_offset_walk_the_whole_order_once(store: Store, contacts: list[Row]) -> None:
    sort = {"field": "leadScore", "dir": "asc"}
    walked = [key for offset in range(0, 2000, 200) for key in found(store, sort=sort, offset=offset)[0]]
    assert walked == in_order(contacts, "leadScore", descending=False)
    assert found(store, offset=2000) == ([], 2000)


def test_instants_in_conditions_may_have_any_offset_and_fraction(store: Store, contacts: list[Row]) -> None:
    instant = contacts[0]["createdAt"]
    same = sum(row["createdAt"] == instant for row in contacts)

    def total(op: str, value: str) -> int:
        return found(store, where={"field": "createdAt", "op": op, "value": value}, limit=1)[1]

    hour = int(instant[11:13])
    shifted = f"{instant[:11]}{hour:02}:30:00+00:30"
    assert total("eq", shifted) == same
    assert total("eq", instant.replace(".000Z", ".0005Z")) == 0
    assert total("gt", instant.replace(".000Z", ".0005Z")) == total("gt", instant)


@pytest.mark.parametrize(
    "body",
    [
        {"where": []},
        {"where": {}},
        {"where": {"and": []}},
        {"where": {"and": {}}},
        {"where": {"and": [{"field": "id", "op": "isNull"}], "or": []}},
        {"where": {"field": "nope", "op": "eq", "value": 1}},
        {"where": {"field": "customFields", "op": "isNull"}},
        {"where": {"field": "internalNotes", "op": "isNull"}},
        {"where": {"field": "name; DROP TABLE contacts", "op": "eq", "value": "x"}},
        {"where": {"field": ["name"], "op": "eq", "value": "x"}},
        {"where": {"field": "name", "op": "like", "value": "x"}},
        {"where": {"field": "name", "op": ["eq"], "value": "x"}},
        {"where": {"field": "name", "op": "eq", "value": None}},
        {"where": {"field": "name", "op": "eq", "value": 5}},
        {"where": {"field": "name", "op": "in", "value": []}},
        {"where": {"field": "name", "op": "in", "value": "x"}},
        {"where": {"field": "name", "op": "in", "value": ["x"] * 501}},
        {"where": {"field": "name", "op": "between", "value": ["a"]}},
        {"where": {"field": "name", "op": "isNull", "value": True}},
        {"where": {"field": "tags", "op": "eq", "value": "vip"}},
        {"where": {"field": "name", "op": "hasAny", "value": ["vip"]}},
        {"where": {"field": "leadScore", "op": "contains", "value": "1"}},
        {"where": {"field": "leadScore", "op": "eq", "value": True}},
        {"where": {"field": "createdAt", "op": "gt", "value": "yesterday"}},
        {"where": {"field": "companyId", "op": "gt", "value": "a"}},
        {"search": 5},
        {"sort": "name"},
        {"sort": {"field": "jobTitle", "dir": "asc"}},
        {"sort": {"field": "name", "dir": "up"}},
        {"limit": 0},
        {"limit": 201},
        {"limit": True},
        {"offset": -1},
        {"offset": "0"},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(meridian: httpx.Client, body: Row) -> None:
    answer = meridian.post("/api/crm/contacts/search", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query_invalid")


def test_depth_and_width_have_limits(meridian: httpx.Client) -> None:
    deep: Row = {"field": "name", "op": "notNull"}
    for _ in range(11):
        deep = {"not": deep}
    path = "/api/crm/contacts/search"
    assert meridian.post(path, json={"where": deep}).status_code == 200
    assert meridian.post(path, json={"where": {"not": deep}}).status_code == 400
    wide = [{"field": "name", "op": "eq", "value": str(number)} for number in range(201)]
    assert meridian.post(path, json={"where": {"or": wide[:200]}}).status_code == 200
    assert meridian.post(path, json={"where": {"or": wide}}).status_code == 400


def test_numbers_beyond_64_bits_are_compared_not_crashed_on(meridian: httpx.Client) -> None:
    for op, value, expected in (("lt", 10**30, 2000), ("gt", -(10**30), 2000), ("eq", 2**63, 0), ("eq", 1e300, 0)):
        body = {"where": {"and": [{"field": "leadScore", "op": op, "value": value}]}, "limit": 1}
        assert meridian.post("/api/crm/contacts/search", json=body).json()["total"] >= expected


@pytest.mark.parametrize(
    ("sort", "where", "index"),
    [
        ("createdAt", "1", "contacts_by_createdAt"),
        ("name", "1", "contacts_by_name"),
        ("lastContactedAt", "1", "contacts_by_lastContactedAt"),
        ("createdAt", "(c_companyId IS NOT NULL AND c_companyId = '1')", "contacts_of_companyId"),
        ("createdAt", "(c_email IS NOT NULL AND c_email = 'a')", "contacts_of_email"),
        ("leadScore", "(c_email IS NOT NULL AND c_email = 'a')", "contacts_of_email"),
    ],
)
def test_pages_come_from_an_index(store: Store, sort: str, where: str, index: str) -> None:
    plan = store.connection.execute(
        f"EXPLAIN QUERY PLAN SELECT row FROM contacts WHERE tenant = 1 AND {where} ORDER BY c_{sort} DESC, id DESC LIMIT 25"
    ).fetchall()
    assert any(index in step[3] for step in plan), plan


def test_totals_follow_the_rows(box: Box, meridian: httpx.Client) -> None:
    def total() -> int:
        body = {"where": {"field": "jobTitle", "op": "eq", "value": "Beekeeper"}}
        answered: int = meridian.post("/api/crm/contacts/search", json=body).json()["total"]
        return answered

    assert total() == 0
    key = meridian.post("/api/crm/contacts", json={"firstName": "Bo", "jobTitle": "Beekeeper"}).json()["data"]["id"]
    assert total() == 1
    meridian.patch(f"/api/crm/contacts/{key}", json={"jobTitle": None})
    assert total() == 0
