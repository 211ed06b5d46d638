"""The admin port: `/metrics` for Prometheus, `/healthz` for liveness, `/readyz` for readiness.

It listens apart from the public port and names states only, never hosts or reasons that could hold an address.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from ipaddress import ip_address
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.observe import exemplars, logs
from gateway.observe.metrics import CONTENT_TYPE

Check: TypeAlias = Callable[[], Awaitable[bool]]

CHECK_TIMEOUT: Final = 2.0
_NO_STORE: Final = {"Cache-Control": "no-store"}


def create(
    exposition: Callable[[bool], bytes],
    checks: Callable[[], Mapping[str, Check]],
    hosts: Callable[[], Collection[str]] = tuple,
    strained: Mapping[str, Callable[[], bool]] | None = None,
    told: Callable[[], Mapping[str, object]] = dict,
) -> ASGIApp:
    """The admin application. `exposition` gives the metrics text, as OpenMetrics if asked to; each of `checks` says whether its part is ready.

    `/readyz?exclude=NAME` does without one of them, and may be said several times.
    What is a callable without arguments may give something else each time. `told` is added to what `/readyz` says.

    `strained`: which parts are short of something. That is told, and no reason to send requests elsewhere, where they would
    be too many as well.

    It answers to addresses, to localhost and to the names in `hosts` (lower case): any other name may be one that a page on the web has
    let point here (DNS rebinding), to read the answers through a browser on this machine.
    """

    async def metrics(request: Request) -> Response:
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")
        # Adding up the workers' files reads the disk, which the supervisor's loop must not wait for.
        text = await asyncio.to_thread(exposition, openmetrics)
        return Response(text, media_type=exemplars.CONTENT_TYPE if openmetrics else CONTENT_TYPE, headers=_NO_STORE)

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    async def readyz(request: Request) -> Response:
        # As the API server of Kubernetes has it: what all instances fail at together takes all of them out of rotation.
        excluded = set(request.query_params.getlist("exclude"))
        known = checks()
        asked = {name: check for name, check in known.items() if name not in excluded}
        held = await asyncio.gather(*(_holds(name, check) for name, check in asked.items()))
        states = {name: "ok" if ok else "failing" for name, ok in zip(asked, held, strict=True)}
        states |= dict.fromkeys(known.keys() & excluded, "excluded")
        ready = all(held)
        short = {
            name: "degraded"
            for name, is_short in (strained or {}).items()
            if is_short() and states.get(name) != "failing"
        }
        status = "not ready" if not ready else "degraded" if short else "ready"
        body = {"status": status, "checks": states | short, **told()}
        return JSONResponse(body, status_code=200 if ready else 503, headers=_NO_STORE)

    app = Starlette(routes=[Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)])
    app.router.redirect_slashes = False

    async def by_known_names(scope: Scope, receive: Receive, send: Send) -> None:
        named = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        if _is_known(named, {"localhost", *hosts()}):
            await app(scope, receive, send)
        else:
            await JSONResponse({"status": "unknown host"}, status_code=400, headers=_NO_STORE)(scope, receive, send)

    return by_known_names


def _is_known(named: str, known: Collection[str]) -> bool:
    host, colon, port = named.rpartition(":") if not named.endswith("]") else (named, "", "")
    if not colon:
        host = named
    if colon and not port.isdecimal():
        return False
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        # Probes of HTTP/1.0 send none; browsers always do.
        return not host or host.lower().removesuffix(".") in known
    return True


async def _holds(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            return await check()
    except Exception as error:  # noqa: BLE001 - whatever a check raises, its part is not ready; the log says why
        logs.event("readiness check failed", "warning", check=name, error=error)
        return False
