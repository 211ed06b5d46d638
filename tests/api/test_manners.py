"""How HTTP is spoken under /v1: what a client says besides, and what it is told besides."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from adapters.core.operation import Operation
from gateway.api.body.multipart import OneFile
from gateway.api.routes import Routes
from gateway.downstream.cors import Cors
from gateway.problems import BadRequest, MethodNotAllowed, NotFound
from gateway.reference.files import _packs
from tests.api.test_transfers import FILE_PART, address, form, found, imported
from tests.live import Live


@pytest.fixture
def contact(live: Live) -> Iterator[str]:
    """The path of one."""
    made = live.call("POST", "/v1/contacts", {"first_name": "Ada", "tags": ["vip"]}).headers["location"]
    yield made
    live.call("DELETE", made)


@pytest.mark.parametrize("accept", ["application/problem+json", "text/plain", "image/png"])
def test_what_has_no_body_cannot_be_unacceptable(live: Live, contact: str, accept: str) -> None:
    for path in (f"{contact}/tags/vip", contact):
        assert live.call("DELETE", path, headers={"Accept": accept}).status_code == 204


def test_every_type_that_the_document_declares_is_acceptable(live: Live, contact: str) -> None:
    headers = {"Accept": "application/problem+json"}
    assert live.call("GET", contact, headers=headers).headers["content-type"] == "application/json"
    exported = live.call("GET", "/v1/contacts/export", headers=headers)
    assert (exported.status_code, exported.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert live.call("GET", contact, headers={"Accept": "text/plain"}).status_code == 406


@pytest.mark.parametrize("charset", ["utf8", "us-ascii", "ISO-8859-1", "UTF-8", '"utf-8"'])
def test_the_charset_of_json_means_nothing(live: Live, contact: str, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    found = live.call("POST", "/v1/contacts/search", content=b'{"search_text": "\xc3\xa9"}', headers=headers)
    assert found.status_code == 200
    assert live.call("PATCH", contact, content=b"{}", headers=headers).status_code == 200
    wrong = live.call("POST", "/v1/contacts/search", content=b'{"search_text": "\xe9"}', headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "json_malformed")


@pytest.mark.parametrize(
    "condition",
    [
        {"If-Match": '"nope"'},
        {"If-Match": '*, "nope"'},
        {"If-None-Match": "*"},
        {"If-Unmodified-Since": "Wed, 17 Jun 2026 14:30:00 GMT"},
    ],
    ids=str,
)
def test_a_write_on_a_condition_is_refused_and_not_done(live: Live, contact: str, condition: dict[str, str]) -> None:
    before = live.counted()
    for method, path, body in (
        ("PATCH", contact, {"first_name": "Eve"}),
        ("DELETE", contact, None),
        ("DELETE", f"{contact}/tags/vip", None),
        ("POST", f"{contact}/tags", {"tags": ["b"]}),
        ("POST", "/v1/contacts", {"first_name": "Eve"}),
    ):
        refused = live.call(method, path, body, headers=condition)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        assert refused.json()["type"].endswith("/precondition-failed")
    assert live.counted() == before
    assert live.call("POST", "/v1/contacts/search", {"limit": 1}, headers=condition).status_code == 200


def test_a_condition_that_holds_is_no_hindrance(live: Live, contact: str) -> None:
    for condition in ({"If-Match": "*"}, {"If-None-Match": '"some-tag"'}):
        assert live.call("PATCH", contact, {"first_name": "Eve"}, headers=condition).status_code == 200


def test_a_read_on_a_condition_is_answered_as_any_other_for_records_have_no_tags(live: Live, contact: str) -> None:
    for condition in ({"If-None-Match": '"some-tag"'}, {"If-Modified-Since": "Wed, 17 Jun 2099 14:30:00 GMT"}):
        answer = live.call("GET", contact, headers=condition)
        assert answer.status_code == 200 and answer.json()["data"]["id"] in contact
        assert not {"etag", "last-modified"} & answer.headers.keys()


def test_a_patch_of_another_type_is_told_which_are_taken(live: Live, contact: str) -> None:
    taken = "application/json, application/merge-patch+json"
    headers = {"Content-Type": "application/json-patch+json"}
    refused = live.call("PATCH", contact, content=b"[]", headers=headers)
    assert (refused.status_code, refused.headers["accept-patch"]) == (415, taken)
    assert live.call("OPTIONS", contact).headers["accept-patch"] == taken


def test_a_version_that_is_given_twice_is_said_to_be(live: Live) -> None:
    token = live.a.tokens["owner"]
    headers = [("Authorization", f"Bearer {token}"), ("Version", "2026-09-01"), ("Version", "2026-09-01")]
    refused = live.client.get("/v1/me", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "version_invalid")
    assert "twice" in refused.json()["detail"]


def test_an_unknown_host_is_told_from_the_machine_itself_which_hosts_there_are(live: Live) -> None:
    refused = httpx.get(f"{live.url}/v1/me", headers={"Host": "0.0.0.0:8080"})
    assert (refused.status_code, refused.json()["code"]) == (400, "host_unknown")
    assert "localhost" in refused.json()["detail"]
    assert "brands[].hosts" in refused.json()["detail"]


def test_pages_with_tracing_may_ask_and_read_what_a_download_is_called() -> None:
    cors = Cors(["https://app.example"])
    origin = {b"origin": b"https://app.example"}
    asked = cors.preflight("OPTIONS", {**origin, b"access-control-request-method": b"POST"})
    assert asked is not None
    allowed = dict(asked)[b"access-control-allow-headers"].lower().split(b", ")
    assert {b"authorization", b"version", b"traceparent", b"baggage", b"sentry-trace"} <= set(allowed)
    exposed = dict(cors.readable(origin))[b"access-control-expose-headers"].lower().split(b", ")
    assert {b"content-disposition", b"allow", b"accept-encoding", b"accept-patch", b"version"} <= set(exposed)


@pytest.fixture
def routes() -> Routes[str]:
    made: Routes[str] = Routes()
    for tail, method in (("", "POST"), ("search", "POST"), ("*", "GET"), ("*", "PATCH"), ("*/notes", "GET")):
        made.add(
            Operation(name=tail or "create", first="contacts", tail=tail, method=method, summary="", scopes=()), tail
        )
    return made


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/Contacts/search", "/v1/contacts/search"),
        ("/v1/contact/search", "/v1/contacts/search"),
        ("/v1/contacts/search/", "/v1/contacts/search"),
        ("/v1/contacts/con_1/note", "/v1/contacts/{id}/notes"),
        ("/v1/contact/con_1", "/v1/contacts/{id}"),
        ("/v1/contacts/", "/v1/contacts"),
    ],
)
def test_a_near_miss_is_told_what_was_meant(routes: Routes[str], path: str, meant: str) -> None:
    with pytest.raises(NotFound) as missed:
        routes.find("POST", path)
    assert missed.value.detail == f"There is nothing at this path. Did you mean {meant}?"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/v1", "/v1/contacts/a/b/c/d", "/v1/" + "contacts" * 100])
def test_nothing_is_guessed_of_what_is_near_to_nothing(routes: Routes[str], path: str) -> None:
    with pytest.raises(NotFound) as missed:
        routes.find("GET", path)
    assert missed.value.detail == "There is nothing at this path."


def test_a_path_that_is_quoted_without_need_is_the_same_path(routes: Routes[str]) -> None:
    assert routes.find("POST", "/v1/c%6Fntacts/%73earch") == ("search", ())
    assert routes.find("GET", "/v1/%63ontacts/con%5F1/notes") == ("*/notes", ("con_1",))
    with pytest.raises(NotFound):
        routes.find("GET", "/v1/contacts%2Fcon_1/notes")
    with pytest.raises(MethodNotAllowed):
        routes.find("GET", "/v1/contact%73/search")


FORM = b'--b\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: text/csv\r\n\r\nname\r\nAda\r\n--b--\r\n'


@pytest.mark.parametrize("before", [b"", b"\r\n", b"This is MIME.\r\n", b"a\r\n--not it\r\n", b"x" * 5000 + b"\r\n"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_stands_before_the_first_part_is_ignored(before: bytes, size: int) -> None:
    form, sent = OneFile(b"b"), before + FORM + b"epilogue"
    assert b"".join(form.feed(sent[at : at + size]) for at in range(0, len(sent), size)) == b"name\r\nAda"
    form.close()


def test_a_form_without_any_part_is_malformed() -> None:
    form = OneFile(b"b")
    assert form.feed(b"nothing of the kind") == b""
    with pytest.raises(BadRequest):
        form.close()


@pytest.mark.parametrize(
    ("header", "packs"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.0, identity", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("", False),
    ],
)
def test_a_coding_of_weight_0_is_not_taken(header: str, packs: bool) -> None:
    assert _packs(header) is packs


@pytest.mark.parametrize(
    "charset", ["utf8", "UTF8", "utf-8", '"UTF-8"', "us-ascii", "US-ASCII", "ascii", "utf-8; header=present"]
)
def test_every_name_of_utf_8_and_of_its_first_half_is_taken(live: Live, charset: str) -> None:
    emails = address(), address()
    media = f"text/csv; charset={charset}"
    bare = imported(live, f"first_name,email\nAda,{emails[0]}\n", headers={"Content-Type": media})
    headers, body = form((FILE_PART.replace("text/csv", media), f"first_name,email\nAda,{emails[1]}\n".encode()))
    assert (bare.status_code, imported(live, body, headers=headers).status_code) == (200, 200)
    assert [len(found(live, email)) for email in emails] == [1, 1]
