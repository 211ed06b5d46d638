"""The headers of requests and answers, as components."""

from __future__ import annotations

from typing import Any

from adapters.core.request.search_request import DEFAULT_LIMIT
from openapi.searching import limit

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "format": "int64", "minimum": 0}

EVERY = ("X-Request-Id",)
COUNTED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit")


def answers() -> dict[str, Any]:
    """`components.headers`."""
    return {
        "X-Request-Id": _header(
            "The id of this request. Name it when you ask for help.", _TEXT, "req_0f9c1b2a3d4e5f6071829304"
        ),
        "Version": _header(
            "The contract that answered: the newest one not after the date that was asked for.",
            {"type": "string", "format": "date"},
            "2026-09-01",
        ),
        "X-RateLimit-Limit": _header("How many requests the tightest limit allows at once.", _COUNT, 100),
        "X-RateLimit-Remaining": _header("How many of them are left.", _COUNT, 99),
        "X-RateLimit-Reset": _header("When the limit is whole again, in seconds since 1970.", _COUNT, 1781706600),
        "RateLimit-Policy": _header(
            "All limits that count this request (draft-ietf-httpapi-ratelimit-headers): `q` requests at once, whole again after `w` seconds.",
            _TEXT,
            '"token";q=100;w=10, "tenant";q=900;w=60',
        ),
        "RateLimit": _header(
            "What is left of each: `r` requests, whole again in `t` seconds.",
            _TEXT,
            '"token";r=99;t=1, "tenant";r=899;t=60',
        ),
        "Location": _header(
            "The path of the record that was made.", _TEXT, "/v1/contacts/con_5f2b8c1d9e3a7b6c4d5e6f70"
        ),
        "Idempotent-Replayed": _header(
            "`true` when this is the answer to an earlier request with the same Idempotency-Key.",
            {"type": "string", "enum": ["true"]},
            "true",
            always=False,
        ),
        "Deprecation": _header(
            "Since when this contract is deprecated (RFC 9745).", _TEXT, "@1798761600", always=False
        ),
        "Sunset": _header("When this contract ends (RFC 8594).", _TEXT, "Thu, 01 Jul 2027 00:00:00 GMT", always=False),
        "Retry-After": _header(
            "How many seconds to wait, at least.", {"type": "integer", "format": "int32", "minimum": 1}, 3
        ),
        "WWW-Authenticate": _header(
            "What is wrong with the token, and where tokens come from (RFC 6750, RFC 9728).",
            _TEXT,
            'Bearer error="invalid_token"',
        ),
    }


def requests(date: str) -> dict[str, Any]:
    """`components.parameters` of the contract of `date`."""
    return {
        "Version": {
            "name": "Version",
            "in": "header",
            "required": True,
            "description": "The contract that this document describes. Any later date means the newest contract not "
            "after it.",
            # No `format`: clients of some generators make a moment of it, and send that.
            "schema": {"type": "string", "enum": [date], "default": date},
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes a repeated request safe: the same key and the same request have one effect and one "
            "answer, for 24 hours. 1 to 255 printable ASCII characters; a UUID is a good choice.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        },
        "limit": {
            "name": "limit",
            "in": "query",
            "description": f"How many records a page has; {DEFAULT_LIMIT} when left out.",
            "schema": limit() | {"default": DEFAULT_LIMIT},
            "example": 10,
        },
        "cursor": {
            "name": "cursor",
            "in": "query",
            "description": "`meta.cursor.next` of the page before, with everything else left as it was.",
            "schema": {"type": "string"},
        },
        "dry_run": {
            "name": "dry_run",
            "in": "query",
            "description": "Check everything and do nothing.",
            "schema": {"type": "boolean", "default": False},
        },
        "ignore_read_only": {
            "name": "ignore_read_only",
            "in": "query",
            "description": "Pass over the columns that the system sets, as an export has them.",
            "schema": {"type": "boolean", "default": False},
        },
    }


def references(*names: str) -> dict[str, Any]:
    """A response's `headers`, by reference."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(description: str, schema: dict[str, Any], example: object, *, always: bool = True) -> dict[str, Any]:
    return {"description": description, "required": always, "schema": schema, "example": example}
