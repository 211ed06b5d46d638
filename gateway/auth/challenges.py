"""Where a bearer token stands in a request, and how callers are told what theirs lacks: the challenges of RFC 6750 § 3, with RFC 9728's `resource_metadata`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.auth.permits import Denied
from gateway.brands import Brand
from gateway.problems import Forbidden, Unauthorized

TOLD = {
    "token_missing": "Send your access token as `Authorization: Bearer <token>`.",
    "token_invalid": "The access token is not valid here.",
    "token_audience_invalid": "The access token is for another resource: one of agents opens /mcp only, any other /v1 only.",
    "audience_foreign": "The access token is for another API: its audience is none of this one's.",
    "audience_twofold": "The access token is for both /v1 and /mcp: one opens one of them only.",
    "token_expired": "The access token has expired.",
    "token_revoked": "The access token has been revoked.",
    "user_disabled": "The user this token acts for is disabled.",
}


PUBLIC: Mapping[str, str] = {
    "audience_foreign": "token_audience_invalid",
    "audience_twofold": "token_audience_invalid",
    "user_disabled": "token_revoked",
}
"""Of those of `TOLD` that have words of their own, and no code: the code that callers know."""


def bearer(header: bytes) -> bytes:
    """The token of an Authorization header; empty when there is none."""
    if header.startswith(b"Bearer ") and header.count(b" ") == 1:
        return header[7:]
    scheme, _, token = header.partition(b" ")
    return token.strip(b" ") if scheme.lower() == b"bearer" else b""


def unauthorized(code: str, brand: Brand) -> Unauthorized:
    """The 401 for `code`, a key of TOLD. `error` is named only when a token was sent."""
    members = {} if code == "token_missing" else {"error": "invalid_token", "error_description": TOLD[code]}
    return Unauthorized(PUBLIC.get(code, code), TOLD[code], headers=_challenge(brand, members))


def insufficient(scopes: Iterable[str], brand: Brand) -> Forbidden:
    """The 403 for a token without `scopes`."""
    required = sorted(scopes)
    challenge = _challenge(brand, {"error": "insufficient_scope", "scope": " ".join(required)})
    detail = f"The token lacks a scope this operation needs: {', '.join(required)}."
    return Forbidden(
        "scope_missing", detail, members={"required_scopes": required, "denied_by": "scope"}, headers=challenge
    )


def denied(needed: frozenset[str], asked: frozenset[str], brand: Brand) -> Forbidden:
    """The 403 for who lacks a scope of `needed`: because it is not of the single ones the token was given (`asked`), or else by
    their role.
    """
    if not needed <= asked:
        return insufficient(needed, brand)
    required = sorted(needed)
    detail = f"The token's scopes would allow this, but your role does not: {', '.join(required)} is needed."
    return Forbidden("role_forbids", detail, members={"required_scopes": required, "denied_by": "role"})


def refusal(verdict: Denied, needed: frozenset[str], asked: frozenset[str], brand: Brand) -> Unauthorized | Forbidden:
    """What `verdict` is to who is judged: see `denied`; 401 for a user who is disabled or gone."""
    return unauthorized("user_disabled", brand) if verdict == "user" else denied(needed, asked, brand)


def _challenge(brand: Brand, members: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    said = {"resource_metadata": brand.resource_metadata, **members}
    # What a client that has asked for nothing yet should begin with; MCP clients else ask for all that there is.
    if brand.initial_scope:
        said.setdefault("scope", brand.initial_scope)
    text = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())
    return ((b"www-authenticate", text.encode("ascii")),)
