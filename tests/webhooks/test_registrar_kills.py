"""kill -9 of a registrar at each step, on both databases, before a real settings service (events.md §1, the kill table)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from gateway.keys.purposes import CAPABILITY
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.stores.sql import Sql, tenants, webhook_endpoints, webhook_registrations
from gateway.stores.sql.webhook_models import RegistrationRow
from gateway.stores.sql.webhook_registrations import Registration
from gateway.webhooks.registering import Registrar
from tests.live import Live
from tests.stores.records import TENANT
from tests.stores.webhooks import subscribed
from tests.webhooks.delivering import KEYRING, KEYS
from tests.webhooks.mortal_registrar import BASE, POINTS, Errand, killed, registrar

ABANDONED, OVERLAP = timedelta(minutes=2), timedelta(hours=25)  # longer than either lasts


class Office:
    """What the settings service and our database say of tenant b of the sandbox."""

    def __init__(self, sql: Sql, live: Live) -> None:
        self.sql = sql
        self.tenant = live.b.business_id
        self.service_url = live.sandbox_url
        self._service = live.sandbox
        self._key = {"Authorization": f"Bearer {live.b.api_key}"}
        sealed = seal_tenant_key(KEYS, self.tenant, live.b.api_key)
        with sql.session() as session:
            tenants.add(session, replace(TENANT, id=self.tenant, api_key_sealed=sealed))
            self.endpoint = subscribed(session, tenant_id=self.tenant)

    def theirs(self) -> list[dict[str, Any]]:
        listed = self._service.get("/api/settings/webhooks", headers=self._key).json()["data"]
        return [each for each in listed if each["url"].startswith(BASE)]

    def delete_theirs(self) -> None:
        for each in self.theirs():
            self._service.delete(f"/api/settings/webhooks/{each['id']}", headers=self._key)

    def ours(self) -> tuple[Registration, ...]:
        with self.sql.session(read_only=True) as session:
            return webhook_registrations.of_tenant(session, self.tenant)

    def urls(self) -> dict[str, Registration]:
        opened = {
            KEYS.open(CAPABILITY, self.tenant, each.capability_sealed, b"").decode(): each for each in self.ours()
        }
        return {f"{BASE}/in/{capability}": each for capability, each in opened.items()}

    def gaps(self) -> list[str]:
        with self.sql.session(read_only=True) as session:
            return [each.reason for each in webhook_registrations.gaps(session, self.tenant)]

    def heard(self) -> None:
        """An event came to every URL that stands."""
        with self.sql.session() as session:
            session.execute(update(RegistrationRow).values(heard_at=datetime.now(UTC)))

    def passes(self, time: timedelta) -> None:
        """As if it had passed since anything was written."""
        moments = ("created_at", "checked_at")
        with self.sql.session() as session:
            for row in session.query(RegistrationRow):
                for name in moments:
                    if (at := getattr(row, name)) is not None:
                        setattr(row, name, at - time)

    async def do(self, work: Callable[[Registrar], Awaitable[Any]]) -> None:
        async with registrar(self.sql, KEYS, self.service_url) as made:
            await work(made)

    async def ensure(self) -> None:
        await self.do(lambda made: made.ensure(self.tenant))

    async def check(self) -> None:
        await self.do(lambda made: made.check(self.tenant))

    async def comes_to(self, before: str) -> None:
        """How things stand when the one comes that will die."""
        if before == "nothing":
            return
        await self.ensure()
        if before == "lost":
            self.delete_theirs()
        elif before == "replaced":
            await self.do(lambda made: made.rotate(self.tenant))
            self.heard()
        elif before == "unwanted":
            with self.sql.session() as session:
                webhook_endpoints.remove(session, self.endpoint.id, datetime.now(UTC))
            self.passes(OVERLAP)


@pytest.fixture
def office(sql: Sql, live: Live) -> Iterator[Office]:
    found = Office(sql, live)
    found.delete_theirs()
    yield found
    found.delete_theirs()


@pytest.mark.parametrize("point", POINTS)
async def test_wherever_a_registrar_was_killed_the_next_one_comes_to_one_subscription(
    point: str, url: str, office: Office
) -> None:
    before = POINTS[point].before
    await office.comes_to(before)
    await killed(Errand(url, KEYRING, office.service_url, office.tenant, point))
    assert {each["url"] for each in office.theirs()} <= office.urls().keys(), "what is posted finds somebody"
    # The next courier begins with a round; the others make theirs later.
    for pause in (timedelta(), ABANDONED, timedelta()):
        office.passes(pause)
        if before != "unwanted":
            await office.ensure()
        await office.check()
        assert {each["url"] for each in office.theirs()} <= office.urls().keys()
    office.heard()
    await office.check()
    theirs, ours = office.theirs(), office.urls()
    assert [each["url"] for each in theirs] == [*ours]
    assert [(each.state, each.internal_id) for each in ours.values()] == [("active", each["id"]) for each in theirs]
    assert len(theirs) == (0 if before == "unwanted" else 1)
    assert office.gaps() == (["registration_lost"] if before == "lost" else []), (
        "a gap is told once, and none that was not"
    )
