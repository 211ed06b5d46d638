"""The way out, where records are changed in place, and the way in, where nothing is made that is not needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Input, Window
from adapters.core.declare.kinds import Instant
from adapters.core.faults import Malformed, ServiceInvalid
from adapters.core.request.search_request import Sort, structured
from adapters.core.shapes import shape_of
from adapters.core.strict_json import _decoder, encode, read_json
from tests.attacks.driving import asked, face
from tests.laws.things import RENAME, Thing

OUTWARD = Outward(shape_of(Thing, RENAME))
GOOD = {
    "id": "5f2b8c1d9e3a7b6c4d5e6f70",
    "title": "Thing",
    "value": 1.5,
    "currency": "EUR",
    "createdAt": "2026-06-01T09:00:00.000Z",
}


def shown(**changed: Any) -> dict[str, Any]:
    """A record as the public sees it: alone, which must be as it is in a list."""
    row = msgspec.json.encode({**GOOD, **changed})
    one: dict[str, Any] = json.loads(OUTWARD.one(OUTWARD.read(row)))["data"]
    try:
        many = OUTWARD.many([OUTWARD.read(msgspec.json.encode(GOOD)), OUTWARD.read(row)], None, 2)
    except ServiceInvalid:
        pytest.fail("what is shown alone is not shown in a list")
    assert json.loads(many)["data"][1] == one
    return one


def written(value: str) -> str | None:
    try:
        return Instant.outward(value)
    except (ValueError, OverflowError):
        return None


FORMS = st.from_regex(r"2026-06-[0-3][0-9]T[0-2][0-9]:00:00(\.[0-9]{0,6})?(Z|\+02:00|)", fullmatch=True)


@given(moment=FORMS | st.text(max_size=30) | st.text(alphabet=".0Z", min_size=24, max_size=24))
@example("2026-06-01T09:00:00.000Z")
@example("2026-06-01T09:00:00.001Z")
@example("2026-06-01T09:00:00.000z")
@example("2026-06-01T09:00:00")
@example("nineteen letters at.000Z")
@example(".000Z.000Z.000Z.000.000Z")
def test_a_moment_is_written_as_its_kind_says_and_refused_where_it_refuses(moment: str) -> None:
    if written(moment) is None:
        with pytest.raises(ServiceInvalid):
            shown(createdAt=moment)
    else:
        assert shown(createdAt=moment)["created_at"] == written(moment)


@pytest.mark.parametrize(
    "strange",
    [
        "",
        "a-b",
        "a/b",
        "a1",
        "5F2B8C1D9E3A7B6C4D5E6F70",
        "5f2b8c1d9e3a7b6c4d5e6f701",
        "5f2b8c1d9e3a7b6c4d5e6f7\N{LATIN SMALL LETTER E WITH ACUTE}",
        "x y",
    ],
)
def test_an_id_that_cannot_be_read_back_is_handed_out_neither_alone_nor_among_others(strange: str) -> None:
    bad, good = msgspec.json.encode({**GOOD, "id": strange}), msgspec.json.encode(GOOD)
    with pytest.raises(ServiceInvalid):
        OUTWARD.one(OUTWARD.read(bad))
    with pytest.raises(ServiceInvalid):
        OUTWARD.many([OUTWARD.read(each) for each in (good, bad, good)], None, None)


def test_an_amount_is_written_by_the_currency_that_the_service_gave() -> None:
    assert shown(value=10)["amount"] == "10.00"
    assert shown(value=10, currency="JPY")["amount"] == "10"


def test_an_empty_page_is_a_page() -> None:
    assert json.loads(OUTWARD.many([], None, 0)) == {
        "data": [],
        "meta": {"cursor": {"next": None, "has_more": False}, "total": 0},
    }


def read(reader: Callable[[str], Any], text: str) -> Any:
    try:
        return reader(text)
    except json.JSONDecodeError as fault:
        return f"Malformed {fault.msg.removesuffix(' at')} at byte {len(text[: fault.pos].encode())}."
    except Malformed as fault:
        return f"Malformed {fault}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    document=JSON, before=st.text(" \t\n\r", max_size=2), after=st.text(" \t\n\r", max_size=2), cut=st.integers(0, 12)
)
@example({}, "", "", 1)
def test_blanks_and_ends_are_read_as_the_decoder_reads_them(document: Any, before: str, after: str, cut: int) -> None:
    whole = before + json.dumps(document, ensure_ascii=False) + after
    for text in (whole, whole[: len(whole) - cut], whole + "]", whole + " x", whole.replace(",", ",,")):
        theirs = read(_decoder.decode, text)
        if isinstance(theirs, str) and theirs.startswith("Malformed"):
            with pytest.raises(Malformed) as ours:
                read_json(text.encode())
            empty = not text.strip(" \t\n\r")
            assert ("The body is empty" if empty else theirs.removeprefix("Malformed ")) in str(ours.value)
        else:
            assert read_json(text.encode()) == theirs


MARKED = "The body begins with a byte order mark, U+FEFF. Send it without (RFC 8259 § 8.1)."
LONG = (
    "The body has a whole number with more than 19 digits, or 18 behind a minus, which few programs keep as it is. "
    "Send it as text."
)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"first_name":"éééé" 1}', "The body is not JSON: Expecting ',' delimiter at byte 25."),
        ('  {"a":"😀", x', "The body is not JSON: Expecting property name enclosed in double quotes at byte 15."),
        ('{"é": "a\tb"}', "The body is not JSON: Invalid control character at byte 9."),
        ('{"é": "a', "The body is not JSON: Unterminated string starting at byte 7."),
        ('\ufeff{"a": 1}', MARKED),
        ("\ufeff", MARKED),
        ("\ufeff\ufeff[]", MARKED),
        (' \ufeff{"a": 1}', "The body is not JSON: Expecting value at byte 1."),
        ("[12345678901234567890]", LONG),
        ("[-1234567890123456789]", LONG),
        ('{"a": {"b": [1, 100000000000000000000000000000000]}}', LONG),
    ],
)
def test_a_fault_is_told_once_and_by_its_byte(body: str, told: str) -> None:
    with pytest.raises(Malformed) as fault:
        read_json(body.encode())
    assert str(fault.value) == told


WHERE = {"field": "name", "op": "eq", "value": "Ada"}


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("text", [None, 'say "ada"'])
@pytest.mark.parametrize("where", [None, WHERE])
def test_a_structured_search_is_the_object_that_the_services_know(
    where: dict[str, Any] | None, text: str | None, descending: bool
) -> None:
    body: dict[str, Any] = {"sort": {"field": "title", "dir": "desc" if descending else "asc"}, "limit": 8}
    body |= {"where": where} if where else {}
    body |= {"search": text} if text else {}
    window = Window(limit=7, where=where, text=text, order_by="name", descending=descending)
    assert structured(window, Sort("title", text=True), None) == encode(body)


def accepted(document: Any, bound: list[bytes]) -> Input:
    request = asked(document)

    def seal_for(fingerprint: bytes) -> Callable[[list[Any]], str]:
        bound.append(fingerprint)
        return lambda _: "sealed"

    def unseal(_: str, fingerprint: bytes) -> list[Any]:
        bound.append(fingerprint)
        return ["Ada", "0", 0]

    request.seal_for, request.unseal = seal_for, unseal
    return face("contacts.search").accept(request)


def test_cursors_are_bound_to_the_bytes_they_were_always_bound_to() -> None:
    bound: list[bytes] = []
    window = accepted({"filters": [{"field": "source", "operator": "eq", "value": "web"}], "limit": 7}, bound).window
    assert bound == []
    assert window is not None and window.seal is not None
    assert window.seal([1]) == "sealed"
    where = b'{"field":"source","op":"eq","value":"web"}'
    assert bound == [b'["contacts key",' + where + b',null,"created_at",true,7]']
    accepted({"cursor": "sealed"}, bound)
    assert bound[1] == b'["contacts key",null,null,"created_at",true,25]'
