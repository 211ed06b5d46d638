"""The registrar against a real settings service: one subscription of ours a tenant, found again, mended, replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway import factories
from gateway.deployment import built_in
from gateway.stores.sql import Sql, webhook_endpoints, webhook_registrations
from gateway.webhooks import assembling
from gateway.webhooks.registering import Registrar
from tests.live import Live
from tests.webhooks.rendered import Deployment, endpoint

BASE = "http://127.0.0.1:2"


class Office:
    """A registrar for tenant b, whose ingest is at an address of its own."""

    def __init__(self, live: Live) -> None:
        self.deployment = Deployment(live)
        self.tenant = live.b.business_id
        self.service = live.sandbox
        self.key = {"Authorization": f"Bearer {live.b.api_key}"}

    def run(self, work: Callable[[Registrar], Awaitable[Any]]) -> Any:
        async def done() -> Any:
            async with AsyncExitStack() as stack:
                settings = self.deployment.settings
                sql = Sql(self.deployment.facts.sql_url)
                stack.callback(sql.close)
                facts = replace(self.deployment.facts, ingest_url=BASE)
                keys = factories.keyring(settings)
                return await work(assembling.registrar(settings, built_in(), facts, sql, keys, stack))

        return asyncio.run(done())

    def theirs(self) -> list[dict[str, Any]]:
        listed = self.service.get("/api/settings/webhooks", headers=self.key).json()["data"]
        return [each for each in listed if each["url"].startswith(BASE)]

    def ours(self) -> list[tuple[str, str | None]]:
        found = self.deployment.store(lambda s: webhook_registrations.of_tenant(s, self.tenant))
        return [(each.state, each.internal_id) for each in found]

    def unchecked(self) -> None:
        """As if nobody had looked for a day."""

        def long_ago(session: Any) -> None:
            for known in webhook_registrations.of_tenant(session, self.tenant):
                webhook_registrations.change(session, known.id, checked_at=datetime.now(UTC) - timedelta(hours=25))

        self.deployment.store(long_ago)

    def forget(self) -> None:
        def all_gone(session: Any) -> None:
            for each in webhook_registrations.of_tenant(session, self.tenant):
                webhook_registrations.remove(session, each.id)

        self.deployment.store(all_gone)
        for each in self.theirs():
            self.service.delete(f"/api/settings/webhooks/{each['id']}", headers=self.key)


@pytest.fixture
def office(live: Live) -> Iterator[Office]:
    found = Office(live)
    found.forget()
    made = endpoint(live.b, id=f"registrar{'0' * 15}")
    found.deployment.store(lambda session: webhook_endpoints.add(session, made))
    yield found
    found.deployment.store(lambda session: webhook_endpoints.remove(session, made.id, datetime.now(UTC)))
    found.forget()


def test_a_tenant_has_one_registration_however_many_ask(office: Office) -> None:
    async def together(registrar: Registrar) -> list[bool]:
        return list(await asyncio.gather(*(registrar.ensure(office.tenant) for _ in range(8))))

    assert any(office.run(together))
    assert office.run(lambda registrar: registrar.ensure(office.tenant)) is True
    (theirs,) = office.theirs()
    assert office.ours() == [("active", theirs["id"])]
    assert "deal.won" in theirs["events"]


def test_case_36_one_that_was_deleted_there_is_made_again_and_the_gap_is_written_down(office: Office) -> None:
    office.run(lambda registrar: registrar.ensure(office.tenant))
    (before,) = office.theirs()
    office.service.delete(f"/api/settings/webhooks/{before['id']}", headers=office.key)
    office.run(lambda registrar: registrar.check(office.tenant))
    (after,) = office.theirs()
    assert office.ours() == [("active", after["id"])]
    gaps = office.deployment.store(lambda session: webhook_registrations.gaps(session, office.tenant))
    assert gaps[0].reason == "registration_lost"


def test_case_36_an_answer_that_was_lost_is_found_by_its_url_and_strays_are_deleted(office: Office, live: Live) -> None:
    with live.fault(method="POST", path="/api/settings/webhooks", status=500, then_execute=True, times=1):
        assert office.run(lambda registrar: registrar.ensure(office.tenant)) is False
    assert office.ours() == [("pending", None)]
    stray = {"url": f"{BASE}/in/stray", "events": ["deal.won"]}
    foreign = {"url": "https://elsewhere.example.com/in/x", "events": ["deal.won"]}
    for body in (stray, foreign):
        assert office.service.post("/api/settings/webhooks", json=body, headers=office.key).status_code == 201
    office.run(lambda registrar: registrar.check(office.tenant))
    assert stray["url"] not in [each["url"] for each in office.theirs()]
    listed = office.service.get("/api/settings/webhooks", headers=office.key).json()["data"]
    assert foreign["url"] in [each["url"] for each in listed], "what is not ours is left alone"


def test_a_url_is_replaced_and_the_old_one_goes_when_the_new_one_was_heard(office: Office) -> None:
    office.run(lambda registrar: registrar.ensure(office.tenant))
    office.run(lambda registrar: registrar.rotate(office.tenant))
    assert sorted(state for state, _ in office.ours()) == ["active", "retiring"]
    office.run(lambda registrar: registrar.check(office.tenant))
    assert len(office.theirs()) == 2, "both are heard until the new one was"

    def heard(session: Any) -> None:
        for each in webhook_registrations.of_tenant(session, office.tenant):
            if each.state == "active":
                webhook_registrations.change(session, each.id, heard_at=datetime.now(UTC))

    office.deployment.store(heard)
    office.run(lambda registrar: registrar.check(office.tenant))
    assert [state for state, _ in office.ours()] == ["active"]
    assert len(office.theirs()) == 1


def test_without_endpoints_it_ends_after_a_day(office: Office, live: Live) -> None:
    office.run(lambda registrar: registrar.ensure(office.tenant))

    def gone(session: Any) -> None:
        for each in webhook_endpoints.of_tenant(session, office.tenant):
            webhook_endpoints.remove(session, each.id, datetime.now(UTC))

    office.deployment.store(gone)
    office.unchecked()
    office.run(lambda registrar: registrar.check(office.tenant))
    assert office.theirs() == []
    assert office.ours() == []


def test_case_34_while_all_are_stopped_events_are_heard_for_as_long_as_they_are_kept(office: Office) -> None:
    """What is enabled again goes on with what happened meanwhile, so it has to be told."""
    office.run(lambda registrar: registrar.ensure(office.tenant))

    def stopped(ago: timedelta) -> None:
        def stop(session: Any) -> None:
            for each in webhook_endpoints.of_tenant(session, office.tenant):
                webhook_endpoints.stop(session, each.id, "disabled", "failing", datetime.now(UTC) - ago)

        office.deployment.store(stop)
        office.unchecked()
        office.run(lambda registrar: registrar.check(office.tenant))

    stopped(timedelta(days=29))
    assert [state for state, _ in office.ours()] == ["active"] and len(office.theirs()) == 1
    stopped(timedelta(days=31))
    assert office.theirs() == []
