"""Reports of leaked tokens: a secret scanner posts what it found in public, and it is worth nothing from then on.

`POST /leaks` takes what GitHub's secret scanning partner programme sends: a JSON list of `{"token", "type", "url"}`. The
header `Leaks-Signature: sha256=<hex>` carries the HMAC-SHA256 of the body, keyed with the secret of the configuration.
The answer names each token by the base64 SHA-256 of its text, in the order of the report, with the label
`true_positive` (it was one of ours; it works no longer) or `false_positive` (it is not known here), and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.rate_limits import policy
from gateway.auth import issuing
from gateway.config.secrets import Secret
from gateway.keys.keyring import Keyring
from gateway.oauth import revocation, token_families
from gateway.oauth.announce_revoked import Announcements
from gateway.observe import logs, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session, audit, clients, tokens
from gateway.stores.sql.audit import Event
from gateway.stores.sql.grants import Revoked
from gateway.web import forms
from gateway.web.context import Web

PATH: Final = "/leaks"
HEADER: Final = "leaks-signature"
FOUND: Final = "found in public"  # what the reason of every such revocation starts with

_ACTOR: Final = "scanner"
_MOST: Final = 200
_LONGEST_TOKEN: Final = 200
_LONGEST_URL: Final = 300


@dataclass(frozen=True, slots=True)
class Report:
    """One token that was found; `type` is the scanner's own word for its kind."""

    token: str
    type: str
    url: str

    @property
    def reason(self) -> str:
        """Why it was revoked, for its owner."""
        return f"{FOUND} at {self.url}" if self.url else FOUND


@dataclass(frozen=True, slots=True)
class Leaks:
    """The endpoint; it exists only where a secret is configured."""

    web: Web
    announcements: Announcements

    def routes(self) -> list[Route]:
        """One route, or none."""
        return [] if self.web.settings.leaks.secret is None else [Route(PATH, self.report, methods=["POST"])]

    async def report(self, request: Request) -> Response:
        """Revoke what is ours. HTTPException 400, 401, 413, 429 or 503, each told as a problem."""
        web = self.web
        try:
            await self._not_too_often(request)
            body = await forms.body(request, web.settings.server.body_timeout)
            if not _signed(body, request.headers.get(HEADER, ""), web.settings.leaks.secret):
                metrics.auth_failure("leak_report_unsigned")
                raise HTTPException(401)
            reports = _read(body)
            known = [await self._ended(report, web.address(request)) for report in reports]
        except StoreUnavailable:
            raise HTTPException(503, headers={"Retry-After": "5"}) from None
        logs.event("leaks reported", tokens=len(reports), known=sum(known))
        return Response(
            orjson.dumps([_answer(report, ours) for report, ours in zip(reports, known, strict=True)]),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _ended(self, report: Report, address: str) -> bool:
        """Whether it was ours. Each on its own: what ended has, whatever becomes of those after it."""
        known, ended = await self.web.sql.run(revoked, self.web.keys, report, datetime.now(UTC), address)
        await self.announcements.announce(ended)
        return known

    async def _not_too_often(self, request: Request) -> None:
        limit = policy("leaks", self.web.settings.limits.leaks, "address")
        verdict = await self.web.services.limiter.admit_address(self.web.address(request), limit)
        if not verdict.allowed:
            metrics.rate_limited(limit.name)
            wait = max(1, ceil(verdict.readings[0].retry_after))
            raise HTTPException(429, headers={"Retry-After": str(wait)})


def _signed(body: bytes, header: str, secret: Secret | None) -> bool:
    if secret is None:
        return False
    expected = "sha256=" + hmac.new(secret.read().encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", "surrogateescape"))


def _read(body: bytes) -> list[Report]:
    try:
        found = orjson.loads(body)
    except ValueError:
        raise HTTPException(400) from None
    if not isinstance(found, list) or len(found) > _MOST:
        raise HTTPException(400)
    return [_one(each) for each in found]


def _one(found: Any) -> Report:
    if not isinstance(found, dict) or not isinstance(found.get("token"), str):
        raise HTTPException(400)
    return Report(found["token"], _text(found.get("type")), _text(found.get("url")))


def _text(value: object) -> str:
    """A text of the scanner's that people will read: of a bearable length, without what could disguise it."""
    return "".join(filter(str.isprintable, value))[:_LONGEST_URL] if isinstance(value, str) else ""


def _answer(report: Report, ours: bool) -> dict[str, str]:
    digest = hashlib.sha256(report.token.encode("utf-8", "surrogatepass")).digest()
    label = "true_positive" if ours else "false_positive"
    return {"token_hash": b64encode(digest).decode("ascii"), "token_type": report.type, "label": label}


def revoked(
    session: Session, keys: Keyring, report: Report, now: datetime, address: str
) -> tuple[bool, tuple[Revoked, ...]]:
    """Whether it was ours, and what has to be announced. A token of an app takes its family with it: the app has leaked."""
    if len(report.token) > _LONGEST_TOKEN or not report.token.isascii():
        return False, ()
    hashes = keys.hashes(report.token.encode())
    token = tokens.by_hash(session, hashes)
    if token is not None and token.kind == "personal":
        old = issuing.revoke(session, token, reason=report.reason, actor=_ACTOR, now=now, address=address)
        return True, (Revoked(old.tenant_id, old.id, old.generation),)
    of_app = revocation.find(session, keys, report.token)
    if of_app is not None:
        return True, token_families.end(
            session, of_app.grant, report.reason, actor=_ACTOR, now=now, address=address, leaked=True
        )
    secret = clients.secret_by_hash(session, hashes)
    if secret is None:
        return False, ()
    if secret.revoked_at is None:
        client = clients.get(session, secret.client_id)
        clients.revoke_secret(session, secret.client_id, secret.id, now)
        tenant_id = client.owner_tenant_id if client is not None else None
        detail = {"user": client.owner_user_id if client is not None else None, "reason": report.reason}
        subject = f"client:{secret.client_id}"
        audit.append(
            session,
            Event(
                at=now,
                tenant_id=tenant_id,
                actor=_ACTOR,
                action="client.revoke_secret",
                subject=subject,
                address=address,
                detail=detail,
            ),
        )
    return True, ()
