"""Whether the internal services take a tenant's API key, asked before it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.core.declare.resource import Resource
from gateway import factories
from gateway.config import SANDBOX, Runtime, Settings
from gateway.upstream import UpstreamError, line

_REFUSALS = (401, 403)


async def tried(
    settings: Settings, facts: Runtime, resources: Sequence[Resource], tenant_id: str, api_key: str
) -> Mapping[str, str]:
    """What each service that is called by tenant key made of it: `taken`, `refused`, or why it could not be asked.

    One GET of the first resource's list a service. Services that no resource needs, or whose sandbox does not run, are left out.
    """
    first = {resource.upstream.service: resource.upstream.path for resource in reversed(resources)}
    said: dict[str, str] = {}
    for name, service in settings.services.items():
        here = service.base_url != SANDBOX or facts.service_urls.get(name, SANDBOX) != SANDBOX
        if service.credentials != "tenant_key" or name not in first or not here:
            continue
        headers = line(b"Authorization", b"Bearer " + api_key.encode()) + line(b"X-Business-Id", tenant_id.encode())
        pool = factories.pool(settings, factories.live(facts), name)
        try:
            answer = await pool.request(b"GET", first[name].encode() + b"?limit=1", headers, b"", idempotent=True)
            said[name] = "refused" if answer.status in _REFUSALS else "taken"
        except UpstreamError as error:
            said[name] = str(error)
        finally:
            await pool.aclose()
    return said
