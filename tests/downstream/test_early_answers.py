"""An answer that comes before the end of the request can be read by a client that sends everything first (RFC 9112 § 9.6)."""

from __future__ import annotations

import http.client
import json
import socket

import pytest

from tests.live import NEWEST, Live

LARGE = json.dumps({"first_name": "a" * 5_000_000}).encode()
CSV = b"first_name,last_name\r\n" + b"Ada,Lovelace\r\n" * 400_000
UNKNOWN_COLUMN = CSV.replace(b"last_name", b"lst_name", 1)
RECORD = "/v1/contacts/con_" + "0" * 24


def told(live: Live, method: str, path: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
    """What the standard library's client, which reads nothing before it has sent everything, is told."""
    client = http.client.HTTPConnection("127.0.0.1", live.served.port, timeout=20)
    sent = {"Authorization": f"Bearer {live.a.tokens['owner']}", "Version": NEWEST, "Content-Type": "application/json"}
    client.request(method, path, body, {**sent, **{name.replace("_", "-"): value for name, value in headers.items()}})
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer


@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/v1/contacts", LARGE, {}, 413),
        ("PATCH", RECORD, LARGE, {}, 413),
        ("POST", "/v1/contacts", LARGE, {"Authorization": "Bearer gw_pat_none"}, 401),
        ("POST", "/v1/contacts/import", CSV, {"Authorization": "Bearer gw_pat_none", "Content_Type": "text/csv"}, 401),
        ("POST", "/v1/contacts/import", CSV, {"Content_Type": "application/xml"}, 415),
        ("POST", "/v1/contacts", LARGE, {"Content_Encoding": "gzip"}, 415),
        ("POST", "/v1/contacts", LARGE, {"Host": "other.example.com"}, 400),
        ("PATCH", RECORD, LARGE, {"If_Match": '"x"'}, 412),
        ("POST", "/v1/contacts/import", CSV, {"If_None_Match": "*", "Content_Type": "text/csv"}, 412),
        ("POST", "/v1/contacts/import", UNKNOWN_COLUMN, {"Content_Type": "text/csv"}, 422),
        ("POST", "/v1/nothing", LARGE, {}, 404),
        ("POST", "/oauth/token", LARGE, {"Content_Type": "application/x-www-form-urlencoded"}, 413),
    ],
)
def test_a_client_that_sends_all_first_reads_why_it_is_refused(
    live: Live, method: str, path: str, body: bytes, headers: dict[str, str], status: int, attempt: int
) -> None:
    assert told(live, method, path, body, **headers).status == status


def test_a_viewer_reads_why_an_import_is_refused(live: Live) -> None:
    bearer = f"Bearer {live.a.tokens['viewer']}"
    refused = told(live, "POST", "/v1/contacts/import", CSV, Authorization=bearer, Content_Type="text/csv")
    assert refused.status == 403


def answered(live: Live, sent: bytes, *, ends: bool = True) -> bytes:
    """All that comes of these bytes until the connection is closed. ends: whether our side is closed behind them."""
    with socket.create_connection(("127.0.0.1", live.served.port), timeout=20) as line:
        line.sendall(sent)
        if ends:
            line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "status"), [("/v1/contacts", 201), ("/v1/nothing", 404), ("/oauth/token", 401)])
def test_a_client_that_closes_its_sending_side_gets_its_answer(
    live: Live, chunked: bool, path: str, status: int
) -> None:
    body = b'{"first_name": "Ada"}'
    media = "application/json"
    if path == "/oauth/token":
        body, media = b"grant_type=refresh_token&refresh_token=x&client_id=x", "application/x-www-form-urlencoded"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nVersion: {NEWEST}\r\nContent-Type: {media}\r\n"
    head += f"Authorization: Bearer {live.a.tokens['owner']}\r\n" if path != "/oauth/token" else ""
    framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    whole = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    answer = answered(live, head.encode() + (framed if chunked else whole))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1


def test_a_body_that_ends_too_early_is_told(live: Live) -> None:
    head = f"POST /v1/contacts HTTP/1.1\r\nHost: localhost\r\nVersion: {NEWEST}\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {live.a.tokens['owner']}\r\nContent-Length: 100\r\n\r\n"
    answer = answered(live, head.encode() + b'{"first_name"')
    assert answer.startswith(b"HTTP/1.1 400 ") and b'"code":"body_incomplete"' in answer


@pytest.mark.parametrize("path", ["/v1/contacts/export", "/v1/me", "/problems"])
def test_an_answer_that_needs_no_body_comes_whole_although_one_was_announced_and_cut_off(live: Live, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nVersion: {NEWEST}\r\nContent-Length: 1000000000\r\n"
    head += f"Authorization: Bearer {live.a.tokens['owner']}\r\n\r\n"
    answer = answered(live, head.encode())
    told, _, body = answer.partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200 ")
    if b"transfer-encoding: chunked" in told:
        assert body.endswith(b"\r\n0\r\n\r\n")
    else:
        assert b"content-length: %d" % len(body) in told


@pytest.mark.parametrize("path", ["/v1/contacts/export", "/v1/me", "/problems"])
def test_http_1_0_is_answered_without_chunks(live: Live, path: str) -> None:
    head = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nVersion: {NEWEST}\r\n"
    head += f"Authorization: Bearer {live.a.tokens['owner']}\r\n\r\n"
    answer = answered(live, head.encode(), ends=False)
    told, _, body = answer.partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200 ") and b"transfer-encoding" not in told and b"connection: close" in told
    assert body.startswith((b"id,", b"{", b"<!doctype html>"))


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "http://127.0.0.1:{port}/v1/me", 200),
        ("GET", "HTTP://127.0.0.1:{port}/v1/me", 200),
        ("GET", "http://127.0.0.1:{port}/problems?a=b", 200),
        ("GET", "http://127.0.0.1:{port}", 200),
        ("OPTIONS", "*", 204),
        ("OPTIONS", "http://127.0.0.1:{port}", 204),
        ("GET", "*", 400),
        ("GET", "http://localhost:{port}/v1/me", 400),
        ("GET", "http://other.example.com/v1/me", 400),
        ("GET", "http://user@127.0.0.1:{port}/v1/me", 400),
        ("GET", "http:///v1/me", 400),
        ("GET", "ftp://127.0.0.1:{port}/v1/me", 400),
        ("GET", "http://127.0.0.1:{port}@other.example.com/v1/me", 400),
        ("GET", "http://127.0.0.1:{port}/v1/me#part", 400),
    ],
)
def test_a_target_may_name_this_host_and_no_other(live: Live, method: str, target: str, status: int) -> None:
    port = live.served.port
    head = f"{method} {target.format(port=port)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nVersion: {NEWEST}\r\n"
    head += f"Authorization: Bearer {live.a.tokens['owner']}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(head.encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert status != 204 or b"allow: GET, HEAD, POST" in answer


@pytest.mark.parametrize("target", ["/v1/%6de", "/%76%31/me", "/v1/%6D%65", "/%76%31/%6de?"])
def test_a_path_is_the_same_whichever_of_its_letters_are_encoded(live: Live, target: str) -> None:
    assert live.call("GET", target).status_code == 200


def test_what_is_encoded_is_no_separator(live: Live) -> None:
    for target in ("/v1%2Fme", "/v1/contacts%2Fsearch", "/v1/%2e%2e/v1/me", "/v1/contacts/a%2Fnotes"):
        assert live.call("GET", target).json()["code"] in ("route_unknown", "record_not_found"), target
