"""Which answers scripts of another origin may read."""

from __future__ import annotations

import pytest

from tests.live import Live
from tests.oauth.conftest import ORIGIN

READABLE = [
    ("POST", "/v1/contacts/search"),
    ("GET", "/v1/me"),
    ("POST", "/mcp"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("POST", "/oauth/register"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource"),
]
NEVER = ["/oauth/authorize", "/oauth/sign-in", "/oauth/introspect", "/console", "/healthz"]


def allowing(pair: Live, method: str, path: str, origin: str = ORIGIN, **more: str) -> dict[str, str]:
    answer = pair.client.request(method, path, headers={"Origin": origin, **more})
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


@pytest.mark.parametrize(("method", "path"), READABLE)
def test_a_script_of_an_allowed_origin_may_ask_and_read(pair: Live, method: str, path: str) -> None:
    wanted = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, version"}
    answer = pair.client.options(path, headers={"Origin": ORIGIN, **wanted})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert method in answer.headers["access-control-allow-methods"]
    assert {"authorization", "version", "idempotency-key"} <= set(
        answer.headers["access-control-allow-headers"].lower().split(", ")
    )
    read = allowing(pair, method, path)
    assert read["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in read["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in read


def test_a_preflight_carries_what_every_answer_below_v1_carries(pair: Live) -> None:
    wanted = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    first, second = (pair.client.options("/v1/me", headers=wanted).headers for _ in range(2))
    assert first["x-request-id"].startswith("req_")
    assert first["x-request-id"] != second["x-request-id"]
    assert (first["vary"], first["cache-control"]) == ("Authorization, Version", "no-store")


def test_an_agent_in_a_page_may_mirror_its_message_in_headers(pair: Live) -> None:
    wanted = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = pair.client.options("/mcp", headers=wanted).headers["access-control-allow-headers"].lower()
    assert {"mcp-protocol-version", "mcp-method", "mcp-name"} <= set(allowed.split(", "))


def test_even_a_refusal_may_be_read(pair: Live) -> None:
    answer = pair.client.get("/v1/me", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, ORIGIN)
    assert "Origin" in answer.headers.get_list("vary")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", ORIGIN.upper()])
@pytest.mark.parametrize(("method", "path"), READABLE)
def test_no_other_origin_may(pair: Live, method: str, path: str, origin: str) -> None:
    assert allowing(pair, method, path, origin) == {}
    assert allowing(pair, "OPTIONS", path, origin, **{"Access-Control-Request-Method": method}) == {}


@pytest.mark.parametrize("path", NEVER)
def test_pages_of_people_are_never_readable(pair: Live, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert allowing(pair, method, path, **{"Access-Control-Request-Method": "POST"}) == {}


def test_without_configured_origins_nothing_is_added(live: Live) -> None:
    assert allowing(live, "GET", "/v1/me") == {}
