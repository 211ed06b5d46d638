"""OpenTelemetry's semantic conventions for HTTP, as far as metrics and spans follow them (opentelemetry.io/docs/specs/semconv/http).

Two things are as they are on purpose: `server.address` of a service is its key in the configuration, for no metric tells hosts, and nothing
tells a path (`url.path`, `url.full`), for it holds ids.
"""

from __future__ import annotations

from typing import Final

KNOWN: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SCHEME: Final = "http"
"""`url.scheme` of whatever comes to us: TLS ends in front."""

SERVER: Final = ("http_request_method", "url_scheme", "http_route", "http_response_status_code", "error_type")
CLIENT: Final = ("http_request_method", "server_address", "server_port", "http_response_status_code", "error_type")
"""Labels of the durations of requests and of calls. One that does not apply is empty, which is the same as none."""


def known(method: str) -> str:
    """`http.request.method`: `_OTHER` for what a client has invented."""
    return method if method in KNOWN else "_OTHER"


def failure(status: int) -> str:
    """`error.type` of a request that was answered so; empty where that is no error of ours."""
    return str(status) if status >= 500 else ""


def call_failure(status: int) -> str:
    """`error.type` of a call that was answered so, or not at all (0); empty where it went well."""
    return "" if 0 < status < 400 else str(status) if status else "no_answer"
