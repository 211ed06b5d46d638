"""Who calls: what a token stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.keys.token_format import Audience, Mode
from gateway.stores.limits import Gate
from gateway.upstream import Lines


@dataclass(frozen=True, slots=True)
class Caller:
    """Who presented the token, as SQL knew it at `generation`.

    digest: by which the token is known in this process; plan: whose limits are in `gates`, empty for those of every tenant;
    headers: by service, the identity lines the gateway mints for internal calls; gates: by rate-limit class;
    principal: what idempotency keys belong to (stays the same when the token is rotated); expires_at: epoch seconds;
    issuer: which of the configured issuers its token is of, empty for our own;
    logged: what log lines say of them, as members of a JSON object; lines: header lines of every answer to them;
    mode: whether they reach the services, or a sandbox; ahead: how many seconds a sandbox's clock is ahead of the real one, always 0
    in live mode; era: of its idempotency keys, none of another of which is known to it.
    """

    digest: bytes
    token_id: str
    kind: str
    audience: Audience
    tenant_id: str
    tenant_name: str
    plan: str
    user_id: str
    principal: str
    scopes: frozenset[str]
    expires_at: float
    revoked: bool
    generation: int
    headers: Mapping[str, Lines]
    gates: Mapping[str, Gate]
    read_at: float
    logged: str
    issuer: str = ""
    mode: Mode = "live"
    lines: bytes = b""
    ahead: float = 0.0
    era: int = 0


def somebody(tenant_id: str, scopes: frozenset[str]) -> Caller:
    """One of whom no more matters than their tenant: a request is translated for them, and nothing is sent."""
    return Caller(
        digest=b"",
        token_id="",
        kind="personal",
        audience="api",
        tenant_id=tenant_id,
        tenant_name="",
        plan="",
        user_id="",
        principal="",
        scopes=scopes,
        expires_at=0.0,
        revoked=False,
        generation=0,
        headers={},
        gates={},
        read_at=0.0,
        logged="",
    )
