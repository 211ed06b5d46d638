"""What a service without calls of its own for it can still serve by its list, and at which cost."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Literal

import orjson
import pytest

from adapters import RESOURCES
from adapters.core.calls import Answer, Call, Reply
from adapters.core.compile.builder import Override
from adapters.core.compile.catalogue import compile_all
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import ListQuery, Resource, Upstream
from adapters.core.faults import Invalid, RecordNotFound, ServiceFailed
from adapters.core.operation import Operation, Request
from adapters.core.words import Related
from gateway.versions import CONTRACTS
from tests.laws.things import RENAME, SORTS, THING, Listing, Row, Thing, run, thing

Style = Literal["page", "offset", "cursor"]
STYLES: tuple[Style, ...] = ("page", "offset", "cursor")
DATE = "2026-06-01"
VIA = {"things.get": Override(via="list"), "things.search": Override(via="list")}
every_style = pytest.mark.parametrize("style", STYLES)


def resource(style: Style = "page", listed: tuple[str, ...] = ("name", "good", "tags")) -> Resource:
    items = "items" if style == "cursor" else "data"
    return Resource(
        model=Thing,
        id=THING,
        path="things",
        singular="thing",
        scope="thing",
        upstream=Upstream("crm", "/api/things", listing=ListQuery(listed, style, items)),
        rename=RENAME,
        sorts=SORTS,
        searched=("name",),
    )


def operation(name: str, style: Style = "page", overrides: dict[str, Override] = VIA) -> Operation:
    (found,) = [
        each
        for each in compile_all([resource(style)], [Contract(date=DATE, summary="The first.")], overrides)
        if each.name == name
    ]
    return found


def request(*ids: str, document: Any = None) -> Request:
    def seal_for(bound: bytes) -> Callable[[list[Any]], str]:
        return lambda position: orjson.dumps([bound.hex(), position]).decode()

    def unseal(cursor: str, bound: bytes) -> list[Any]:
        sealed, position = orjson.loads(cursor)
        assert sealed == bound.hex()
        assert isinstance(position, list)
        return position

    return Request(ids, {}, document, unseal, seal_for)


def call(asked: Operation, service: Listing, *ids: str, document: Any = None) -> Answer:
    face = asked.faces[DATE]
    assert face is not None
    return run(face.plan(face.accept(request(*ids, document=document))), service)


def service_of(style: Style, size: int) -> Listing:
    chance = random.Random(1)
    return Listing([thing(chance, 5) for _ in range(size)], style=style)


def newest_first(service: Listing) -> list[Row]:
    return sorted(service.rows, key=lambda row: (row["createdAt"], row["id"]), reverse=True)


@every_style
@pytest.mark.parametrize(("place", "calls"), [(0, 1), (199, 1), (200, 2), (1_999, 10)])
def test_a_record_is_found_in_the_list(style: Style, place: int, calls: int) -> None:
    service = service_of(style, 2_300)
    wanted = newest_first(service)[place]
    found = orjson.loads(call(operation("things.get", style), service, wanted["id"]).body)["data"]
    assert (found["id"], found["name"]) == ("thg_" + wanted["id"], wanted["title"])
    assert service.calls == calls


@every_style
def test_a_record_that_no_page_has_is_not_found(style: Style) -> None:
    service = service_of(style, 450)
    with pytest.raises(RecordNotFound):
        call(operation("things.get", style), service, "0" * 24)
    assert service.calls == 3


@every_style
def test_after_ten_calls_absence_is_not_claimed(style: Style) -> None:
    service = service_of(style, 2_001)
    with pytest.raises(ServiceFailed):
        call(operation("things.get", style), service, "0" * 24)
    assert service.calls == 10


@pytest.mark.parametrize("style", ["page", "offset"])
def test_a_record_that_slipped_past_the_walk_is_not_called_absent(style: Style) -> None:
    service = service_of(style, 300)
    wanted = newest_first(service)[200]

    def delete_the_newest() -> None:
        if service.calls == 1:
            service.rows.remove(newest_first(service)[0])

    service.before_call = delete_the_newest
    with pytest.raises(ServiceFailed):
        call(operation("things.get", style), service, wanted["id"])


@every_style
def test_a_patch_that_must_know_the_record_looks_in_the_list_too(style: Style) -> None:
    service = service_of(style, 30)
    wanted = service.rows[3] | {"currency": "JPY"}
    service.rows[3] = wanted
    asked = operation("things.update", style)
    with pytest.raises(Invalid) as refused:
        call(asked, service, wanted["id"], document={"amount": "1.5"})
    assert refused.value.errors[0].pointer == "/amount"
    unchanged = orjson.loads(call(asked, service, wanted["id"], document={}).body)
    assert unchanged["data"]["id"] == "thg_" + wanted["id"]


def test_a_search_asks_the_list_in_its_own_words() -> None:
    service = service_of("page", 0)
    conditions = [
        {"field": "name", "operator": "eq", "value": "é & co"},
        {"all": [{"field": "good", "operator": "eq", "value": True}]},
        {"field": "tags", "operator": "contains_any", "values": ["vip"]},
    ]
    sent = {"filters": conditions, "search_text": "big ideas", "order_by": "amount", "limit": 7}
    call(operation("things.search"), service, document=sent)
    assert service.asked == [
        {
            "title": "é & co",
            "good": "true",
            "tags": "vip",
            "search": "big ideas",
            "sort": "value",
            "order": "desc",
            "page": "1",
            "limit": "7",
        }
    ]


@pytest.mark.parametrize(
    ("filters", "pointer", "allowed"),
    [
        ([{"field": "score", "operator": "eq", "value": 1}], "/filters/0/field", ("name", "good", "tags")),
        ([{"field": "name", "operator": "contains", "value": "a"}], "/filters/0/operator", ("eq",)),
        ([{"field": "tags", "operator": "contains_none", "values": ["a"]}], "/filters/0/operator", ("contains_any",)),
        ([{"field": "tags", "operator": "contains_any", "values": ["a", "b"]}], "/filters/0/values", ()),
        ([{"any": [{"field": "name", "operator": "eq", "value": "a"}]}], "/filters/0/any", ("all",)),
        ([{"field": "name", "operator": "eq", "value": name} for name in "ab"], "/filters/1/field", ()),
    ],
)
def test_what_the_list_cannot_answer_is_refused_with_what_it_can(
    filters: list[Any], pointer: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        call(operation("things.search"), service_of("page", 0), document={"filters": filters})
    (error,) = refused.value.errors
    assert (error.pointer, set(error.allowed)) == (pointer, set(allowed))


@every_style
def test_a_search_is_walked_with_sealed_cursors(style: Style) -> None:
    service = service_of(style, 60)
    asked, seen, sent = operation("things.search", style), [], {"limit": 25, "order_by": "amount"}
    while True:
        found = orjson.loads(call(asked, service, document=sent).body)
        seen += [record["id"] for record in found["data"]]
        if not found["meta"]["cursor"]["has_more"]:
            break
        sent["cursor"] = found["meta"]["cursor"]["next"]
    assert sorted(seen) == sorted("thg_" + row["id"] for row in service.rows)
    assert service.calls == 3


def test_a_cursor_of_a_structured_search_is_none_of_the_lists() -> None:
    bounds: list[bytes] = []

    def unseal(_: str, bound: bytes) -> list[Any]:
        bounds.append(bound)
        return []

    for overrides in ({}, VIA):
        face = operation("things.search", overrides=overrides).faces[DATE]
        assert face is not None
        face.accept(Request((), {}, {"cursor": "sealed"}, unseal, request().seal_for))
    assert len(set(bounds)) == 2


def test_the_path_of_an_operation_via_list_is_that_of_the_list() -> None:
    service = service_of("page", 5)
    paths: list[bytes] = []

    class Noting(Listing):
        def answer(self, call: Call) -> Reply:
            paths.append(call.path)
            return super().answer(call)

    asked = operation("things.get", overrides={"things.get": Override(path="/v2/list-things", via="list")})
    call(asked, Noting(service.rows), service.rows[0]["id"])
    assert paths == [b"/v2/list-things?sort=createdAt&order=desc&page=1&limit=200"]


def test_only_get_and_search_can_be_served_via_a_list() -> None:
    with pytest.raises(ValueError, match="cannot be served via a list"):
        operation("things.get", overrides={"things.delete": Override(via="list")})


def test_a_related_list_that_the_service_cannot_filter_is_refused_at_start() -> None:
    parent = resource(listed=())
    with pytest.raises(TypeError, match="cannot be filtered by name"):
        compile_all(
            [Resource(**{**vars_of(parent), "words": (Related("things", by="name"),)})],
            [Contract(date=DATE, summary="The first.")],
            VIA,
        )


def vars_of(declared: Resource) -> dict[str, Any]:
    return {name: getattr(declared, name) for name in declared.__dataclass_fields__}


def test_every_declared_resource_can_be_served_via_its_list() -> None:
    overrides = {f"{each.path}.{name}": Override(via="list") for each in RESOURCES for name in ("get", "search")}
    compiled = compile_all(RESOURCES, CONTRACTS, overrides)
    assert {each.name for each in compiled} == {each.name for each in compile_all(RESOURCES, CONTRACTS, {})}
