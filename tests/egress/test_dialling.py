"""Connections to strangers' addresses, over real sockets and real TLS (events.md §7, cases 16, 18, 19 and 22)."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address, ip_network

import pytest

from gateway.egress import urls
from gateway.egress.dialling import Dialler, Proxy
from gateway.egress.errors import Undialled
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Address, Allowed, Rules

LOCAL = Rules(http=True, allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),), http=True),))


class Names(Resolver):
    """Names that lead where a test wants, one answer after the other; `asked` counts them."""

    def __init__(self, *answers: list[str]) -> None:
        super().__init__(1)
        self._answers = list(answers)
        self.asked = 0

    async def addresses(self, host: str, port: int) -> list[Address]:
        self.asked += 1
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [ip_address(each) for each in found]


async def dialled(dialler: Dialler, url: str) -> str:
    return await dialler.dial(urls.parse(url, dialler.rules), asyncio.Protocol)


async def test_case_18_one_bad_answer_refuses_the_name_and_no_packet_is_sent() -> None:
    for bad in ("127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "5f00::1", "0.0.0.0"):
        with pytest.raises(Undialled) as refused:
            await dialled(Dialler(Rules(), Names(["93.184.216.34", bad])), "https://hooks.example.com/")
        assert refused.value.kind == "vetted"


async def test_case_19_a_name_is_judged_anew_for_every_connection_and_never_asked_twice_for_one() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    dialler = Dialler(LOCAL, names)
    assert await dialled(dialler, f"http://hooks.example.com:{port}/") == "127.0.0.1"
    assert names.asked == 1
    with pytest.raises(Undialled) as refused:
        await dialled(dialler, f"http://hooks.example.com:{port}/")
    assert (refused.value.kind, str(refused.value), names.asked) == ("vetted", "private", 2)
    server.close()


async def test_case_22_a_proxy_is_asked_for_the_address_that_was_judged_and_the_environment_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    class Both(Names):
        async def addresses(self, host: str, port: int) -> list[Address]:
            return [ip_address("127.0.0.1" if host == "proxy.local" else "93.184.216.34")]

    dialler = Dialler(Rules(http=True), Both(["unused"]), proxy=Proxy("proxy.local", port))
    await dialled(dialler, "http://hooks.example.com/")
    assert heads[0].startswith(b"CONNECT 93.184.216.34:80 HTTP/1.1\r\n")
    naming = Dialler(Rules(http=True), Both(["unused"]), proxy=Proxy("proxy.local", port, resolves=True))
    await dialled(naming, "http://hooks.example.com/")
    assert heads[1].startswith(b"CONNECT hooks.example.com:80 HTTP/1.1\r\n")
    server.close()


async def test_nobody_there_and_no_such_name_are_told_apart() -> None:
    with pytest.raises(Undialled) as refused:
        await dialled(Dialler(LOCAL, Names(["127.0.0.1"])), "http://hooks.example.com:1/")
    assert (refused.value.kind, refused.value.address) == ("connect", "127.0.0.1")
    with pytest.raises(Undialled) as unknown:
        await dialled(Dialler(LOCAL, Resolver(1)), "http://nowhere.invalid:1/")
    assert unknown.value.kind == "dns"


async def test_what_speaks_no_tls_is_told_as_that() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Undialled) as refused:
        await dialled(Dialler(LOCAL, Names(["127.0.0.1"])), f"https://hooks.example.com:{port}/")
    assert refused.value.kind in {"tls_protocol", "tls_failed"}
    server.close()
