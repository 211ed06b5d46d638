"""Internal calls on behalf of a caller: the identity is minted here, anew for each service, never copied from the client."""

from __future__ import annotations

import time
from collections.abc import Mapping
from time import perf_counter

from adapters.core.calls import Call, Reply
from gateway.exchange import Exchange, Permit
from gateway.observe import metrics
from gateway.upstream import Pool, UpstreamError, line

_JSON = b"Content-Type: application/json\r\n"


class Internal:
    """The internal services. `pools` by service name."""

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self._pools = pools

    async def send(self, permit: Permit, call: Call, exchange: Exchange) -> Reply:
        """One call as the permitted caller; raises UpstreamError. Sets `exchange.wrote` while a write may have happened."""
        headers = self.headers(permit, call, exchange)
        before = exchange.wrote
        exchange.wrote = before or call.writes
        started = perf_counter()
        try:
            answer = await self._pools[call.service].request(
                call.method, call.path, headers, call.body, idempotent=not call.writes
            )
        except UpstreamError as error:
            if not error.sent:
                exchange.wrote = before
            raise
        finally:
            seconds = perf_counter() - started
            exchange.internal_seconds += seconds
            metrics.upstream(call.service, seconds)
        status = answer.status
        if 400 <= status < 500:
            exchange.wrote = before
        return Reply(status, answer.body, _reset(answer.header(b"x-ratelimit-reset")) if status == 429 else 0.0)

    @staticmethod
    def headers(permit: Permit, call: Call, exchange: Exchange) -> bytes:
        """The header lines of an internal call: credentials, identity, trace; nothing of the client's own."""
        caller = exchange.caller
        assert caller is not None
        lines = b"%bX-User-Role: %b\r\nX-Request-Id: %b\r\ntraceparent: %b\r\n" % (
            caller.headers[call.service],
            permit.role.encode("ascii", "replace"),
            exchange.request_id.encode("ascii"),
            exchange.trace.header,
        )
        if call.body:
            lines += _JSON
        if call.creates and exchange.idempotency_key:
            lines += b"Idempotency-Key: %b\r\n" % exchange.idempotency_key
        return lines

    async def aclose(self) -> None:
        """Close all pools."""
        for pool in self._pools.values():
            await pool.aclose()


def identity_lines(key: str, tenant_id: str, user_id: str) -> bytes:
    """The lines that say to one service on whose behalf the gateway calls."""
    return (
        line(b"Authorization", b"Bearer " + key.encode())
        + line(b"X-Business-Id", tenant_id.encode())
        + line(b"X-User-Id", user_id.encode())
    )


def _reset(header: bytes | None) -> float:
    """Seconds until the service's limit resets; its header is epoch seconds or seconds."""
    if header is None or not header.isdigit():
        return 1.0
    value = int(header[:12])
    return max(1.0, value - time.time() if value > 1_000_000_000 else value)
