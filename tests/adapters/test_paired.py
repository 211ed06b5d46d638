"""Records that their service only finds beneath others have one flat id outside, which carries both, and are asked for with two."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.core.compile.builder import Override
from adapters.core.declare.ids import BASE62, CUID, DIGITS, HEX24, IdType, Paired
from adapters.core.declare.kinds import Line, Moment, Reference
from adapters.core.declare.record import Fixed, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream
from adapters.core.declare.rules import same_parent
from adapters.core.faults import Invalid, RecordNotFound
from adapters.core.words import Move, Related
from tests.adapters.declaring import accepted, compiled, data, driven, written

SHELF = IdType("shelf_", HEX24, "shelf")
BOOK = Paired("book_", CUID, "book", parent=SHELF, beneath="shelf_id")
ABOVE, OTHER, OWN, ELDER = "5f2b8c1d9e3a7b6c4d5e6f70", "5f2b8c1d9e3a7b6c4d5e6f71", "clx0a1b2c3", "clx9a1b2c3"
PUBLIC = f"book_{ABOVE}.{OWN}"


class Book(Record):
    """Something to read."""

    id: ReadOnly[Annotated[str, Reference(BOOK)]] = required("The id.", PUBLIC)
    shelf_id: Fixed[Annotated[str, Reference(SHELF)]] = required("Where it stands.", f"shelf_{ABOVE}")
    sequel_of: Annotated[str, Reference(BOOK)] | None = optional("What it goes on from.", f"book_{ABOVE}.{ELDER}")
    title: Line = required("What it is called.", "Emma")
    created_at: ReadOnly[Moment] = required("When.", "2026-06-01T09:00:00Z")


class Lent(Record):
    """Whom it is lent to."""

    title: Line = required("A new title.", "Emma, lent")


class Shelf(Record):
    """Where books stand."""

    id: ReadOnly[Annotated[str, Reference(SHELF)]] = required("The id.", f"shelf_{ABOVE}")
    created_at: ReadOnly[Moment] = required("When.", "2026-06-01T09:00:00Z")


BOOKS = Resource(
    model=Book,
    id=BOOK,
    path="books",
    singular="book",
    scope="book",
    upstream=Upstream("crm", "/api/shelves/{shelf_id}/books", ListQuery(("title", "sequel_of"), style="offset")),
    words=(Move("lend", Lent, "Lend a book"),),
    rules=same_parent("sequel_of", "shelf_id"),
)
SHELVES = Resource(
    model=Shelf,
    id=SHELF,
    path="shelves",
    singular="shelf",
    scope="shelf",
    upstream=Upstream("crm", "/api/shelves"),
    operations=Op.GET,
    words=(Related("volumes", by="shelf_id", of="books"),),
)
OPERATIONS = compiled(BOOKS, SHELVES)
NOW = "2026-06-01T09:00:00.000Z"
ROW = {"id": OWN, "shelfId": ABOVE, "sequelOf": ELDER, "title": "Emma", "createdAt": NOW}
PAGE = {"data": [ROW], "pagination": {"total": 1}}
TOLD = {
    "id": PUBLIC,
    "shelf_id": f"shelf_{ABOVE}",
    "sequel_of": f"book_{ABOVE}.{ELDER}",
    "title": "Emma",
    "created_at": "2026-06-01T09:00:00Z",
}


@given(st.from_regex(HEX24, fullmatch=True), st.from_regex(CUID, fullmatch=True))
def test_a_pair_and_its_public_form_are_one_another_s_only_form(above: str, own: str) -> None:
    assert BOOK.decode(BOOK.encode((above, own))) == (above, own)
    assert BOOK.encode(f"{above}.{own}") == BOOK.encode((above, own))


@pytest.mark.parametrize(
    "public",
    [
        f"book_{OWN}",
        f"book_{ABOVE}",
        f"book_{ABOVE}..{OWN}",
        f"book_{OWN}.{ABOVE}",
        f"{PUBLIC}.{OWN}",
        f"{PUBLIC}\n",
        PUBLIC.replace(".", "/"),
        PUBLIC.replace("book_", "shelf_"),
        PUBLIC.upper(),
        f"book_{ABOVE}x{OWN}",
    ],
)
def test_what_is_no_pair_is_no_id(public: str) -> None:
    assert BOOK.decode(public) is None


def test_numbers_are_numbers_on_either_side() -> None:
    pair = Paired("mov_", DIGITS, "move", number=True, parent=IdType("p_", DIGITS, "p", number=True), beneath="p_id")
    assert pair.decode("mov_12.7") == (12, 7)
    assert pair.encode((12, 7)) == "mov_12.7"
    assert pair.decode("mov_012.7") is None


@pytest.mark.parametrize(
    ("parent", "own"), [(IdType("a_", "[a-z.]{1,8}", "a"), BASE62), (SHELF, r"v[0-9]{1,3}\.[0-9]{1,3}")]
)
def test_an_alphabet_with_a_dot_is_refused(parent: IdType, own: str) -> None:
    with pytest.raises(TypeError, match="dot"):
        Paired("x_", own, "x", parent=parent, beneath="a_id")


def test_a_path_without_a_place_for_the_parent_is_refused() -> None:
    with pytest.raises(TypeError, match="no place for shelf_id"):
        Resource(model=Book, id=BOOK, path="b", singular="b", scope="b", upstream=Upstream("crm", "/api/books"))


@pytest.mark.parametrize(
    ("name", "document", "method", "path", "reply"),
    [
        ("books.get", None, b"GET", f"/{OWN}", ROW),
        ("books.update", {"title": "Emma"}, b"PATCH", f"/{OWN}", ROW),
        ("books.lend", {"title": "Emma"}, b"PATCH", f"/{OWN}", ROW),
        ("books.delete", None, b"DELETE", f"/{OWN}", (204, b"")),
    ],
)
def test_one_id_outside_is_two_inside(name: str, document: Any, method: bytes, path: str, reply: Any) -> None:
    operation = OPERATIONS[name]
    answer, calls = driven(operation, accepted(operation, document, PUBLIC), reply)
    assert [(call.method, call.path) for call in calls] == [(method, f"/api/shelves/{ABOVE}/books{path}".encode())]
    if answer.body:
        assert data(answer) == TOLD


def test_a_create_takes_the_parent_from_the_body_and_names_the_address_of_both() -> None:
    operation = OPERATIONS["books.create"]
    body = {"shelf_id": f"shelf_{ABOVE}", "title": "Emma", "sequel_of": f"book_{ABOVE}.{ELDER}"}
    answer, (call,) = driven(operation, accepted(operation, body), (201, ROW))
    assert call.path == f"/api/shelves/{ABOVE}/books".encode()
    assert orjson.loads(written(call)) == {"title": "Emma", "sequelOf": ELDER}
    assert answer.headers == ((b"location", f"/v1/books/{PUBLIC}".encode()),)
    with pytest.raises(Invalid) as refused:
        driven(operation, accepted(operation, body), (404, {"error": {"code": "not_found"}}))
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/shelf_id", "refused")]


@pytest.mark.parametrize(
    ("name", "body", "ids"),
    [
        ("books.create", {"shelf_id": f"shelf_{OTHER}", "title": "x"}, ()),
        ("books.update", {}, (f"book_{OTHER}.{OWN}",)),
    ],
)
def test_what_points_beneath_another_parent_is_refused_before_anything_is_sent(
    name: str, body: Any, ids: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        accepted(OPERATIONS[name], {**body, "sequel_of": f"book_{ABOVE}.{ELDER}"}, *ids)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/sequel_of", "parent_elsewhere")]


def test_the_parent_cannot_be_changed() -> None:
    with pytest.raises(Invalid) as refused:
        accepted(OPERATIONS["books.update"], {"shelf_id": f"shelf_{ABOVE}"}, PUBLIC)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/shelf_id", "immutable")]


IS = {"field": "shelf_id", "operator": "eq", "value": f"shelf_{ABOVE}"}
TITLED = {"field": "title", "operator": "eq", "value": "Emma"}


@pytest.mark.parametrize("filters", [[IS, TITLED], [TITLED, {"all": [IS]}], [{"all": [TITLED, IS]}]])
def test_a_search_is_one_of_the_parent_that_it_names(filters: list[Any]) -> None:
    operation = OPERATIONS["books.search"]
    answer, (call,) = driven(operation, accepted(operation, {"filters": filters}), PAGE)
    asked = urlsplit(call.path.decode())
    assert asked.path == f"/api/shelves/{ABOVE}/books"
    assert {name: values for name, values in parse_qs(asked.query).items() if name in ("title", "shelfId")} == {
        "title": ["Emma"]
    }
    assert data(answer) == [TOLD]


@pytest.mark.parametrize("body", [{}, {"filters": [TITLED]}, {"filters": []}, {"search_text": "x"}])
def test_a_search_that_names_no_parent_is_refused(body: Any) -> None:
    with pytest.raises(Invalid) as refused:
        accepted(OPERATIONS["books.search"], body)
    (error,) = refused.value.errors
    assert (error.pointer, error.code, error.allowed) == ("/filters", "filter_required", ("shelf_id",))


def test_beneath_a_parent_that_is_not_there_a_search_finds_nothing_and_a_list_is_not_found() -> None:
    search, related = OPERATIONS["books.search"], OPERATIONS["shelves.list_volumes"]
    answer, _ = driven(search, accepted(search, {"filters": [IS]}), (404, b"{}"))
    assert data(answer) == []
    with pytest.raises(RecordNotFound):
        driven(related, accepted(related, None, f"shelf_{ABOVE}"), (404, b"{}"))


def test_a_related_list_is_one_call_beneath_the_parent() -> None:
    related = OPERATIONS["shelves.list_volumes"]
    answer, (call,) = driven(related, accepted(related, None, f"shelf_{ABOVE}"), PAGE)
    assert call.path.startswith(f"/api/shelves/{ABOVE}/books?".encode())
    assert data(answer) == [TOLD]


def test_where_only_the_list_is_there_a_record_is_found_in_its_parent_s() -> None:
    get = compiled(BOOKS, overrides={"books.get": Override(via="list")})["books.get"]
    answer, (call,) = driven(get, accepted(get, None, PUBLIC), PAGE)
    assert call.path.startswith(f"/api/shelves/{ABOVE}/books?".encode())
    assert data(answer) == TOLD
    with pytest.raises(RecordNotFound):
        driven(get, accepted(get, None, f"book_{ABOVE}.{ELDER}"), PAGE)


def test_a_bad_value_beside_it_takes_no_id_with_it() -> None:
    get = OPERATIONS["books.get"]
    answer, _ = driven(get, accepted(get, None, PUBLIC), {**ROW, "sequelOf": 7})
    assert data(answer) == {**TOLD, "sequel_of": None}
