"""Small promises about single answers, each seen broken once."""

from __future__ import annotations

import http.client
import json

import httpx
import pytest

from tests.live import Live


def ask(live: Live, authorization: str, version: str) -> http.client.HTTPResponse:
    """One request with header values that other clients would tidy up."""
    connection = http.client.HTTPConnection("127.0.0.1", live.served.port, timeout=20)
    connection.request("GET", "/v1/me", headers={"Authorization": authorization, "Version": version})
    return connection.getresponse()


def test_an_empty_bearer_is_a_missing_token(live: Live) -> None:
    refused = ask(live, "Bearer ", "2026-09-01")
    assert (refused.status, json.loads(refused.read())["code"]) == (401, "token_missing")
    assert "error=" not in refused.headers["www-authenticate"]


def test_white_space_around_a_header_is_no_part_of_it(live: Live) -> None:
    assert ask(live, f"Bearer {live.a.tokens['owner']} \t", "  2026-09-01 \t").status == 200


def test_head_is_get_without_the_body(live: Live) -> None:
    shown = live.call("GET", "/v1/me")
    headed = live.call("HEAD", "/v1/me")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == str(len(shown.content))
    assert live.call("HEAD", "/v1/contacts/search").status_code == 405


def test_an_unknown_host_is_refused_with_the_headers_of_every_answer(live: Live) -> None:
    refused = httpx.get(f"{live.url}/v1/me", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (400, "host_unknown")
    assert refused.headers["x-request-id"].startswith("req_")
    assert refused.headers["vary"] == "Authorization, Version"
    assert refused.headers["connection"] == "close"
    assert "evil" not in refused.text


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("", 200),
        ("application/*;q=0.1", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/json-seq", 406),
        ("application/json;q=0", 406),
        ("text/html", 406),
    ],
)
def test_accept_is_read_by_its_entries(live: Live, accepted: str, status: int) -> None:
    assert live.call("GET", "/v1/me", headers={"Accept": accepted}).status_code == status


def test_an_amount_comes_back_as_it_was_sent_or_is_refused(live: Live) -> None:
    for amount, currency in (
        ("999999999999999", "JPY"),
        ("9999999999999.99", "USD"),
        ("-0.01", "EUR"),
        ("1.001", "KWD"),
    ):
        made = live.call("POST", "/v1/deals", {"name": "Large", "amount": amount, "currency": currency})
        assert made.json()["data"]["amount"] == amount, made.text
    for amount, currency in (
        ("999999999999999.99", "USD"),
        ("1.500", "USD"),
        ("1.0", "JPY"),
        ("1e3", "EUR"),
        ("1,5", "EUR"),
    ):
        refused = live.call("POST", "/v1/deals", {"name": "Large", "amount": amount, "currency": currency})
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["pointer"] == "/amount"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"), [("-0.00", "USD", "0.00"), ("-0", "USD", "0.00"), ("-0", "JPY", "0")]
)
def test_nothing_has_no_sign(live: Live, amount: str, currency: str, shown: str) -> None:
    made = live.call("POST", "/v1/deals", {"name": "Nothing", "amount": amount, "currency": currency})
    assert made.json()["data"]["amount"] == shown


def test_an_amount_sent_alone_is_held_to_the_currency_it_has(live: Live) -> None:
    deal = live.call("POST", "/v1/deals", {"name": "Yen", "amount": "1200", "currency": "JPY"}).headers["location"]
    assert live.call("PATCH", deal, {"amount": "1200.5"}).json()["errors"][0]["pointer"] == "/amount"
    assert live.call("PATCH", deal, {"amount": "1300"}).json()["data"]["amount"] == "1300"
    assert live.call("PATCH", deal, {"currency": "EUR"}).json()["data"]["amount"] == "1300.00"
    assert live.call("PATCH", deal, {"amount": "1300.55"}).json()["data"]["amount"] == "1300.55"
    assert live.call("PATCH", deal, {"currency": "JPY"}).json()["errors"][0]["pointer"] == "/currency"


def test_null_resets_what_cannot_be_empty(live: Live) -> None:
    task = live.call("POST", "/v1/tasks", {"title": "Now", "priority": "urgent"}).headers["location"]
    assert live.call("PATCH", task, {"priority": None}).json()["data"]["priority"] == "normal"


@pytest.mark.parametrize("version", ["2026-09-01", "2026-06-01"])
def test_a_won_deal_is_not_reopened_by_clearing_where_it_is(live: Live, version: str) -> None:
    pipeline = live.call("POST", "/v1/pipelines/search", {"limit": 1}).json()["data"][0]
    won = next(stage["id"] for stage in pipeline["stages"] if stage["kind"] == "won")
    deal = live.call("POST", "/v1/deals", {"name": "Won", "pipeline_id": None, "stage_id": won}).headers["location"]
    for field in ("stage_id", "pipeline_id"):
        refused = live.call("PATCH", deal, {field: None}, version=version)
        told = [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
        assert (refused.status_code, told) == (422, [(f"/{field}", "type_invalid")])
    assert live.call("GET", deal).json()["data"]["status"] == "won"


@pytest.mark.parametrize(
    "moment", ["2026-06-17T14:30:00+05:60", "2026-06-17T14:30:00+24:00", "2026-06-17T14:30:00+0530"]
)
def test_an_offset_that_rfc_3339_does_not_know_is_refused(live: Live, moment: str) -> None:
    refused = live.call("POST", "/v1/tasks", {"title": "Late", "due_at": moment})
    assert [error["code"] for error in refused.json()["errors"]] == ["datetime_invalid"]


def test_the_cursor_of_the_last_page_may_be_sent_back(live: Live) -> None:
    assert live.call("POST", "/v1/contacts/search", {"cursor": None, "limit": 1}).status_code == 200


def test_a_tag_that_a_file_would_take_for_two_is_refused_but_can_be_found_and_removed(live: Live) -> None:
    made = live.call("POST", "/v1/contacts", {"first_name": "Ada", "tags": ["a"]})
    location, contact = made.headers["location"], made.json()["data"]["id"]
    tags = {"tags": ["ok", "a;b"]}
    for refused in (
        live.call("POST", "/v1/contacts", {"first_name": "Ada", **tags}),
        live.call("PATCH", location, tags),
        live.call("POST", f"{location}/tags", tags),
    ):
        told = [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
        assert (refused.status_code, told) == (422, [("/tags/1", "format_invalid")])
    key = {"Authorization": f"Bearer {live.a.api_key}"}
    held = f"/api/crm/contacts/{contact.removeprefix('con_')}/tags"
    live.sandbox.post(held, json={"tags": ["old; one"]}, headers=key).raise_for_status()
    old = {"field": "tags", "operator": "contains_any", "values": ["old; one"]}
    found = live.call("POST", "/v1/contacts/search", {"filters": [old]}).json()["data"]
    assert [each["id"] for each in found] == [contact]
    assert live.call("DELETE", f"{location}/tags/old%3B%20one").status_code == 204
    assert live.call("GET", f"{location}/tags").json()["data"] == ["a"]


def test_a_long_name_is_not_echoed_whole(live: Live) -> None:
    refused = live.call("POST", "/v1/contacts", {"first_name": "A", "x" * 900_000: 1})
    assert refused.status_code == 422
    assert len(refused.content) < 2000
    assert refused.json()["errors"][0]["pointer"] == f"/{'x' * 128}…"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"city": "x"}, [("/city", "field_unknown", "There is no such field here.")]),
        (
            {"address": {"ctiy": "x"}},
            [("/address/ctiy", "field_unknown", "There is no such field here. Did you mean city?")],
        ),
        ({"address": {"name": "x"}}, [("/address/name", "field_unknown", "There is no such field here.")]),
        ({"address": {"id": "x"}}, [("/address/id", "field_unknown", "There is no such field here.")]),
        ({"id": "x"}, [("/id", "field_read_only", "This field is set by the system and cannot be sent.")]),
        ({"nmae": "x"}, [("/nmae", "field_unknown", "There is no such field here. Did you mean name?")]),
    ],
)
def test_what_is_suggested_exists_where_it_is_suggested(
    live: Live, sent: dict[str, object], told: list[tuple[str, str, str]]
) -> None:
    refused = live.call("POST", "/v1/companies", {"name": "A", **sent})
    assert [(each["pointer"], each["code"], each["message"]) for each in refused.json()["errors"]] == told


def test_names_that_are_traps_are_refused_at_every_depth(live: Live) -> None:
    body = {"first_name": "A", "custom": {"x": [{"__proto__": 1}]}}
    refused = live.call("POST", "/v1/contacts", body)
    assert refused.json()["errors"][0]["pointer"] == "/custom/x"


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"[key]": 1}, "/[key]"),
        ({"custom": {"[key]": 1}}, "/custom/[key]"),
        ({"custom": {"a/b~c": 1}}, "/custom/a~1b~0c"),
        ({"phones": ["123", "x;"]}, "/phones/1"),
    ],
)
def test_a_pointer_leads_to_the_fault(live: Live, sent: dict[str, object], pointer: str) -> None:
    refused = live.call("POST", "/v1/contacts", {"first_name": "Ada", **sent})
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("path", "held", "pointer", "version"),
    [
        ("contacts", "customFields.tier", "/custom/tier", "2026-09-01"),
        ("contacts", "customFields.a.b", "/custom", "2026-09-01"),
        ("contacts", "customFields.<b>", "/custom", "2026-09-01"),
        ("contacts", "phoneNumbers.1", "/phones/1", "2026-09-01"),
        ("contacts", "phoneNumbers.1", "/phone", "2026-06-01"),
        ("contacts", "phoneNumbers.carrierId", "/phones", "2026-09-01"),
        ("companies", "address.state", "/address/region", "2026-09-01"),
        ("companies", "address.geoHash", "/address", "2026-09-01"),
        ("contacts", "tenantId", "", "2026-09-01"),
    ],
)
def test_what_a_service_refuses_is_pointed_to_as_exactly_as_it_is_known(
    live: Live, path: str, held: str, pointer: str, version: str
) -> None:
    record = {"contacts": {"first_name": "Ada"}, "companies": {"name": "A"}}[path]
    body = {"error": {"code": "validation_failed", "message": "no", "fields": {held: ["is wrong"]}}}
    with live.fault(method="POST", path=f"/api/crm/{path}", status=400, body=body):
        refused = live.call("POST", f"/v1/{path}", record, version=version)
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, "refused")]


@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        ("contacts", {"first_name": "A", "email": "ada"}, "Not an e-mail address such as ada@example.com, "),
        ("contacts", {"first_name": "A", "phones": ["12;3"]}, "A phone number is written in digits, "),
        ("contacts", {"first_name": "A", "tags": ["a;b"]}, "This cannot hold semicolons, "),
        ("contacts", {"first_name": "A", "custom": {"a/b": 1}}, "A name has 1 to 64 characters: letters, "),
        ("contacts", {"first_name": "A\nB"}, "This needs a character that can be seen, and no line breaks "),
        ("companies", {"name": "A", "website": "example.com"}, "Not an address such as https://example.com."),
        ("deals", {"name": "A", "amount": "1e3"}, "Not an amount such as 1234.50, "),
        ("deals", {"name": "A", "currency": "euro"}, "Not an ISO 4217 currency code such as EUR."),
        ("notes", {"body": "A\0"}, "Text cannot hold control characters "),
    ],
)
def test_a_refusal_says_what_form_is_asked_for(live: Live, path: str, sent: dict[str, object], told: str) -> None:
    error = live.call("POST", f"/v1/{path}", sent).json()["errors"][0]
    assert error["code"] == "format_invalid"
    assert error["message"].startswith(told)


def test_too_much_is_told_of_what_it_is(live: Live) -> None:
    refused = live.call("POST", "/v1/contacts", {"first_name": "A", "custom": {f"k{n}": n for n in range(101)}})
    assert refused.json()["errors"][0]["message"] == "This object has more than 100 names."
    refused = live.call("POST", "/v1/contacts", {"first_name": "A", "tags": [str(n) for n in range(51)]})
    assert refused.json()["errors"][0]["message"] == "This list has more than 50 entries."


def test_an_id_that_could_not_be_read_back_is_not_handed_out(live: Live) -> None:
    contact = live.call("POST", "/v1/contacts", {"first_name": "Ada"}).headers["location"]
    row = {"id": "x\r\nSet-Cookie: a=b", "firstName": "A", "createdAt": "2026-01-01T00:00:00.000Z"}
    with live.fault(
        method="GET", path="/api/crm/contacts", status=200, body={"data": {**row, "updatedAt": row["createdAt"]}}
    ):
        refused = live.call("GET", contact)
    assert (refused.status_code, refused.json()["code"]) == (502, "upstream_invalid")
