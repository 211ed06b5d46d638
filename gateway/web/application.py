"""Everything outside `/v1`: a small Starlette application of pages for people. Its errors are problems too."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import problems
from gateway.error_codes import error_codes
from gateway.observe import access, logs

HEALTHZ: Final = "/healthz"
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

_BY_SLUG = {kind.slug: kind for kind in problems.ALL}
_BY_STATUS = {kind.status: kind for kind in problems.ALL}
_CODES = {
    401: "token_invalid",
    404: "route_unknown",
    405: "method_not_allowed",
    408: "body_timeout",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}

_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_ADVICE = {
    "bad-request": "Something about the request itself cannot be understood. The detail says what; sending it again "
    "unchanged will fail again.",
    "unauthorized": "The request carries no access token, or one that is not valid, has expired or was revoked.",
    "forbidden": "The token is valid but may not do this: `denied_by` says whether a scope is missing or the role of "
    "the user forbids it; `required_scopes` says what is needed.",
    "not-found": "There is nothing at this path, or no such record, or it is not visible to this caller.",
    "method-not-allowed": "The path exists, but not for this method. `Allow` lists those it has.",
    "not-acceptable": "The Accept header rules out every media type this operation can answer in.",
    "request-timeout": "The body of the request did not arrive in time.",
    "conflict": "The record's present state, or another request that is under way, does not allow this now.",
    "gone": "The operation existed in an older contract and is not part of the one that was asked for.",
    "precondition-failed": "The request has a condition that cannot be met: records have no entity tags, so a write with "
    "If-Match (other than *), If-None-Match or If-Unmodified-Since is refused rather than done without it.",
    "payload-too-large": "The body is larger than this operation takes.",
    "unsupported-media-type": "The body's Content-Type is not one that this operation reads.",
    "validation": "The request is well-formed but breaks a rule of the contract. `errors` names every place by its "
    "JSON pointer, what is wrong there and, where it helps, what is allowed.",
    "rate-limited": "Too many requests. Wait for `Retry-After` seconds; the RateLimit headers tell how much is left.",
    "server-error": "Something unexpected happened. The trace id leads the operators to it.",
    "not-supported": "This deployment's services do not offer this operation.",
    "bad-gateway": "A service behind the API failed or gave no usable answer. Reading again is safe; before repeating "
    "a write without an Idempotency-Key, look whether it took effect.",
    "unavailable": "The API is short of something it needs, and refuses rather than guess. Try again shortly.",
    "timeout": "A service behind the API did not answer in time. A write may have taken effect all the same.",
}


def pages(routes: Sequence[BaseRoute], *within: Middleware) -> Starlette:
    """The application for every path that is not the API's: its own pages, and those of `routes`, each through `within`."""
    app = Starlette(
        routes=[
            Route(HEALTHZ, healthz),
            Route("/problems", problem_list),
            Route("/problems/{slug}", problem_page),
            *routes,
        ],
        exception_handlers={HTTPException: refused},
        middleware=[Middleware(Unforeseen), *within],
    )
    # It would send credentials once more, to whatever host and scheme the request named.
    app.router.redirect_slashes = False
    return app


class ServerWide:
    """An ASGI application behind which `OPTIONS *` asks about the server as a whole (RFC 9110 § 9.3.7)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the methods that there are anywhere, or leave the request to the application."""
        if scope["path"] == "*":
            await Response(status_code=204, headers={"Allow": _METHODS})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def healthz(request: Request) -> Response:
    """Whether the process answers; whether it is ready to is a question for the admin port."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def problem_list(request: Request) -> Response:
    """Every type of problem, with a link to its page."""
    rows = "".join(
        f'<li><a href="/problems/{kind.slug}">{kind.status} {escape(kind.title)}</a></li>' for kind in problems.ALL
    )
    return _page(request, "Problems", f"<p>What a request can be refused with (RFC 9457).</p><ul>{rows}</ul>")


async def problem_page(request: Request) -> Response:
    """What one type of problem means and what to do about it."""
    kind = _BY_SLUG.get(request.path_params["slug"])
    if kind is None:
        raise HTTPException(404)
    body = f"<p>HTTP status {kind.status}.</p><p>{escape(_ADVICE[kind.slug])}</p>"
    codes = [name for name, code in error_codes().items() if code.slug == kind.slug]
    rows = "".join(f'<li><a href="/docs/errors#{name}"><code>{name}</code></a></li>' for name in codes)
    body += f"<p>Its codes:</p><ul>{rows}</ul>"
    return _page(request, kind.title, body + '<p><a href="/problems">All problems</a></p>')


async def refused(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, as problems."""
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, problems.BadRequest)
    headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:  # nobody said more
        detail = (
            "There is nothing at this path." if kind is problems.NotFound else "The request cannot be answered here."
        )
    return _problem(request, kind(_CODES.get(error.status_code, "request_malformed"), detail, headers=headers))


class Unforeseen:
    """Whatever an endpoint raises, as a problem. Starlette's own way answers too, and then raises once more: the server
    takes that for a crash, and cuts a connection whose answer has said nothing of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. An exception is raised only by what had begun to answer: nothing else can end that."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if begun:
                raise
            await crashed(Request(scope), error)(scope, receive, send)


def crashed(request: Request, error: Exception) -> Response:
    """What was foreseen in one line of the log; anything else is logged whole and told as a 500 without a trace."""
    problem = problems.of(error)
    if problem is None:
        logs.event("crash", "error", route=request.url.path, error=error)
        problem = problems.ServerError("internal_error", "The request could not be completed.")
    elif problem.status >= 500:
        logs.event("page not available", "warning", code=problem.code, error=error)
    return _problem(request, problem)


def _problem(request: Request, problem: problems.Problem) -> Response:
    brand = request.scope["brand"]
    entry = access.entry.get()
    entry.code, trace_id = problem.code, entry.trace.trace_id
    answer = problems.render(problem, base=brand.problem_base, instance=request.url.path, trace_id=trace_id)
    response = Response(answer.body, answer.status, media_type=answer.content_type.decode("ascii"))
    response.headers["cache-control"] = "no-store"
    for name, value in answer.headers:
        response.headers[name.decode("latin-1")] = value.decode("latin-1")
    return response


def _page(request: Request, title: str, body: str) -> Response:
    brand = escape(request.scope["brand"].name)
    style = "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}"
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)} · {brand}</title><style>{style}</style><main><h1>{escape(title)}</h1>{body}</main></html>",
        headers=_SAFE,
    )
