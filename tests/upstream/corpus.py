"""Answers as services give them, and as no service should."""

from tests.upstream.service import OK
from tests.upstream.test_hostile_answers import GARBAGE

HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 2\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n"
NGINX = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 25 Nov 2025 14:22:00 GMT\r\nContent-Type: application/json\r\n"
    b'Content-Length: 2\r\nConnection: keep-alive\r\nETag: "69259c70-2d3"\r\nAccept-Ranges: bytes\r\n\r\nok'
)
NODE = (
    b"HTTP/1.1 201 Created\r\nX-Powered-By: Express\r\nContent-Type: application/json; charset=utf-8\r\ncontent-length: 2\r\n"
    b'ETag: W/"a-b"\r\nVary: Origin\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok'
)
UVICORN = b"HTTP/1.1 404 Not Found\r\nserver: uvicorn\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\nok"
BARE = b"HTTP/1.1 500 \r\nX-Empty:\r\nX-Odd: \t a\xff\tb \t\r\nCONTENT-LENGTH:0\r\n\r\n"
PLAIN = [OK, NGINX, NODE, UVICORN, BARE]


def odd(*lines: bytes) -> list[bytes]:
    """Answers with each of `lines` before and behind the length."""
    pairs = (pair for each in lines for pair in ((each, b""), (b"", each)))
    return [HEAD + before + LENGTH + behind + b"\r\nok" for before, behind in pairs]


CORPUS = [
    *PLAIN,
    *GARBAGE.values(),
    CHUNKED,
    b"",
    b"\r\n" + OK,
    OK + b"\r\n",
    OK + b"\r\n\n\r",
    OK + b"x",
    OK + OK,
    OK + CHUNKED,
    OK + b"HTTP/1.1 500",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    *(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok" % status for status in (100, 102, 199, 203, 204, 205, 206, 304, 599, 600)),
    *(HEAD.replace(b"1.1", version) + LENGTH + b"\r\nok" for version in (b"1.0", b"1.2", b"2.0", b"0.9", b"1,1", b"11")),
    *(line + b"\r\nContent-Length: 2\r\n\r\nok" for line in (b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK")),
    *(HEAD[:-2] + more + b"\r\n" + LENGTH + b"\r\nok" for more in (b"\t", b"\x01", b"\x7f", b"\xff", b"\r", b"\n", b"\x00")),
    *(HEAD + b"Content-Length:" + value + b"\r\n\r\nok" for value in (
        b"2", b" 2", b"  2", b"\t2", b" 2 ", b" 2\t", b" 02", b" 0000000000000000002", b"", b" ", b" 2 2", b" 0x2", b" 2,2", b" \xb2",
        b" 1", b" 3", b" 99999", b" 999999999999999", b" 9999999999999999", b" 18446744073709551618", b" 2;", b"2\x00",
    )),
    *odd(LENGTH, b"Content-Length: 3\r\n", b"content-LENGTH:2\r\n", b"Content-Length : 2\r\n", b"Content-Length\r\n", b" Content-Length: 2\r\n"),
    *odd(*(
        name + b": " + value + b"\r\n"
        for name in (b"Connection", b"connection", b"CONNECTION", b"Proxy-Connection", b"Keep-Alive", b"Upgrade", b"Trailer", b"TE")
        for value in (b"keep-alive", b"Keep-Alive", b"close", b"Close", b"close, keep-alive", b"keep-alive, close", b"upgrade", b"h2c", b"keep-alive ", b"")
    )),
    *odd(b"Connection: keep-alive\r\nConnection: close\r\n", b"Connection: keep-alive\r\nConnection: keep-alive\r\n", b"Connection:keep-alive\r\n"),
    *odd(b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Connection: keep-alive\r\n folded\r\n", b"X: a\r\n\tb\r\n", b"X:\r\n \r\n", b"X: a\r\n\r\n"),
    *odd(*(b"Transfer-Encoding: " + coding + b"\r\n" for coding in (b"chunked", b"gzip", b"identity", b"", b"chunked, gzip", b"x"))),
    *odd(b"X\r\n", b": x\r\n", b"X: a\n", b"X: a\r", b"X: a\r\r\n", b"\n", b"\r", b"Connections: close\r\n", b"XConnection: close\r\n"),
]  # fmt: skip


BYTES = odd(
    *(b"%ba: b\r\n" % bytes((code,)) for code in range(256)), *(b"X: a%bb\r\n" % bytes((code,)) for code in range(256))
)
