"""Misbehaviour on demand, and the record of what arrived."""

import socket
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box

CONTACTS = "/api/crm/contacts"


def created(box: Box) -> int:
    return box.counts().get(f"POST {CONTACTS}", {"created": 0})["created"]


def raw(box: Box, method: str = "GET", path: str = CONTACTS) -> bytes:
    """Every byte that comes back until the connection ends."""
    received = b""
    with socket.create_connection(("127.0.0.1", box.http.base_url.port or 0), timeout=5) as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        while chunk := line.recv(65536):
            received += chunk
    return received


def test_a_delay_delays_and_then_goes_on(box: Box, meridian: httpx.Client) -> None:
    box.fault(path=CONTACTS, delay_ms=150, times=1)
    began = time.monotonic()
    assert meridian.get(CONTACTS).status_code == 200
    assert 0.15 <= time.monotonic() - began < 1
    began = time.monotonic()
    meridian.get(CONTACTS)
    assert time.monotonic() - began < 0.15


def test_a_status_takes_the_place_of_the_answer(box: Box, meridian: httpx.Client) -> None:
    box.fault(method="POST", path=CONTACTS, status=503, body={"oops": 1}, headers={"Retry-After": "7"}, times=2)
    for _ in range(2):
        answer = meridian.post(CONTACTS, json={"firstName": "A"})
        assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"oops": 1}, "7")
    assert created(box) == 0
    assert meridian.post(CONTACTS, json={"firstName": "A"}).status_code == 201
    assert box.counts()[f"POST {CONTACTS}"] == {"requests": 3, "created": 1}


def test_the_write_may_happen_before_the_misbehaviour(box: Box, meridian: httpx.Client) -> None:
    box.fault(method="POST", path=CONTACTS, status=500, then_execute=True, times=1)
    assert meridian.post(CONTACTS, json={"firstName": "Ghost"}).status_code == 500
    assert created(box) == 1
    box.fault(method="POST", path=CONTACTS, cut="before", then_execute=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        meridian.post(CONTACTS, json={"firstName": "Ghost"})
    assert created(box) == 2


@pytest.mark.parametrize(
    ("cut", "begins", "ends"),
    [("before", b"", b""), ("headers", b"HTTP/1.1 200 OK\r\ncont", b""), ("body", b"HTTP/1.1 200 OK\r\n", b"")],
)
def test_connections_are_cut_where_asked(box: Box, cut: str, begins: bytes, ends: bytes) -> None:
    box.fault(cut=cut)
    received = raw(box)
    assert received.startswith(begins)
    head, blank, body = received.partition(b"\r\n\r\n")
    assert bool(blank) == (cut == "body")
    if cut == "body":
        promised = int(head.rpartition(b"content-length: ")[2])
        assert 0 < len(body) < promised
    if cut == "before":
        assert received == b""


def test_a_cut_body_is_half_of_the_real_one_when_the_request_was_performed(box: Box, meridian: httpx.Client) -> None:
    box.fault(method="POST", cut="body", then_execute=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        meridian.post(CONTACTS, json={"firstName": "Half"})
    assert created(box) == 1


def test_garbage_in_the_body_and_in_the_protocol(box: Box, meridian: httpx.Client) -> None:
    box.fault(garbage=True, times=1)
    answer = meridian.get(CONTACTS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(UnicodeDecodeError):
        answer.json()
    box.fault(garbage="protocol", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        meridian.get(CONTACTS)


def test_huge_bodies_are_exactly_so_huge(box: Box, meridian: httpx.Client) -> None:
    box.fault(huge=3_000_001, times=1)
    answer = meridian.get(CONTACTS)
    assert len(answer.content) == 3_000_001
    assert answer.json().keys() == {"data"}


def test_a_body_may_never_end(box: Box, meridian: httpx.Client) -> None:
    box.fault(never_end=True, times=1)
    with meridian.stream("GET", CONTACTS, timeout=0.5) as answer:
        chunks = answer.iter_raw()
        assert len([next(chunks) for _ in range(3)]) == 3
    assert meridian.get(CONTACTS).status_code == 200


def test_html_and_headers(box: Box, meridian: httpx.Client) -> None:
    box.fault(html=True, status=502, times=1)
    page = meridian.get(CONTACTS)
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    box.fault(headers={"Set-Cookie": "a=b", "Content-Type": "text/plain"}, times=1)
    odd = meridian.get(CONTACTS)
    assert (odd.headers["set-cookie"], odd.headers["content-type"]) == ("a=b", "text/plain")
    assert odd.json()["pagination"]["total"] > 0


def test_faults_apply_before_keys_are_looked_at_and_only_where_they_match(box: Box) -> None:
    box.fault(method="DELETE", path="/api/crm/deals", status=500)
    assert box.http.get("/api/crm/deals").status_code == 401
    assert box.http.delete("/api/crm/deals/x").status_code == 500
    assert box.http.delete("/api/crm/notes/x").status_code == 401
    assert len(box.http.get("/_control/faults").json()) == 1
    box.http.delete("/_control/faults")
    assert box.http.delete("/api/crm/deals/x").status_code == 401


@pytest.mark.parametrize("described", [{"statuss": 500}, {"cut": "here"}, [1]])
def test_a_switch_that_does_not_exist_is_refused(box: Box, described: Any) -> None:
    assert box.http.post("/_control/faults", json=described).status_code == 400
    assert box.http.get("/_control/faults").json() == []


def test_what_arrived_can_be_read_word_for_word(box: Box, meridian: httpx.Client) -> None:
    meridian.post(f"{CONTACTS}?a=1&b=%20", json={"firstName": "Ö"}, headers={"X-Request-Id": "r-1"})
    meridian.get(f"{CONTACTS}/{'0' * 24}")
    meridian.post(f"{CONTACTS}/import", content=b"firstName\nA\n", headers={"Content-Type": "text/csv"})
    posted, got, imported = box.http.get("/_control/last?n=3").json()["requests"]
    assert (posted["method"], posted["path"], posted["query"]) == ("POST", CONTACTS, "a=1&b=%20")
    assert (posted["template"], posted["body"]) == (CONTACTS, {"firstName": "Ö"})
    assert posted["headers"]["x-request-id"] == "r-1"
    assert (got["template"], got["body"]) == (f"{CONTACTS}/{{id}}", None)
    assert imported["body"] == "firstName\nA\n"
    assert len(box.http.get("/_control/last?n=1").json()["requests"]) == 1


def test_unknown_paths_are_counted_together(box: Box, meridian: httpx.Client) -> None:
    meridian.get("/api/nothing")
    meridian.post("/else/where")
    assert box.counts() == {"unmatched": {"requests": 2, "created": 0}}
