import httpx
import pytest

from gateway.observe import admin


async def holds() -> bool:
    return True


async def fails() -> bool:
    return False


async def breaks() -> bool:
    raise OSError("redis://user:password@internal.host:6379 refused")


async def ask(path: str, **checks: admin.Check) -> httpx.Response:
    transport = httpx.ASGITransport(app=admin.create(lambda _: b"gateway_workers 2.0\n", lambda: checks))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9090") as client:
        return await client.get(path)


async def test_metrics_are_text_for_prometheus() -> None:
    answer = await ask("/metrics")
    assert answer.text == "gateway_workers 2.0\n"
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_a_path_that_differs_by_a_slash_is_not_there() -> None:
    assert [(await ask(path)).status_code for path in ("/metrics/", "/healthz/", "/readyz/")] == [404] * 3


async def test_healthz_asks_nothing_but_the_process() -> None:
    assert (await ask("/healthz", redis=fails)).status_code == 200


async def test_readyz_is_200_when_every_check_holds() -> None:
    answer = await ask("/readyz", redis=holds, sql=holds)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"redis": "ok", "sql": "ok"}}


@pytest.mark.parametrize("broken", [fails, breaks])
async def test_readyz_names_what_fails_and_nothing_about_where(broken: admin.Check) -> None:
    answer = await ask("/readyz", redis=broken, sql=holds)
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "checks": {"redis": "failing", "sql": "ok"}}
    assert "internal.host" not in answer.text


async def test_a_check_that_is_excluded_is_not_asked_and_one_that_there_is_not_excludes_nothing() -> None:
    answer = await ask("/readyz?exclude=redis&exclude=reddis", redis=fails, sql=holds)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"sql": "ok", "redis": "excluded"}}
    assert (await ask("/readyz?exclude=redis", redis=holds, sql=fails)).status_code == 503
    assert (await ask("/readyz?exclude=reddis", redis=fails, sql=holds)).status_code == 503


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9090", 200),
        ("LOCALHOST.", 200),
        ("127.0.0.1", 200),
        ("10.0.0.5:9090", 200),
        ("[::1]:9090", 200),
        ("gateway.ops.svc:9090", 200),
        ("evil.example", 400),
        ("evil.example:9090", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost:evil", 400),
    ],
)
async def test_the_admin_port_answers_to_addresses_and_to_names_of_its_own(host: str, status: int) -> None:
    app = admin.create(lambda _: b"secret_total 1\n", dict, lambda: {"gateway.ops.svc"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        for path in ("/metrics", "/readyz", "/healthz"):
            answer = await client.get(path, headers={"Host": host})
            assert answer.status_code == status
            assert status == 200 or "secret" not in answer.text
