"""Lists in the three page styles, and the forecast."""

import re
from typing import Any

import httpx
import pytest

Row = dict[str, Any]


def listed(client: httpx.Client, plural: str, **query: Any) -> Row:
    answer = client.get(f"/api/crm/{plural}", params=query)
    assert answer.status_code == 200, answer.text
    body: Row = answer.json()
    return body


def test_numbered_pages_cover_everything_once(juniper: httpx.Client) -> None:
    pages = [listed(juniper, "companies", page=page, limit=60, sort="name", order="asc") for page in range(1, 6)]
    assert pages[0]["pagination"] == {"page": 1, "limit": 60, "total": 200}
    rows = [row for page in pages for row in page["data"]]
    assert len({row["id"] for row in rows}) == len(rows) == 200
    assert rows == sorted(rows, key=lambda row: (row["name"], row["id"]))
    assert pages[4]["data"] == []


def test_deals_page_by_offset(juniper: httpx.Client) -> None:
    everything = [row for offset in (0, 200) for row in listed(juniper, "deals", offset=offset, limit=200)["data"]]
    middle = listed(juniper, "deals", offset=150, limit=20)
    assert middle["pagination"] == {"offset": 150, "limit": 20, "total": 400}
    assert middle["data"] == everything[150:170]
    assert "page" not in listed(juniper, "deals", page=2)["pagination"]


def test_activities_page_by_cursor_and_give_no_total(juniper: httpx.Client) -> None:
    for query in ({"sort": "happenedAt", "order": "asc"}, {}):
        rows: list[Row] = []
        page = listed(juniper, "activities", limit=190, **query)
        while True:
            assert page.keys() == {"items", "nextCursor"}
            rows += page["items"]
            if page["nextCursor"] is None:
                break
            page = listed(juniper, "activities", limit=190, cursor=page["nextCursor"], **query)
        assert len({row["id"] for row in rows}) == len(rows) == 1000
        key = query.get("sort", "createdAt")
        assert rows == sorted(rows, key=lambda row: (row[key], row["id"]), reverse=not query)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "WzEsMl0=", "%00", "WyJhIiwiYiJd"])
def test_a_made_up_cursor_is_refused(juniper: httpx.Client, cursor: str) -> None:
    assert juniper.get("/api/crm/activities", params={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize(
    ("plural", "fields"),
    [
        ("contacts", ("email", "companyId", "assigneeId", "lifecycleStage", "source")),
        ("companies", ("domain", "industry", "ownerId")),
        ("deals", ("pipelineId", "stageId", "status", "contactId", "companyId", "assigneeId")),
        ("tasks", ("done", "priority", "assigneeId", "contactId", "companyId", "dealId")),
        ("notes", ("pinned", "contactId", "companyId", "dealId", "authorId")),
        ("activities", ("kind", "contactId", "companyId", "dealId", "userId")),
        ("pipelines", ("name", "isDefault")),
    ],
)
def test_a_filter_keeps_exactly_the_equal_ones(juniper: httpx.Client, plural: str, fields: tuple[str, ...]) -> None:
    some = listed(juniper, plural, limit=200)
    rows = some.get("data") or some["items"]
    for field in fields:
        value = next(row[field] for row in rows if row[field] is not None)
        asked = {True: "true", False: "false"}.get(value, value)
        found = listed(juniper, plural, limit=200, **{field: asked})
        kept = found.get("data") or found["items"]
        assert kept and all(row[field] == value for row in kept), field
        assert {row["id"] for row in rows if row[field] == value} <= {row["id"] for row in kept} or len(kept) == 200


def test_contacts_are_listed_by_a_tag_they_have(juniper: httpx.Client) -> None:
    found = listed(juniper, "contacts", tags="a/b test", limit=50)
    assert found["data"] and all("a/b test" in row["tags"] for row in found["data"])


def test_search_and_filters_combine(juniper: httpx.Client) -> None:
    found = listed(juniper, "contacts", search="ZOË .example", limit=200)
    assert found["data"] and all(row["firstName"] == "Zoë" for row in found["data"])
    narrowed = listed(juniper, "contacts", search="zoë .example", email=found["data"][0]["email"])
    assert narrowed["pagination"]["total"] == 1


def test_unknown_parameters_are_ignored_and_wrong_values_refused(juniper: httpx.Client) -> None:
    assert listed(juniper, "contacts", colour="red") == listed(juniper, "contacts")
    for query in (
        "page=0",
        "page=-1",
        "page=x",
        "page=%D9%A1",
        "limit=0",
        "limit=201",
        "sort=jobTitle",
        "order=up",
        "limit=",
    ):
        answer = juniper.get(f"/api/crm/contacts?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query_invalid"), query
    assert juniper.get("/api/crm/tasks?done=maybe").status_code == 400


def test_a_pipeline_shows_its_stages_in_order(juniper: httpx.Client) -> None:
    pipelines = listed(juniper, "pipelines")["data"]
    assert [one["isDefault"] for one in pipelines].count(True) == 1
    for pipeline in pipelines:
        assert juniper.get(f"/api/crm/pipelines/{pipeline['id']}").json() == {"data": pipeline}
        assert [stage["order"] for stage in pipeline["stages"]] == [1, 2, 3, 4, 5]
        assert {stage["type"] for stage in pipeline["stages"]} == {"open", "won", "lost"}
        assert all(re.fullmatch("[0-9a-f]{24}", stage["id"]) for stage in pipeline["stages"])


def test_the_forecast_adds_up_the_deals_by_month_stage_and_currency(juniper: httpx.Client) -> None:
    deals = [row for offset in (0, 200) for row in listed(juniper, "deals", offset=offset, limit=200)["data"]]
    lines = juniper.get("/api/crm/reports/forecast").json()["data"]
    assert sum(line["deals"] for line in lines) == len(deals)

    def of(line: Row, status: str) -> list[Row]:
        named = ("currency", "pipelineId", "stageId")
        return [
            deal
            for deal in deals
            if (deal["closeDate"] or "")[:7] == (line["month"] or "")
            and deal["status"] == status
            and all(deal[name] == line[name] for name in named)
        ]

    for line in lines:
        opened = of(line, "open")
        assert line["open"] == pytest.approx(sum(deal["value"] or 0 for deal in opened))
        assert line["weighted"] == pytest.approx(
            sum((deal["value"] or 0) * deal["probability"] / 100 for deal in opened)
        )
        assert line["won"] == pytest.approx(sum(deal["value"] or 0 for deal in of(line, "won")))
    part = juniper.get("/api/crm/reports/forecast?from=2025-03&to=2025-04").json()["data"]
    assert part == [line for line in lines if line["month"] in {None, "2025-03", "2025-04"}]
    assert juniper.get("/api/crm/reports/forecast?from=2025-13").status_code == 400
