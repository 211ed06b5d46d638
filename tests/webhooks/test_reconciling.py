"""What was created while nobody listened (events.md §2.6, case 36): found by a search, accepted once, and never guessed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway import factories
from gateway.deployment import offer
from gateway.stores import redis_url
from gateway.stores.limits import Limiter
from gateway.stores.sql import Session, Sql, webhook_endpoints, webhook_events, webhook_registrations
from gateway.webhooks import assembling
from gateway.webhooks.intake import Intake
from tests.live import Live
from tests.webhooks.rendered import endpoint
from tests.webhooks.test_registrar import Office

READ = ("webhook.read", "contact.read", "invoice.read", "ticket.read", "employee.read")


class Gaps(Office):
    """Gaps of tenant b, and what a courier makes of them."""

    def gap(self, *, ago: timedelta = timedelta(minutes=5), reason: str = "registration_lost") -> str:
        now = datetime.now(UTC)
        tenant = None if reason == "no_courier" else self.tenant
        made = self.deployment.store(lambda s: webhook_registrations.add_gap(s, tenant, reason, now - ago, now))
        return str(made.id)

    def close(self) -> None:
        """As a courier does when it has the turn."""

        async def done() -> None:
            settings, facts = self.deployment.settings, self.deployment.facts
            async with AsyncExitStack() as stack:
                line = await redis_url.connect(facts.redis_url, timeout=settings.stores.redis_timeout)
                stack.push_async_callback(line.aclose)
                sql = Sql(facts.sql_url)
                stack.callback(sql.close)
                keys, limiter = factories.keyring(settings), Limiter(line, 1)
                _, reconciler = assembling.delivering(settings, offer(settings), facts, sql, keys, limiter, stack)
                await reconciler.once(Intake(sql, lambda _: None).accept)

        asyncio.run(done())

    def open(self) -> list[str]:
        return [each.id for each in self.deployment.store(webhook_registrations.unreconciled)]

    def told(self) -> list[tuple[str, str]]:
        found = self.deployment.store(lambda s: webhook_events.page(s, self.tenant, limit=1_000))
        return [(each.type, each.object_id) for each in found if each.origin == "reconciled"]


def _closed(session: Session) -> None:
    for each in webhook_registrations.unreconciled(session):
        webhook_registrations.reconciled(session, each.id, datetime.now(UTC))


@pytest.fixture
def gaps(live: Live) -> Iterator[Gaps]:
    found = Gaps(live)
    found.forget()
    made = endpoint(live.b, id=f"reconciler{'0' * 14}", scopes=READ, events=("contact.created",))
    found.deployment.store(lambda session: webhook_endpoints.add(session, made))
    found.run(lambda registrar: registrar.ensure(found.tenant))
    yield found
    found.deployment.store(_closed)
    found.deployment.store(lambda session: webhook_endpoints.remove(session, made.id, datetime.now(UTC)))
    found.forget()


def made(live: Live, path: str, body: dict[str, Any]) -> str:
    answer = live.call("POST", f"/v1/{path}", body, token=live.b.tokens["owner"])
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def test_case_36_what_was_created_in_a_gap_is_told_once_and_nothing_older(live: Live, gaps: Gaps) -> None:
    # What other tests have made in these minutes is in the gap, too: it is told now, and known afterwards.
    gaps.gap()
    gaps.close()
    before = {*gaps.told()}
    contact = made(live, "contacts", {"first_name": "Ada"})
    ticket = made(live, "tickets", {"subject": "Lamp", "description": "Dark", "requester_email": "ada@example.com"})
    gaps.gap()
    gaps.close()
    assert gaps.open() == []
    found = [each for each in gaps.told() if each not in before]
    assert sorted(found) == [("contact.created", contact), ("ticket.created", ticket)]
    # Another gap over the same time finds them again, and they are known.
    gaps.gap(reason="no_courier")
    gaps.close()
    assert gaps.open() == []
    assert [each for each in gaps.told() if each not in before] == found


def test_a_gap_stays_open_while_the_service_cannot_be_asked(live: Live, gaps: Gaps) -> None:
    contact = made(live, "contacts", {"first_name": "Grace"})
    gap = gaps.gap()
    with live.fault(path="/api/crm/contacts", status=503):
        gaps.close()
    assert gaps.open() == [gap]
    assert ("contact.created", contact) not in gaps.told()
    gaps.close()
    assert gaps.open() == []
    assert ("contact.created", contact) in gaps.told()


def test_a_gap_stays_open_until_events_are_sent_to_us_again(live: Live, gaps: Gaps) -> None:
    gaps.forget()
    contact = made(live, "contacts", {"first_name": "Mary"})
    gap = gaps.gap()
    gaps.close()
    assert gaps.open() == [gap]
    # What is created until the subscription stands again is in the gap too.
    later = made(live, "contacts", {"first_name": "Jean"})
    gaps.run(lambda registrar: registrar.ensure(gaps.tenant))
    gaps.close()
    assert {("contact.created", contact), ("contact.created", later)} <= {*gaps.told()}


def test_who_may_see_nothing_of_a_type_has_nothing_looked_for(live: Live, gaps: Gaps) -> None:
    contact = made(live, "contacts", {"first_name": "Joan"})

    def narrowed(session: Any) -> None:
        for each in webhook_endpoints.of_tenant(session, gaps.tenant):
            webhook_endpoints.remove(session, each.id, datetime.now(UTC))
        webhook_endpoints.add(session, endpoint(live.b, id=f"reconciler{'0' * 14}", scopes=("webhook.read",)))

    gaps.deployment.store(narrowed)
    gaps.gap()
    gaps.close()
    assert gaps.open() == []
    assert ("contact.created", contact) not in gaps.told()


def test_an_operator_names_a_time_and_sees_when_it_was_looked_through(live: Live, gaps: Gaps) -> None:
    asked = ("webhooks", "reconcile", "--tenant", gaps.tenant, "--since", "2026-01-01", "--until", "2026-01-01T00:30Z")
    done = live.served.run(*asked, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["until"].startswith("2026-01-01T00:30:00")
    gaps.close()
    shown = json.loads(live.served.run("webhooks", "registrations", "--tenant", gaps.tenant, "--json").stdout)["gaps"]
    (gap,) = [each for each in shown if each["reason"] == "asked"]
    assert gap["reconciled_at"] is not None
    backwards = live.served.run(*asked[:-1], "2025-01-01")
    assert (backwards.returncode, "--until" in backwards.stderr) == (2, True)
