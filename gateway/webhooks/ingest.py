"""The ingest port: where the settings service posts events. A server of its own, on the same connections as the public port's.

peer → capability → body → signature → tenant → event → budget → one transaction → 200

A capability is a tenant's and in the URL; it is never logged. Of an event that nobody signed, type and id are believed, no
more: what the record holds is asked for when it is delivered.
"""

import asyncio
import hmac
import ipaddress
import re
import time
from base64 import b64encode
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

import orjson
from starlette.types import Message, Receive, Scope, Send

from adapters.core.compile.events import EventTypes, Happened
from adapters.core.faults import ServiceInvalid
from gateway.api.rate_limits import policy
from gateway.config.settings import Settings
from gateway.config.webhooks import ingest_secret
from gateway.downstream.direct import Turn
from gateway.downstream.plain import Direct
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.keys.purposes import FACTS, UNREADABLE
from gateway.observe import logs, webhook_metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.limits import Limiter
from gateway.stores.sql import Sql, webhook_housekeeping
from gateway.stores.sql.migrate import ready
from gateway.stores.sql.webhook_events import NewEvent
from gateway.stores.sql.webhook_registrations import Registration
from gateway.webhooks.budgets import Budgets
from gateway.webhooks.fingerprints import fingerprint
from gateway.webhooks.intake import Intake, Unavailable
from gateway.webhooks.senders import Senders

LARGEST: Final = 256 * 1024
AT_ONCE: Final = 64
HEALTH: Final = ("/readyz", "/healthz")
_KEPT: Final = 4_096  # bytes of what is no event
_BODY: Final = 10.0  # seconds that a body may take
_PLACE: Final = re.compile(r"/in/([0-9A-Za-z_-]{1,128})")
_JSON: Final = b"application/json"

POSTS: Final = Direct(lambda path: path not in HEALTH, rb"/in/[0-9A-Za-z_-]{1,128}+")
"""What is answered without ASGI: all but the questions of balancers."""


class _Refused(Exception):
    """What is not accepted: the status, the `outcome` for metrics, and when to come again."""

    def __init__(self, status: int, outcome: str, retry_after: int | None = None) -> None:
        super().__init__(outcome)
        self.status = status
        self.outcome = outcome
        self.retry_after = retry_after


class Ingest:
    """`types`: what the services tell of."""

    def __init__(
        self, settings: Settings, types: EventTypes, sql: Sql, keys: Keyring, limiter: Limiter, intake: Intake
    ) -> None:
        self._settings = settings.webhooks.ingest
        self._types = types
        self._sql = sql
        self._keys = keys
        self._budgets = Budgets(limiter, policy("ingest", settings.limits.ingest, "address"))
        self._intake = intake
        self._senders = Senders(sql, keys)
        self._busy = 0
        self._full = False

    def room(self, full: bool) -> None:
        """Whether there is none for more events (`webhooks.max_stored`)."""
        self._full = full

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Whether the port is there, and whether it can accept anything."""
        if scope["type"] != "http":
            return
        status, body = 200, b"{}"
        if scope["path"] == "/readyz":
            try:
                fine = await self._sql.run(ready)
            except StoreUnavailable:
                fine = False
            status, body = 200 if fine else 503, orjson.dumps({"sql": "ok" if fine else "failed"})
        headers = [(b"content-type", _JSON), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def serve(self, turn: Turn) -> None:
        """Answer a post."""
        started = time.perf_counter()
        status, outcome, lines, told = 200, "accepted", b"", b"{}"
        if self._busy >= AT_ONCE:
            status, outcome, lines = 503, "unavailable", b"retry-after: 5\r\n"
        else:
            self._busy += 1
            try:
                outcome, told = await self._answer(turn)
            except _Refused as refused:
                status, outcome = refused.status, refused.outcome
                if refused.retry_after is not None:
                    lines = b"retry-after: %d\r\n" % refused.retry_after
            except (Unavailable, StoreUnavailable):
                status, outcome, lines = 503, "unavailable", b"retry-after: 5\r\n"
            finally:
                self._busy -= 1
        webhook_metrics.ingest(outcome, time.perf_counter() - started)
        await turn.answer(status, lines, told if status == 200 else orjson.dumps({"error": outcome}), _JSON)

    async def _answer(self, turn: Turn) -> tuple[str, bytes]:
        found = _PLACE.fullmatch(turn.path)
        # Looked up for whoever asks: how long the answer takes must not tell who may post from who knows a secret.
        near = self._near(turn.peer)
        registration = await self._senders.find(found[1] if found else "", near=near)
        if not near:
            raise _Refused(403, "foreign_network")
        if registration is None:
            raise _Refused(404, "unknown_capability")
        if turn.method != "POST":
            raise _Refused(405, "malformed")
        body = await _read(turn)
        authenticated = self._signed(turn, body)
        event, happened = await self._understood(registration, body)
        if happened is None:
            return "unknown_type", b"{}"
        if self._full:
            raise _Refused(503, "full", 60)
        if wait := await self._budgets.take(registration.tenant_id):
            raise _Refused(429, "throttled", ceil(wait))
        event_id = await self._intake.accept(self._event(registration, event, happened, authenticated=authenticated))
        await self._senders.heard(registration)
        if event_id is None:
            return "repeated", b"{}"
        logs.often("webhook event", tenant=registration.tenant_id, webhook=f"evt_{event_id}", type=happened.type.name)
        return "accepted", orjson.dumps({"id": f"evt_{event_id}"})

    def _near(self, address: str) -> bool:
        networks = self._settings.allowed_networks
        if not networks:
            return True
        if not address:
            return False
        peer = ipaddress.ip_address(address.partition("%")[0])
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in networks if network.version == peer.version)

    def _signed(self, turn: Turn, body: bytes) -> bool:
        """Whether the service has proved itself; a signature that is asked for and not there is refused."""
        signature, tls = self._settings.signature, self._settings.tls
        if signature is None:
            return tls is not None and tls.client_ca is not None
        given = turn.headers.get(signature.header.lower().encode(), b"")
        digest = hmac.digest(ingest_secret(signature), body, "sha256")
        wanted = digest.hex().encode() if signature.scheme.endswith("hex") else b64encode(digest)
        if not hmac.compare_digest(given.removeprefix(b"sha256="), wanted):
            logs.event("webhook ingest refused", "error", reason="signature")
            raise _Refused(403, "unsigned")
        return True

    async def _understood(self, registration: Registration, body: bytes) -> tuple[dict[str, Any], Happened | None]:
        try:
            event = orjson.loads(body)
            # More nests in what is read than can be written: what could not be kept is no event either.
            orjson.dumps(event)
            name, tenant, data = event["event"], event["tenantId"], event["data"]
            if not (isinstance(name, str) and isinstance(tenant, str) and isinstance(data, dict)):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            await self._keep(registration, body)
            raise _Refused(400, "malformed") from None
        if tenant != registration.tenant_id:
            logs.event("webhook ingest refused", "error", reason="tenant_mismatch", tenant=registration.tenant_id)
            raise _Refused(403, "tenant_mismatch")
        try:
            return event, self._types.understood(name, data)
        except ServiceInvalid:
            await self._keep(registration, body)
            raise _Refused(400, "malformed") from None

    async def _keep(self, registration: Registration, body: bytes) -> None:
        """What the service sends now, for whoever has to find out."""
        tenant, at = registration.tenant_id, datetime.now(UTC)
        logs.event("webhook ingest refused", "error", reason="malformed", tenant=tenant)
        sealed = self._keys.seal(UNREADABLE, tenant, body[:_KEPT], b"")
        row_id = token_format.new_timed_id(round(at.timestamp() * 1000))
        await self._sql.run(webhook_housekeeping.keep_unreadable, row_id, tenant, at, sealed)

    def _event(
        self, registration: Registration, event: dict[str, Any], happened: Happened, *, authenticated: bool
    ) -> NewEvent:
        tenant = registration.tenant_id
        facts = happened.facts if authenticated and happened.facts else None
        return NewEvent(
            tenant_id=tenant,
            type=happened.type.name,
            object_id=happened.object_id,
            occurred_at=_moment(event.get("timestamp")),
            fingerprint=fingerprint(happened, event.get("timestamp"), event["data"]),
            origin="service",
            facts_sealed=None if facts is None else self._keys.seal(FACTS, tenant, orjson.dumps(facts), b""),
        )


def _moment(text: object) -> datetime:
    """When it happened, as the service says it; now when it says nothing, or nothing that makes sense."""
    now = datetime.now(UTC)
    if not isinstance(text, str):
        return now
    try:
        at = datetime.fromisoformat(text)
        return min(at.astimezone(UTC), now) if at.tzinfo is not None and at.year >= 2000 else now
    except (ValueError, OverflowError):
        return now


async def _read(turn: Turn) -> bytes:
    length = turn.headers.get(b"content-length", b"0")
    if length.isdigit() and int(length[:12]) > LARGEST:
        raise _Refused(413, "too_large")
    if turn.whole is not None:
        return turn.whole
    try:
        async with asyncio.timeout(_BODY):
            return await _received(turn)
    except TimeoutError:
        raise _Refused(408, "gone") from None


async def _received(turn: Turn) -> bytes:
    body = bytearray()
    while True:
        message: Message = await turn.receive()
        if message["type"] == "http.disconnect":
            raise _Refused(400, "gone")
        body += message["body"]
        if len(body) > LARGEST:
            raise _Refused(413, "too_large")
        if not message["more_body"]:
            return bytes(body)


def malformed(detail: str, _path: str, client: str) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    """The answer to what is no HTTP request. The path may hold a capability, and is not told."""
    logs.event("webhook ingest refused", "error", reason="no_request", client=client, detail=detail)
    webhook_metrics.ingest("malformed", 0.0)
    return ((b"content-type", _JSON),), orjson.dumps({"error": "malformed"})
