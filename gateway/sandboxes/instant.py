"""`POST /test/sandboxes`: a sandbox of nobody's for an hour, for whoever reads the docs and has no account yet.

There only where `test.instant` says so, limited by address. The answer is JSON: `{"sandbox", "token", "expires_at"}`, or a problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters import ids
from gateway import problems
from gateway.api.rate_limits import policy
from gateway.brands import Brand
from gateway.observe import access, metrics
from gateway.problems import Problem, throttled
from gateway.sandboxes.control import Seed
from gateway.sandboxes.keeping import INSTANT, Sandboxes, Wanted
from gateway.stores.errors import StoreUnavailable
from gateway.upstream import UpstreamError
from gateway.web.context import Web

PATH: Final = "/test/sandboxes"
_HEADERS: Final = {"Cache-Control": "no-store", "Test-Mode": "true"}


@dataclass(frozen=True, slots=True)
class Instant:
    """The handler."""

    web: Web
    kept: Sandboxes

    def routes(self) -> list[Route]:
        """The route, where the configuration wants it."""
        return [Route(PATH, self.create, methods=["POST"])] if self.web.settings.test.instant else []

    async def create(self, request: Request) -> Response:
        """One sandbox. No body is read: whoever wants more of it sends its token to /v1/test."""
        address = self.web.address(request)
        try:
            await self._welcome(address)
            wanted = Wanted(INSTANT, Seed("small"), "owner", f"address:{address}", address)
            made = await self.kept.create(None, wanted)
        except (Problem, StoreUnavailable, UpstreamError) as error:
            return _refused(request, error)
        told = {
            "sandbox": ids.TENANT.encode(made.tenant.id),
            "token": made.token,
            "expires_at": f"{made.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        return Response(orjson.dumps(told), 201, _HEADERS, "application/json")

    async def _welcome(self, address: str) -> None:
        limit = policy("instant", self.web.settings.limits.instant, "address")
        verdict = await self.web.services.limiter.admit_address(address, limit)
        if not verdict.allowed:
            metrics.rate_limited(limit.name)
            detail = "Too many sandboxes were made from your address."
            raise throttled(verdict.readings[0].retry_after, [limit.name], detail, limit.capacity)


def _refused(request: Request, error: Exception) -> Response:
    problem = problems.of(error)
    assert problem is not None  # of these kinds every one is a problem
    brand: Brand = request.scope["brand"]
    entry = access.entry.get()
    entry.code = problem.code
    answer = problems.render(problem, base=brand.problem_base, instance=request.url.path, trace_id=entry.trace.trace_id)
    headers = {name.decode(): value.decode() for name, value in answer.headers} | {"Cache-Control": "no-store"}
    return Response(answer.body, answer.status, headers, problems.CONTENT_TYPE.decode())
