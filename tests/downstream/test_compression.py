"""Long answers in zstd or gzip for who asks, and as they are for everybody else."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import sys

import pytest

from gateway.downstream.compression import GZIP, LEAST, ZSTD, Coding, wanted
from tests.live import NEWEST, Live

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


PACKED = {"zstd": ZSTD, "gzip": GZIP}
READ = {"zstd": zstd.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (b"gzip", GZIP),
        (b"zstd", ZSTD),
        (b"ZSTD", ZSTD),
        (b"gzip, deflate, br, zstd", ZSTD),
        (b"zstd;q=0.5, gzip;q=0.5", ZSTD),
        (b"zstd;q=0.5, gzip;q=0.8", GZIP),
        (b"zstd;q=0.8,gzip;q=0.5", ZSTD),
        (b"zstd;q=0, gzip", GZIP),
        (b"zstd;q=0, *", GZIP),
        (b"gzip;q=0, *", ZSTD),
        (b"gzip;q=0.2, *;q=0.1", GZIP),
        (b"gzip, *;q=0", GZIP),
        (b"zstd;q=low, gzip;q=0.1", GZIP),
        (b"GZIP;q=0.5", GZIP),
        (b"x-gzip", GZIP),
        (b"gzip;q=0, x-gzip", GZIP),
        (b"*", ZSTD),
        (b"br;q=1, *;q=0.1", ZSTD),
        (b"gzip;q=1.0, identity;q=0.5", GZIP),
        (b"gzip;q=0.5, identity;q=0.5", GZIP),
        (b"identity;q=0.7, zstd;q=0.5, gzip;q=0.8", GZIP),
        (b"identity;q=1, gzip;q=0.5", None),
        (b"identity, zstd;q=0.9, gzip;q=0.5", None),
        (b"gzip;q=0", None),
        (b"gzip;q=0.000, zstd;q=0", None),
        (b"*;q=0", None),
        (b"identity;q=0, *;q=0", None),
        (b"br", None),
        (b"identity", None),
        (b"", None),
        (b"gzip;q=high", None),
        (b"gzip;level=9", None),
        (b"zstd;q=1.1", None),
        (b"zstd-dictionary", None),
    ],
)
def test_the_header_is_read_with_its_weights(header: bytes, takes: Coding | None) -> None:
    assert wanted(header) is takes


@pytest.mark.parametrize("coding", sorted(PACKED))
@pytest.mark.parametrize("length", [LEAST, 1_000_000])
async def test_what_is_compressed_is_the_same_when_it_is_read(coding: str, length: int) -> None:
    body = b"0123456789abcdef" * (length // 16)
    assert READ[coding](await PACKED[coding].compressed(body)) == body


def test_a_reader_of_zstd_needs_no_more_memory_than_the_web_allows() -> None:
    body = random.Random(1).randbytes(20_000_000)
    # RFC 9659: a window of at most 8 MB; what needs a larger one is refused with this bound.
    bound: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
    assert zstd.decompress(ZSTD.make(body), options=bound) == body


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


@pytest.mark.parametrize("coding", sorted(PACKED))
def test_a_long_answer_is_compressed_for_who_asks_and_for_nobody_else(live: Live, coding: str) -> None:
    plain, whole = ask(live, 50, None)
    packed, body = ask(live, 50, coding)
    assert len(whole) > LEAST
    assert (plain.headers["content-encoding"], packed.headers["content-encoding"]) == (None, coding)
    assert int(packed.headers["content-length"]) == len(body) < len(whole) / 3
    assert json.loads(READ[coding](body))["data"] == json.loads(whole)["data"]
    for answer in (plain, packed):
        assert answer.headers.get_all("vary") == ["Authorization, Version", "Accept-Encoding"]


def test_a_short_answer_is_sent_as_it_is(live: Live) -> None:
    answer, body = ask(live, 1, "zstd, gzip")
    assert len(body) < LEAST
    assert answer.headers["content-encoding"] is None
    assert answer.headers["vary"] == "Authorization, Version"
