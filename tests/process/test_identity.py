import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import respx

from gateway.auth import users
from gateway.auth.users import Identity, IdentityUnavailable
from gateway.observe import outage

JANE = {
    "id": "clxjane",
    "tenantId": "clxacme",
    "email": "jane@acme.example",
    "name": "Jane",
    "role": "manager",
    "active": True,
}


@dataclass
class Timeouts:
    connect: float = 0.2
    total: float = 0.3


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    client = Identity("http://auth.internal:9000/base", "service-key", Timeouts(), role_ttl=45.0)
    yield client
    await client.aclose()


@pytest.fixture
def auth() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url="http://auth.internal:9000/base/api/auth") as router:
        yield router


async def test_a_user_is_asked_for_with_the_service_key_in_the_tenants_name(
    identity: Identity, auth: respx.MockRouter
) -> None:
    route = auth.get("/users/clxjane").respond(json={"data": JANE})
    user = await identity.user("clxacme", "clxjane")
    assert user is not None and user.role == "manager" and user.active
    assert route.calls.last.request.headers["authorization"] == "Bearer service-key"
    assert route.calls.last.request.headers["x-business-id"] == "clxacme"


async def test_an_unknown_user_is_none(identity: Identity, auth: respx.MockRouter) -> None:
    auth.get("/users/nobody").respond(404, json={"error": {}})
    assert await identity.user("clxacme", "nobody") is None


async def test_a_user_of_another_tenant_is_nobody(identity: Identity, auth: respx.MockRouter) -> None:
    auth.get("/users/clxjane").respond(json={"data": JANE})
    auth.get("/users", params={"email": "jane@acme.example"}).respond(json={"data": JANE})
    assert await identity.user("clxother", "clxjane") is None
    assert await identity.user_by_email("clxother", "jane@acme.example") is None


async def test_an_id_cannot_leave_its_path_segment(identity: Identity, auth: respx.MockRouter) -> None:
    route = auth.get(url__regex=".*").respond(404)
    assert await identity.user("clxacme", "../tenants/x?y") is None
    assert route.calls.last.request.url.raw_path == b"/base/api/auth/users/..%2Ftenants%2Fx%3Fy"


async def test_a_disabled_user_reads_as_inactive(identity: Identity, auth: respx.MockRouter) -> None:
    auth.get("/users/clxjane").respond(json={"data": {**JANE, "active": False}})
    user = await identity.live_user("clxacme", "clxjane")
    assert user is not None and not user.active


async def test_simultaneous_callers_share_one_call_and_later_ones_the_answer(
    identity: Identity, auth: respx.MockRouter
) -> None:
    async def slowly(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.02)
        return httpx.Response(200, json={"data": JANE})

    route = auth.get("/users/clxjane").mock(side_effect=slowly)
    users = await asyncio.gather(*(identity.live_user("clxacme", "clxjane") for _ in range(20)))
    users.append(await identity.live_user("clxacme", "clxjane"))
    assert len(set(users)) == 1 and route.call_count == 1


async def test_one_caller_hanging_up_leaves_the_others_their_answer(identity: Identity, auth: respx.MockRouter) -> None:
    async def slowly(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        return httpx.Response(200, json={"data": JANE})

    auth.get("/users/clxjane").mock(side_effect=slowly)
    first = asyncio.create_task(identity.live_user("clxacme", "clxjane"))
    second = asyncio.create_task(identity.live_user("clxacme", "clxjane"))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second is not None


async def test_a_role_change_bites_after_the_ttl(auth: respx.MockRouter) -> None:
    client = Identity("http://auth.internal:9000/base", "k", Timeouts(), role_ttl=0.02)
    auth.get("/users/clxjane").mock(
        side_effect=[httpx.Response(200, json={"data": JANE | {"role": role}}) for role in ("owner", "viewer")]
    )
    first = await client.live_user("clxacme", "clxjane")
    await asyncio.sleep(0.03)
    second = await client.live_user("clxacme", "clxjane")
    await client.aclose()
    assert first is not None and second is not None
    assert (first.role, second.role) == ("owner", "viewer")


@pytest.mark.parametrize(
    ("key", "ttl", "calls"), [("service-key", 45.0, 1), ("another", 45.0, 2), ("service-key", 5.0, 2)]
)
async def test_a_user_is_known_from_a_former_client_that_asked_in_the_same_way(
    identity: Identity, auth: respx.MockRouter, key: str, ttl: float, calls: int
) -> None:
    route = auth.get("/users/clxjane").respond(json={"data": JANE})
    await identity.live_user("clxacme", "clxjane")
    latter = Identity("http://auth.internal:9000/base", key, Timeouts(), role_ttl=ttl)
    latter.inherit(identity)
    user = await latter.live_user("clxacme", "clxjane")
    await latter.aclose()
    assert user is not None and user.role == "manager"
    assert route.call_count == calls


async def test_a_failure_is_not_remembered(identity: Identity, auth: respx.MockRouter) -> None:
    auth.get("/users/clxjane").mock(side_effect=[httpx.Response(500), httpx.Response(200, json={"data": JANE})])
    with pytest.raises(IdentityUnavailable):
        await identity.live_user("clxacme", "clxjane")
    assert await identity.live_user("clxacme", "clxjane") is not None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="stack trace"),
        httpx.Response(302, headers={"Location": "http://internal.host/"}),
        httpx.Response(401, json={"error": {}}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json={"data": "x"}),
        httpx.Response(200, json={"data": {**JANE, "role": 7}}),
        httpx.Response(200, content=b"x" * 100_000),
        httpx.ConnectError("no route to auth.internal"),
        httpx.ReadTimeout("auth.internal"),
    ],
)
async def test_an_answer_that_cannot_be_trusted_is_unavailable_and_names_no_host(
    identity: Identity, auth: respx.MockRouter, answer: httpx.Response | Exception
) -> None:
    mocked = auth.get("/users/clxjane")
    mocked.mock(side_effect=answer) if isinstance(answer, Exception) else mocked.mock(return_value=answer)
    with pytest.raises(IdentityUnavailable) as raised:
        await identity.user("clxacme", "clxjane")
    assert "internal" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_an_answer_that_never_ends_is_cut_at_the_total_timeout(
    identity: Identity, auth: respx.MockRouter
) -> None:
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.05)
                yield b" "

    auth.get("/users/clxjane").respond(200, stream=Dripping())
    with pytest.raises(IdentityUnavailable):
        await identity.user("clxacme", "clxjane")


async def test_signing_in_gives_the_session_and_its_user(identity: Identity, auth: respx.MockRouter) -> None:
    documented = {key: value for key, value in JANE.items() if key != "active"}
    auth.post("/signin").respond(json={"token": "session", "user": documented})
    signed_in = await identity.sign_in("jane@acme.example", "hunter2")
    assert signed_in is not None and signed_in.token == "session" and signed_in.user.active


async def test_refused_credentials_are_none(identity: Identity, auth: respx.MockRouter) -> None:
    auth.post("/signin").respond(401, json={"error": {}})
    assert await identity.sign_in("jane@acme.example", "wrong") is None


async def test_a_tenant_is_found_by_id(identity: Identity, auth: respx.MockRouter) -> None:
    auth.get("/tenants/clxacme").respond(json={"data": {"id": "clxacme", "name": "Acme"}})
    tenant = await identity.tenant("clxacme")
    assert tenant is not None and tenant.name == "Acme"


class _Service:
    """An auth service that answers, or hangs: it takes connections and says nothing."""

    def __init__(self) -> None:
        self.hangs = False
        self.asked = 0
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                self.asked += line != b"/"
                while self.hangs:  # noqa: ASYNC110 - a hung process announces nothing
                    await asyncio.sleep(0.01)
                body = json.dumps({"data": {**JANE, "id": line.rpartition(b"/")[2].decode()}}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.fixture
async def service() -> AsyncIterator[_Service]:
    found = _Service()
    server = await asyncio.start_server(found, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    found.hangs = False
    server.close()


async def test_a_hung_auth_service_is_waited_for_once_and_told_once_and_known_roles_hold(
    service: _Service, logged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAUSE", 0.02)
    monkeypatch.setattr(outage, "HELD", 0.0)
    client = Identity(f"http://127.0.0.1:{service.port}", "k", Timeouts(total=0.5))
    known = await client.live_user("clxacme", "clxknown")
    assert known is not None
    service.hangs = True
    with pytest.raises(IdentityUnavailable, match="in time"):
        await client.live_user("clxacme", "clxjane")
    asked, began = service.asked, time.monotonic()
    refused = await asyncio.gather(
        *(client.live_user("clxacme", f"clx{n}") for n in range(100)),
        *(client.sign_in("jane@acme.example", "x") for _ in range(100)),
        return_exceptions=True,
    )
    assert time.monotonic() - began < 0.4 and service.asked == asked
    assert {type(each) for each in refused} == {IdentityUnavailable}
    assert await client.live_user("clxacme", "clxknown") == known
    service.hangs = False
    async with asyncio.timeout(5):
        while not await _answers(client):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    await client.aclose()
    lines = [line for line in logged() if line["event"].startswith("service ")]
    assert [(line["event"], line["service"], line["host"]) for line in lines] == [
        ("service lost", "auth", f"127.0.0.1:{service.port}"),
        ("service back", "auth", f"127.0.0.1:{service.port}"),
    ]
    assert lines[0]["reason"] == "it did not answer in time"


async def _answers(client: Identity) -> bool:
    try:
        return await client.user("clxacme", "clxjane") is not None
    except IdentityUnavailable:
        return False
