"""Long answers in gzip for who asks, and as they are for everybody else."""

from __future__ import annotations

import gzip
import http.client
import json

import pytest

from gateway.downstream.compression import LEAST, compressed, wanted
from tests.live import NEWEST, Live


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (b"gzip", True),
        (b"gzip, deflate, br, zstd", True),
        (b"GZIP;q=0.5", True),
        (b"x-gzip", True),
        (b"*", True),
        (b"br;q=1, *;q=0.1", True),
        (b"gzip;q=1.0, identity;q=0.5", True),
        (b"gzip;q=0.5, identity;q=0.5", True),
        (b"identity;q=1, gzip;q=0.5", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000, *", False),
        (b"*;q=0", False),
        (b"br", False),
        (b"identity", False),
        (b"", False),
        (b"gzip;q=high", False),
        (b"gzip;level=9", False),
    ],
)
def test_the_header_is_read_with_its_weights(header: bytes, takes: bool) -> None:
    assert wanted(header) is takes


@pytest.mark.parametrize("length", [LEAST, 1_000_000])
async def test_what_is_compressed_is_the_same_when_it_is_read(length: int) -> None:
    body = b"0123456789abcdef" * (length // 16)
    assert gzip.decompress(await compressed(body)) == body


def ask(live: Live, limit: int, accepts: str | None) -> tuple[http.client.HTTPResponse, bytes]:
    """One search by a client that does nothing by itself."""
    connection = http.client.HTTPConnection("127.0.0.1", live.served.port, timeout=20)
    headers = {
        "Authorization": f"Bearer {live.a.tokens['owner']}",
        "Version": NEWEST,
        "Content-Type": "application/json",
    }
    connection.putrequest("POST", "/v1/contacts/search", skip_accept_encoding=True)
    body = json.dumps({"limit": limit, "order_by": "created_at"}).encode()
    headers |= {"Content-Length": str(len(body))} | ({} if accepts is None else {"Accept-Encoding": accepts})
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_long_answer_is_compressed_for_who_asks_and_for_nobody_else(live: Live) -> None:
    plain, whole = ask(live, 50, None)
    packed, body = ask(live, 50, "gzip")
    assert len(whole) > LEAST
    assert (plain.headers["content-encoding"], packed.headers["content-encoding"]) == (None, "gzip")
    assert int(packed.headers["content-length"]) == len(body) < len(whole) / 3
    assert json.loads(gzip.decompress(body))["data"] == json.loads(whole)["data"]
    for answer in (plain, packed):
        assert answer.headers.get_all("vary") == ["Authorization, Version", "Accept-Encoding"]


def test_a_short_answer_is_sent_as_it_is(live: Live) -> None:
    answer, body = ask(live, 1, "gzip")
    assert len(body) < LEAST
    assert answer.headers["content-encoding"] is None
    assert answer.headers["vary"] == "Authorization, Version"
