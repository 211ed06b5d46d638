"""`gateway doctor`, of what others run: services, the program of test mode, issuers of tokens, and the way out for events."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from gateway import factories
from gateway.auth.issuers.jwks import LARGEST, keys_of
from gateway.config import SANDBOX, Settings
from gateway.egress.fetching import Unfetched
from gateway.process import runtime_facts
from gateway.sandboxes.control import Control
from gateway.upstream import UpstreamError

_SOON: Final = 21  # days until a certificate ends
_NOBODY: Final = "doctor"  # the id of no tenant: those of sandboxes begin with clx
_PATIENCE: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. state: `ok`, `warning`, `failed`, or `skipped` where there is nothing to ask."""

    check: str
    state: str
    detail: str
    fix: str = ""


async def examine_others(settings: Settings) -> Sequence[Finding]:
    """What each of them says of itself, asked at once."""
    return [
        *await asyncio.gather(*(_service(settings, name) for name in settings.services)),
        *[
            each
            for each in await asyncio.gather(*(_certificate(settings, name) for name in settings.services))
            if each is not None
        ],
        await _test_mode(settings),
        *await asyncio.gather(*(_issuer(settings, name) for name in settings.issuers)),
        await _egress(settings),
    ]


async def _service(settings: Settings, name: str) -> Finding:
    service = settings.services[name]
    check = f"service {name}"
    if service.base_url == SANDBOX:
        return Finding(check, "skipped", "the sandbox, with invented data")
    pool = factories.pool(settings, factories.live(runtime_facts.runtime(settings, "", None, 0)), name)
    try:
        began = time.perf_counter()
        answer = await pool.request(b"GET", b"/", b"", idempotent=True)
    except UpstreamError as error:
        return Finding(check, "failed", str(error), f"Start it, or correct services.{name}.base_url.")
    finally:
        await pool.aclose()
    took = (time.perf_counter() - began) * 1000
    if answer.status in (502, 503, 504):
        return Finding(check, "failed", f"answers {answer.status}", "Look at what stands in front of it.")
    if answer.status == 500:
        # Nothing may be there, but to say so by a 500 is no service's habit.
        return Finding(check, "warning", f"answers 500 in {took:.1f} ms", "Look into its log.")
    return Finding(check, "ok", f"answers in {took:.1f} ms")


async def _certificate(settings: Settings, name: str) -> Finding | None:
    """When the certificate of a service ends; None where there is none, or the service is told to be away already."""
    service = settings.services[name]
    parts = urlsplit(service.base_url)
    if parts.scheme != "https":
        return None
    context = ssl.create_default_context(cafile=service.ca_file)
    try:
        async with asyncio.timeout(service.timeouts.connect):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context)
    except (OSError, TimeoutError):
        return None
    ends = writer.get_extra_info("ssl_object").getpeercert()["notAfter"]
    writer.close()
    days = int((ssl.cert_time_to_seconds(ends) - time.time()) // 86_400)
    check, detail = f"certificate {name}", f"ends in {days} days"
    return Finding(check, "ok", detail) if days > _SOON else Finding(check, "warning", detail, "Renew it.")


async def _test_mode(settings: Settings) -> Finding:
    """Whether its program answers, and takes the control key."""
    check, test = "test mode", settings.test
    if not test.enabled:
        return Finding(check, "skipped", "`test: off`")
    facts = runtime_facts.runtime(settings, "", None, 0)
    places = factories.test(settings, facts)
    if places is None:
        return Finding(check, "skipped", "embedded: started and watched by the gateway")
    control = Control(factories.pool(settings, places, "auth"), facts.control_key)
    try:
        status, _ = await control.told("GET", _NOBODY, "")
    except UpstreamError as error:
        return Finding(check, "failed", str(error), "Start the sandbox program, or correct test.sandbox_url.")
    finally:
        await control.aclose()
    if status == 401:
        return Finding(check, "failed", "its program refuses the control key", "Give both the same test.control_key.")
    if status not in (200, 404):
        return Finding(
            check, "failed", f"its program answers {status}", "Look whether test.sandbox_url is the sandbox."
        )
    return Finding(check, "ok", "its program answers, and takes the control key")


async def _issuer(settings: Settings, name: str) -> Finding:
    """Whether its keys can be read, and any of them fits the algorithms that are taken."""
    check, issuer = f"issuer {name}", settings.issuers[name]
    async with AsyncExitStack() as stack:
        fetcher = factories.fetcher(settings, stack)
        try:
            fetched = await fetcher.fetch(issuer.jwks_url, largest=LARGEST, accept="application/json")
            if fetched.status != 200:
                raise Unfetched("status", f"it answers {fetched.status}")
            keys = keys_of(fetched.body, issuer.algorithms)
        except (Unfetched, ValueError) as error:
            fix = f"Ask whoever runs it, or correct issuers.{name}.jwks_url."
            return Finding(check, "failed", f"its keys cannot be read: {error}", fix)
    return Finding(check, "ok", f"publishes {len(keys)} keys that signatures can be checked with")


async def _egress(settings: Settings) -> Finding:
    """Whether the proxy is there that events leave through."""
    check, proxy = "egress", settings.webhooks.egress.proxy
    if proxy is None:
        return Finding(check, "skipped", "hosts are called directly: `gateway webhooks vet URL` tries one")
    host, _, port = proxy.removeprefix("http://").rpartition(":")
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError) as error:
        why = str(error) or "nobody answers in time"
        return Finding(check, "failed", f"the proxy is away: {why}", "Start it, or correct webhooks.egress.proxy.")
    writer.close()
    return Finding(check, "ok", "the proxy takes connections")
