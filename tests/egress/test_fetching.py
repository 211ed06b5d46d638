"""Documents that a stranger named, read over real sockets, within bounds (events.md §4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network

import pytest

from gateway.egress.dialling import Dialler
from gateway.egress.fetching import AT_ONCE, Fetcher, Unfetched
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Address, Allowed, Rules

LOCAL = Rules(http=True, allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),), http=True),))
LARGEST = 1_000


class Names(Resolver):
    """Every name leads to one address."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__(1)
        self._address = ip_address(address)

    async def addresses(self, host: str, port: int) -> list[Address]:
        return [self._address]


Answer = Callable[[str], bytes]


class Site:
    """Answers by path; `heads`: what it was asked; `busy`, `most`: how many at once."""

    def __init__(self, answer: Answer, *, keep: bool = False) -> None:
        self._answer, self._keep = answer, keep
        self.heads: list[str] = []
        self.busy = self.most = self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy += 1
        self.most = max(self.most, self.busy)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        writer.write(self._answer(head.split(" ")[1]))
        if self._keep:
            await reader.read()
        self.busy -= 1
        writer.close()


@asynccontextmanager
async def site(answer: Answer, *, keep: bool = False) -> AsyncIterator[Site]:
    made = Site(answer, keep=keep)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def said(status: int, *lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode() + body


def whole(body: bytes, *lines: str) -> bytes:
    return said(200, *lines, f"Content-Length: {len(body)}", body=body)


def fetcher(rules: Rules = LOCAL, address: str = "127.0.0.1") -> Fetcher:
    return Fetcher(Dialler(rules, Names(address)), "Proactiq")


async def kind(call: Fetcher, url: str, *, within: float = 5.0, redirects: int = 0) -> str:
    with pytest.raises(Unfetched) as refused:
        await call.fetch(url, largest=LARGEST, within=within, redirects=redirects)
    return refused.value.kind


async def test_a_document_is_read_whole_with_its_head() -> None:
    async with site(lambda _: whole(b"{}", "Content-Type: Application/JSON; charset=utf-8", "ETag: 1")) as there:
        url = f"http://apps.example:{there.port}/client?x=1"
        found = await fetcher().fetch(url, largest=LARGEST, accept="application/json")
    assert (found.status, found.body, found.media_type, found.url) == (200, b"{}", "application/json", url)
    assert found.headers[b"etag"] == b"1"
    head = there.heads[0].split("\r\n")
    assert head[0] == "GET /client?x=1 HTTP/1.1"
    assert {f"Host: apps.example:{there.port}", "Accept: application/json", "User-Agent: Proactiq"} <= {*head}
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in head)


@pytest.mark.parametrize("size", [0, 1, LARGEST - 1, LARGEST, LARGEST + 1, 50 * LARGEST])
async def test_what_is_larger_than_asked_for_is_not_read_however_it_is_framed(size: int) -> None:
    body = b"x" * size
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
    answers = {
        "/length": whole(body),
        "/chunks": said(200, "Transfer-Encoding: chunked", body=chunked),
        "/closed": said(200, "Connection: close", body=body),
    }
    async with site(answers.__getitem__) as there:
        for path in answers:
            url = f"http://apps.example:{there.port}{path}"
            if size <= LARGEST:
                assert (await fetcher().fetch(url, largest=LARGEST)).body == body
            else:
                assert await kind(fetcher(), url) == "too_large"


async def test_an_answer_that_never_ends_is_left_in_time() -> None:
    for begun in (b"", b"HTTP/1.1 200 OK\r\nContent-Le", said(200, "Content-Length: 9", body=b"abc")):
        async with site({"/": begun}.__getitem__, keep=True) as there:
            started = asyncio.get_running_loop().time()
            assert await kind(fetcher(), f"http://apps.example:{there.port}/", within=0.2) == "timeout"
            assert asyncio.get_running_loop().time() - started < 2


async def test_an_address_of_no_internet_is_never_read_whatever_its_name() -> None:
    assert await kind(fetcher(Rules(), "10.0.0.1"), "https://apps.example/") == "vetted_private"
    assert await kind(fetcher(Rules(), "169.254.169.254"), "https://apps.example/") == "vetted_metadata"
    assert await kind(fetcher(Rules()), "https://127.0.0.1/") == "vetted_literal"
    assert await kind(fetcher(Rules()), "https://user@apps.example/") == "vetted_userinfo"
    assert await kind(fetcher(Rules()), "file:///etc/passwd") == "vetted_scheme"


async def test_redirects_are_followed_only_as_often_as_asked_and_each_is_judged() -> None:
    answers = {
        "/1": said(302, "Location: /2", "Content-Length: 0"),
        "/2": said(308, "Location: 3", "Content-Length: 0"),
        "/3": whole(b"there"),
        "/in": said(301, "Location: http://169.254.169.254/latest", "Content-Length: 0"),
        "/file": said(301, "Location: file:///etc/passwd", "Content-Length: 0"),
        "/none": said(301, "Content-Length: 0"),
        "/odd": said(301, "Location: http://[", "Content-Length: 0"),
    }
    async with site(answers.__getitem__) as there:
        base = f"http://apps.example:{there.port}"
        found = await fetcher().fetch(f"{base}/1", largest=LARGEST, redirects=2)
        assert (found.body, found.url) == (b"there", f"{base}/3")
        assert await kind(fetcher(), f"{base}/1", redirects=1) == "redirect"
        assert await kind(fetcher(), f"{base}/1") == "redirect"
        assert await kind(fetcher(), f"{base}/in", redirects=1) == "vetted_literal"
        assert await kind(fetcher(), f"{base}/file", redirects=1) == "vetted_scheme"
        assert await kind(fetcher(), f"{base}/none", redirects=1) == "redirect"
        assert await kind(fetcher(), f"{base}/odd", redirects=1) == "redirect"


async def test_what_is_no_answer_is_told_as_that() -> None:
    answers = {
        "/ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "/gone": b"",
        "/zip": whole(b"\x1f\x8b", "Content-Encoding: gzip"),
    }
    async with site(answers.__getitem__) as there:
        found = [await kind(fetcher(), f"http://apps.example:{there.port}{path}") for path in answers]
    assert found == ["invalid", "reset", "encoded"]
    assert await kind(fetcher(), "http://apps.example:1/") == "connect"


async def test_strangers_have_only_so_much_read_at_once() -> None:
    async with site(lambda _: whole(b"")) as there:
        call = fetcher()
        url = f"http://apps.example:{there.port}/"
        await asyncio.gather(*(call.fetch(url, largest=LARGEST) for _ in range(5 * AT_ONCE)))
    assert len(there.heads) == 5 * AT_ONCE
    assert there.most <= AT_ONCE
