"""A gateway with a tenant in test mode, whose services are the sandbox that the live tenants have, too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from gateway.keys import token_format
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.keys.token_format import Audience, Mode
from gateway.stores.sql import tenants
from gateway.stores.sql import tokens as stored
from tests.live import SCOPES, Live, Tenant, live


class Boxed:
    """`live` and a sandbox of it: the tenant that is not registered else, with a token of each kind."""

    def __init__(self, running: Live) -> None:
        self.live = running
        self.tenant = running.guest
        self.token, self.token_id = minted(running, self.tenant, "owner")

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One request with the sandbox's token."""
        return self.live.call(method, path, body, **{"token": self.token, **more})

    def meets(self, fault: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The same with a fault."""
        return self.call(method, path, body, headers={"Test-Fault": fault, **headers})

    def code(self, fault: str, method: str, path: str, body: Any = None, **headers: str) -> str:
        """The code of the problem that it is answered with, empty for none."""
        answer = self.meets(fault, method, path, body, **headers)
        return str(answer.json().get("code", "")) if answer.content else ""


def minted(
    running: Live, tenant: Tenant, role: str, *, audience: Audience = "api", mode: Mode = "test"
) -> tuple[str, str]:
    """A token of a sandbox, and its id; `mode` is that of the tenant."""
    keys = running._keys()
    _, token_id = running.record(tenant, role, SCOPES)
    text = token_format.mint("gw", "personal", mode)
    with running._session() as session:
        made = stored.get(session, tenant.business_id, token_id)
        assert made is not None
        test_id = token_format.new_id()
        stored.insert(
            session,
            dataclasses.replace(
                made,
                id=test_id,
                family=test_id,
                audience=audience,
                hash=keys.hash(text.encode()),
                display_prefix=token_format.display_prefix(text),
            ),
        )
    return text, test_id


@contextmanager
def boxed(home: Path, **config: Any) -> Iterator[Boxed]:
    """Start it."""
    with live(home, **config) as running:
        key = {"file": str(home / "auth-key")}
        running.set_up(**config, test={"sandbox_url": running.sandbox_url, "service_key": key, "control_key": key})
        now = datetime.now(UTC)
        tenant = running.guest
        with running._session() as session:
            sealed = seal_tenant_key(running._keys(), tenant.business_id, tenant.api_key)
            ends = now + timedelta(hours=1)
            added = tenants.Tenant(tenant.business_id, tenant.name, sealed, now, mode="test", expires_at=ends)
            tenants.add(session, added)
        yield Boxed(running)
