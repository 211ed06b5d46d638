"""Values as people and programs write them: what is taken, what becomes of it, and what is refused."""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.core.declare.invisible import plain
from adapters.core.declare.kinds import Instant
from adapters.core.declare.timestamps import read_bound, read_instant
from adapters.core.faults import Invalid
from adapters.core.payloads import Query
from adapters.core.request.to_service import held
from gateway.versions import CONTRACTS
from tests.attacks.driving import NAMED, NEWEST, asked, face
from tests.conformance.declared import CREATABLE, OPERATIONS, name, shape

OLDEST = CONTRACTS[-1].date


def sent(operation: str, document: Any, date: str = NEWEST) -> dict[str, Any]:
    """The body that the service is sent."""
    return face(operation, date).accept(asked(document)).body


def refused(operation: str, document: Any, date: str = NEWEST) -> list[tuple[str, str]]:
    """The pointers and codes of what is wrong."""
    with pytest.raises(Invalid) as invalid:
        face(operation, date).accept(asked(document))
    return [(error.pointer, error.code) for error in invalid.value.errors]


LEAPS = [
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
    ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"),
    ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"),
    ("2015-07-01t05:29:60.1234567890+05:30", "2015-07-01T00:00:00.123Z"),
    ("2016-12-31T23:59:59.1234567890Z", "2016-12-31T23:59:59.123Z"),
    ("2016-12-31T23:59:59." + "9" * 300 + "Z", "2016-12-31T23:59:59.999Z"),
]
NO_MOMENTS = [
    "2016-12-31T23:58:60Z",
    "2016-12-30T23:59:60Z",
    "2016-12-31T23:59:60+01:00",
    "2016-12-31T23:59:61Z",
    "9999-12-31T23:59:60Z",
    "2016-12-31T23:59:59.Z",
    "2016-12-31T23:59:59." + "9" * 1100 + "Z",
]


@pytest.mark.parametrize(("moment", "held"), LEAPS)
def test_leap_seconds_and_fractions_of_any_length_are_taken(moment: str, held: str) -> None:
    assert sent("tasks.create", {"title": "x", "due_at": moment})["dueDate"] == held
    assert sent("tasks.update", {"due_at": moment})["dueDate"] == held
    assert held in sent("activities.create", {"type": "note", "occurred_at": moment}).values()


@pytest.mark.parametrize("moment", [moment for moment, _ in LEAPS])
@pytest.mark.parametrize(("operator", "values"), [("gte", False), ("in", True)])
def test_filters_compare_with_leap_seconds_and_fractions_of_any_length(
    moment: str, operator: str, values: bool
) -> None:
    operand = {"values": [moment]} if values else {"value": moment}
    leaf = {"field": "due_at", "operator": operator, **operand}
    window = face("tasks.search").accept(asked({"filters": [leaf]})).window
    assert window is not None
    assert window.where is not None
    found = window.where["value"]
    assert (found[0] if values else found) == Instant.inward(read_bound(moment))


@pytest.mark.parametrize("moment", NO_MOMENTS)
def test_a_sixtieth_second_that_no_clock_showed_is_refused(moment: str) -> None:
    (fault,) = refused("tasks.create", {"title": "x", "due_at": moment})
    assert fault in (("/due_at", "datetime_invalid"), ("/due_at", "too_long"))


@given(
    moment=st.datetimes(datetime(1, 2, 1), datetime(9999, 11, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    digits=st.from_regex(r"[0-9]{0,40}", fullmatch=True),
)
def test_the_digits_behind_the_milliseconds_change_nothing_that_is_kept(moment: datetime, digits: str) -> None:
    head = moment.strftime("%Y").zfill(4) + moment.strftime("-%m-%dT%H:%M:%S")
    kept = f"{head}.{moment.microsecond // 1000:03}"
    assert read_instant(f"{kept}{digits}Z") == read_instant(f"{kept}Z")


@given(year=st.integers(1, 9998), month=st.integers(1, 12), fraction=st.integers(0, 999))
def test_a_leap_second_is_the_one_after_it(year: int, month: int, fraction: int) -> None:
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    day = (after - timedelta(days=1)).date().isoformat()
    behind = f".{fraction:03}" if fraction else ""
    assert read_instant(f"{day}T23:59:60{behind}Z") == f"{after.date().isoformat()}T00:00:00{behind}Z"


@pytest.mark.parametrize("scheme", ["HTTPS", "Http", "hTTps", "http"])
def test_a_scheme_has_no_case(scheme: str) -> None:
    address = f"{scheme}://Example.com"
    assert sent("companies.create", {"name": "x", "website": address})["website"] == address
    leaf = {"field": "website", "operator": "eq", "value": address}
    face("companies.search").accept(asked({"filters": [leaf]}))
    secure = scheme.lower() == "https"
    assert (("/receipt_url", "format_invalid") in refused("expenses.create", {"receipt_url": address})) is not secure


@pytest.mark.parametrize(
    "address", ["ftp://x.example", "httpss://x", "https//x", "https://x\u2028y", "https://x\u202ey"]
)
def test_what_is_no_web_address_is_refused(address: str) -> None:
    assert refused("companies.create", {"name": "x", "website": address}) == [("/website", "format_invalid")]


@pytest.mark.parametrize("date", [NEWEST, OLDEST])
@pytest.mark.parametrize("resource", CREATABLE, ids=name)
def test_null_for_what_a_create_may_leave_out_is_as_good_as_not_sent(resource: Any, date: str) -> None:
    writable = [field for field in shape(resource, date).fields if not field.read_only]
    # What a rule speaks of may be needed, though not by itself.
    ruled = {name for rule in resource.rules for name in rule.needs}
    bare = {field.name: field.example for field in writable if field.required or field.name in ruled}
    nulls = {field.name: None for field in writable if field.name not in bare}
    assert nulls
    operation = f"{resource.path}.create"
    plain, nulled = sent(operation, bare, date), sent(operation, bare | nulls, date)
    named = {field.held: held(field, field.default) for field in writable if field.name in nulls}
    defaults = {name: default for name, default in named.items() if default not in (None, [], {})}
    assert {key: value for key, value in nulled.items() if value not in (None, [], {})} == plain | defaults


@pytest.mark.parametrize("date", [NEWEST, OLDEST])
@pytest.mark.parametrize("resource", CREATABLE, ids=name)
def test_null_for_what_is_required_is_refused_in_a_create_and_in_a_patch(resource: Any, date: str) -> None:
    needed = {field.name: field.example for field in shape(resource, date).fields if field.required}
    for required in needed:
        for operation in (f"{resource.path}.create", f"{resource.path}.update"):
            if operation in NAMED:
                assert refused(operation, needed | {required: None}, date)[0][0] == f"/{required}"


def test_null_inside_an_address_is_as_good_as_not_sent() -> None:
    body = sent("companies.create", {"name": "x", "address": {"city": "London", "line2": None}})
    assert body["address"] == {"city": "London", "line2": None}


def test_an_amount_whose_currency_is_null_is_held_to_the_default_currency() -> None:
    assert sent("deals.create", {"name": "x", "amount": "1.50", "currency": None})["currency"] == "USD"
    assert refused("deals.create", {"name": "x", "amount": "1.505", "currency": None}) == [
        ("/amount", "amount_precision")
    ]


SEARCH = ("filters", "search_text", "order_by", "sort_direction", "limit", "cursor")


@pytest.mark.parametrize("date", [NEWEST, OLDEST])
@pytest.mark.parametrize("member", [*SEARCH, None])
def test_null_for_a_member_of_a_search_is_as_good_as_not_sent(member: str | None, date: str) -> None:
    for operation in (each.name for each in OPERATIONS if each.tail == "search"):
        sends = face(operation, date).sends
        if isinstance(sends, Query) and sends.within is not None:
            continue  # it is refused without the one condition that it needs
        nulls = dict.fromkeys(SEARCH if member is None else [member])
        found, bare = (face(operation, date).accept(asked(document)).window for document in (nulls, {}))
        assert found is not None
        assert bare is not None
        found.seal = bare.seal = None
        assert found == bare


def test_null_for_the_operand_that_an_operator_does_not_take_is_as_good_as_not_sent() -> None:
    for leaf in (
        {"operator": "eq", "value": "a@b.example", "values": None},
        {"operator": "in", "value": None, "values": ["a@b.example"]},
        {"operator": "is_empty", "value": None, "values": None},
    ):
        face("contacts.search").accept(asked({"filters": [{"field": "email", **leaf}]}))
    for operator, member in (("eq", "value"), ("in", "values")):
        leaf = {"field": "email", "operator": operator, "value": None, "values": None}
        assert refused("contacts.search", {"filters": [leaf]})[0][0] == f"/filters/0/{member}"


@pytest.mark.parametrize("text", ["a\u0000b", "\u0007", "a\nb", "a\r", "a\tb", "\x7f"])
def test_a_search_for_control_characters_is_refused(text: str) -> None:
    for operation in (each.name for each in OPERATIONS if each.tail == "search"):
        assert refused(operation, {"search_text": text}) == [("/search_text", "format_invalid")]


CF = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]

PHONES = [
    ("\u202a+1 555 010 4477\u202c", "+1 555 010 4477"),
    ("+49\u00a030\u00a0901820", "+49 30 901820"),
    ("+1 555\u2011010\u20114477", "+1 555-010-4477"),
    ("+1\u2013555\u2212010", "+1-555-010"),
    ("+1\u200b555\u200e010\ufeff", "+1555010"),
    ("+1\u2009555\u3000010", "+1 555 010"),
    ("\uff0b\uff11 \uff08\uff15\uff15\uff15\uff09 \uff10\uff11\uff10\uff0d\uff14", "+1 (555) 010-4"),
]


@pytest.mark.parametrize(("typed", "kept"), PHONES)
def test_a_phone_number_is_taken_as_a_clipboard_has_it(typed: str, kept: str) -> None:
    assert sent("contacts.create", {"first_name": "x", "phones": [typed]})["phoneNumbers"] == [kept]
    assert sent("contacts.create", {"first_name": "x", "phone": typed}, OLDEST)["phoneNumbers"] == [kept]
    assert sent("companies.create", {"name": "x", "phone": typed})["phone"] == kept
    for operation, field, operator, member in (
        ("companies.search", "phone", "eq", "value"),
        ("companies.search", "phone", "contains", "value"),
        ("contacts.search", "phones", "contains_any", "values"),
    ):
        leaf = {"field": field, "operator": operator, member: [typed] if member == "values" else typed}
        window = face(operation).accept(asked({"filters": [leaf]})).window
        assert window is not None
        assert window.where is not None
        assert window.where["value"] in (kept, [kept])


@pytest.mark.parametrize(
    "phone", ["\u200b\u200b12", "\u202a\u202c\u200b", "+1 \u2028 5", "١٢٣٤", "+1 555 !", "\uff01\uff01\uff01"]
)
def test_what_is_no_phone_number_without_what_nobody_sees_is_refused(phone: str) -> None:
    assert refused("companies.create", {"name": "x", "phone": phone}) == [("/phone", "format_invalid")]


@given(
    st.text(
        st.sampled_from([*"0189+-()/.aZ ", *(chr(code) for code in range(0xFF08, 0xFF5B)), *"\u00a0\u2011\u202a\u200b"])
    )
)
def test_what_is_kept_of_a_phone_number_is_kept_as_it_is(typed: str) -> None:
    kept = plain(typed)
    assert plain(kept) == kept
    assert kept.isascii()


@pytest.mark.parametrize(
    "place", ["ann{}@meridian.example", "{}ann@meridian.example", "ann@meri{}dian.example", "ann@meridian.example{}"]
)
def test_an_address_with_a_character_that_nobody_sees_is_refused(place: str) -> None:
    for hidden in CF:
        for operation in ("contacts.create", "contacts.update"):
            fault = refused(operation, {"first_name": "x", "email": place.format(hidden)})
            assert fault == [("/email", "format_invalid")], hidden


def test_an_address_in_any_script_is_taken() -> None:
    for address in ("аня@пример.example", "用户@例子.example", "josé@straße.example"):
        assert sent("contacts.create", {"first_name": "x", "email": address})["email"] == address


@pytest.mark.parametrize(
    "name", ["\u200b", " ", "\u200b \u00a0", "\ufeff\u2060", "\u3164", "\u2800", "\ufe0f", "\u2028"]
)
def test_a_name_needs_a_character_that_can_be_seen(name: str) -> None:
    assert refused("contacts.create", {"first_name": name}) == [("/first_name", "format_invalid")]
    assert refused("companies.update", {"name": name}) == [("/name", "format_invalid")]
    assert refused("tasks.create", {"title": name}) == [("/title", "format_invalid")]


@pytest.mark.parametrize("name", ["A", " A ", "نام\u200cخانوادگی", "👩\u200d💻", "李", "-"])
def test_a_name_may_hold_more_than_can_be_seen(name: str) -> None:
    assert sent("contacts.create", {"first_name": name})["firstName"] == name


@pytest.mark.parametrize(
    "name", ["straße", "Größe (cm)"[:5], "数量", "имя", "نام\u200cخانوادگی", "क्षेत्र", "a_b.c-d e", "x" * 64]
)
def test_the_names_of_custom_fields_are_in_any_script(name: str) -> None:
    assert sent("contacts.create", {"first_name": "x", "custom": {name: 1}})["customFields"] == {name: 1}
    assert sent("companies.update", {"custom": {name: 1}})["customFields"] == {name: 1}


@pytest.mark.parametrize(
    "name", ["", "$where", "a/b", "a;b", "{x}", "a\u202eb", "a\u200bb", "a\u00a0b", "a\nb", "é" * 65, "__proto__"]
)
def test_the_names_of_custom_fields_hold_no_signs_that_mean_something_elsewhere(name: str) -> None:
    assert refused("contacts.create", {"first_name": "x", "custom": {name: 1}})[0][0].startswith("/custom")


@pytest.mark.parametrize("value", ["\0", "a\0b", ["x", "\0"], {"b": "\0"}, {"b\0": 1}, [{"b": [["\0"]]}]])
def test_no_text_in_a_custom_field_holds_nul(value: object) -> None:
    fault = [("/custom/a", "format_invalid")]
    for resource in ("contacts", "companies", "deals"):
        assert refused(f"{resource}.update", {"custom": {"a": value}}) == fault
    assert refused("contacts.create", {"first_name": "x", "custom": {"b": 1, "a": value}}) == fault


@pytest.mark.parametrize("value", ["\u0001", "a\tb\n", "\x7f", "\u2028", "\\u0000", "%00", {"b": ["\x1b"]}])
def test_all_other_text_is_kept_in_a_custom_field(value: object) -> None:
    assert sent("contacts.update", {"custom": {"a": value}})["customFields"] == {"a": value}
