"""`/__control/tenants`: whoever has the control key makes test tenants and does to them what no service offers."""

import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Refused, invalid
from sandbox.guard import Services
from sandbox.moments import render_instant
from sandbox.testing import clocks
from sandbox.testing.book import Snapshot
from sandbox.testing.home import TestHome
from sandbox.testing.seeds import Seed
from sandbox.testing.tenants import TestTenants

_ROOT = "/__control/tenants"
_ONE = _ROOT + "/{business_id}"
_ID = re.compile("[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[^\x00-\x1f]{1,200}")
_KEY = re.compile("[A-Za-z0-9_-]{20,200}")
_LARGEST_BODY = 65536
Run = Callable[[Request], Awaitable[Response]]


def routes(services: Services, tenants: TestTenants, key: str) -> list[Route]:
    """key: who knows it may do all of this."""
    calls = _Calls(services, tenants)
    found: dict[str, dict[str, Run]] = {
        _ROOT: {"GET": calls.list},
        _ONE: {"POST": calls.create, "GET": calls.get, "DELETE": calls.delete},
        f"{_ONE}/reset": {"POST": calls.reset},
        f"{_ONE}/clock": {"GET": calls.clock, "PUT": calls.set_clock},
        f"{_ONE}/snapshots": {"POST": calls.keep, "GET": calls.snapshots},
        f"{_ONE}/snapshots/{{snapshot_id}}": {"DELETE": calls.drop},
        f"{_ONE}/snapshots/{{snapshot_id}}/restore": {"POST": calls.restore},
    }
    return [
        Route(path, _guarded(run, key), methods=[method])
        for path, methods in found.items()
        for method, run in methods.items()
    ]


def _guarded(run: Run, key: str) -> Run:
    expected = f"Bearer {key}".encode()

    async def answer(request: Request) -> Response:
        try:
            given = request.headers.get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(given, expected):
                raise Refused(401, "key_invalid", "The control key is missing or wrong.")
            return await run(request)
        except Refused as refused:
            return Response(refused.reply().body, refused.status, media_type="application/json")

    return answer


class _Calls:
    def __init__(self, services: Services, tenants: TestTenants) -> None:
        self._services = services
        self._tenants = tenants

    def _named(self, request: Request) -> TestHome:
        return self._tenants.named(request.path_params["business_id"])

    async def list(self, request: Request) -> Response:
        # What is told of a tenant is in its files; there may be thousands of them.
        told = _named if request.query_params.get("brief") == "true" else _shown
        return _json({"tenants": [told(home) for home in self._tenants.all()]})

    async def create(self, request: Request) -> Response:
        key, body = request.path_params["business_id"], await _body(request)
        if not _ID.fullmatch(key):
            raise invalid({"business_id": ["must be 1 to 64 of A-Z a-z 0-9 _ -"]})
        name, api_key = _text(body, "name", _NAME) or "Test workspace", _text(body, "api_key", _KEY)
        home = await self._tenants.create(key, name, api_key, Seed.read(body), self._services.directory)
        return _json(_shown(home), 201)

    async def get(self, request: Request) -> Response:
        return _json(_shown(self._named(request)))

    async def delete(self, request: Request) -> Response:
        home = self._named(request)
        await self._tenants.remove(home)
        self._services.forget(home.entry.id)
        return Response(status_code=204)

    async def reset(self, request: Request) -> Response:
        home, body = self._named(request), await _body(request)
        await self._tenants.reset(home, Seed.read(body, home.state.seed))
        self._services.forget(home.entry.id)
        return _json(_shown(home))

    async def clock(self, request: Request) -> Response:
        return _json(_clock(self._named(request)))

    async def set_clock(self, request: Request) -> Response:
        home, body = self._named(request), await _body(request)
        home.set_ahead(clocks.ahead(body, home.state.ahead))
        return _json(_clock(home))

    async def keep(self, request: Request) -> Response:
        home, body = self._named(request), await _body(request)
        return _json(_described(await self._tenants.keep(home, _text(body, "name", _NAME))), 201)

    async def snapshots(self, request: Request) -> Response:
        found = self._tenants.snapshots(self._named(request))
        return _json({"snapshots": [_described(one) for one in found]})

    async def drop(self, request: Request) -> Response:
        await self._tenants.drop(self._named(request), request.path_params["snapshot_id"])
        return Response(status_code=204)

    async def restore(self, request: Request) -> Response:
        home = self._named(request)
        await self._tenants.restore(home, request.path_params["snapshot_id"])
        self._services.forget(home.entry.id)
        return _json(_shown(home))


async def _body(request: Request) -> dict[str, Any]:
    """The body as an object; none is an empty one."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST_BODY:
            raise Refused(413, "body_too_large", "The body is larger than 64 KiB.")
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        raise Refused(400, "json_malformed", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid({"": ["must be an object"]})
    return body


def _text(body: dict[str, Any], member: str, pattern: re.Pattern[str]) -> str | None:
    text = body.get(member)
    if text is not None and not (isinstance(text, str) and pattern.fullmatch(text)):
        raise invalid({member: [f"must be a text that matches {pattern.pattern}"]})
    return text


def _named(home: TestHome) -> dict[str, Any]:
    return {"business_id": home.entry.id, "created_at": home.entry.created_at}


def _shown(home: TestHome) -> dict[str, Any]:
    users = home.directory.users(home.tenant)
    return {
        "business_id": home.entry.id,
        "name": home.entry.name,
        "api_key": home.entry.api_key,
        "seed": home.state.seed.kind,
        "records": home.state.seed.records,
        "users": [
            {"email": user["email"], "name": user["name"], "role": user["role"], "user_id": user["id"]}
            for user in users
        ],
        "created_at": home.entry.created_at,
        **_clock(home),
    }


def _clock(home: TestHome) -> dict[str, Any]:
    return {"now": render_instant(home.now()), "ahead_ms": home.state.ahead}


def _described(snapshot: Snapshot) -> dict[str, Any]:
    seed = snapshot.state.seed
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "seed": seed.kind,
        "records": seed.records,
        "ahead_ms": snapshot.state.ahead,
        "created_at": snapshot.created_at,
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
