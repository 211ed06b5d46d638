"""What an app subscribes to wherever it is connected: one address, one secret, a subscription and a lane for each grant."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.keys import token_format
from gateway.stores.sql import (
    Session,
    clients,
    grants,
    tenants,
    webhook_clock,
    webhook_endpoints,
    webhook_events,
    webhook_secrets,
    webhook_templates,
)
from gateway.stores.sql.clients import Client
from gateway.stores.sql.grants import Grant
from gateway.stores.sql.webhook_endpoints import MOST, Endpoint
from gateway.stores.sql.webhook_models import LaneRow
from gateway.webhooks import recipients, templates
from tests.stores.records import TENANT
from tests.stores.webhooks import event, subscribed
from tests.webhooks.delivering import KEYS, Post
from tests.webhooks.receivers import receiving

NOW = datetime.now(UTC)
CLIENT = Client(
    id=f"app_{'a' * 24}",
    name="Ledger",
    auth_method="none",
    redirect_uris=("https://ledger.example/callback",),
    scopes=("webhook.read", "deal.read"),
    grant_types=("authorization_code",),
    created_at=NOW,
    origin="cli",
)
URL = "https://ledger.example/in"
# Workspaces that have connected the app, and events of the first of them.
GRANTS, FLOOD = (1_000, 1_000) if int(os.environ.get("CHAOS_ROUNDS", "1")) > 1 else (21, 200)


def granted(session: Session, user: str = "u1", tenant: str = TENANT.id, **columns: Any) -> Grant:
    """A grant as the token endpoint makes it, with what follows from it."""
    made = Grant(
        id=token_format.new_id(),
        client_id=CLIENT.id,
        tenant_id=tenant,
        user_id=user,
        user_email="u@acme.example",
        scopes=CLIENT.scopes,
        issuer="http://127.0.0.1",
        created_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    made = replace(made, **columns)
    grants.insert(session, made)
    templates.connect(session, made, datetime.now(UTC))
    return made


def declared(session: Session, url: str = URL, **more: Any) -> bytes | None:
    if clients.get(session, CLIENT.id) is None:
        clients.add(session, CLIENT)
    body = {"url": url, "events": ["deal.won"], "payload": "thin", **more}
    return templates.declare(session, KEYS, CLIENT.id, body, "127.0.0.1", "2026-09-01", datetime.now(UTC))


def made_of(session: Session, grant: Grant) -> Endpoint:
    (found,) = webhook_endpoints.of_owner(session, "grant", grant.id)
    return found


async def test_case_40_each_grant_is_a_lane_and_all_have_one_address_and_one_secret(post: Post) -> None:
    others = [replace(TENANT, id=f"clx{number:022d}", name=f"Tenant {number}") for number in range(GRANTS - 1)]
    async with receiving() as receiver, post.delivering():
        with post.sql.session() as session:
            for other in others:
                tenants.add(session, other)
            secret = declared(session, receiver.url)
            made = [made_of(session, granted(session, "u1", each.id)) for each in (TENANT, *others)]
            for each in made:
                session.get_one(LaneRow, each.id).succeeded_at = webhook_clock.now(session)
        assert secret is not None
        flood: set[str] = set()
        with post.sql.session() as session:
            now = webhook_clock.now(session)
            for each in made:
                told = [event(number, tenant_id=each.tenant_id) for number in range(FLOOD if each is made[0] else 1)]
                accepted = webhook_events.accept(session, told, now)
                flood = flood or {f"evt_{event_id}" for event_id in accepted.ids.values()}
        for each in made:
            await post.settled(each, seconds=120)
    assert len({each.id for each in made}) == GRANTS, "a lane each"
    assert len(receiver.received) == GRANTS + FLOOD + GRANTS - 1, "with a test for each"
    # The others wait for their turn among lanes, and not behind the flood of one.
    order = receiver.ids()
    last = max(at for at, event_id in enumerate(order) if event_id not in flood)
    before = sum(event_id in flood for event_id in order[:last])
    assert before < FLOOD / 2, f"{before} of the flood went before the last of the others"
    with post.sql.session() as session:
        opened = {
            recipients.opened(
                KEYS, each, webhook_templates.secrets(session, {each.template_id or ""}, NOW)[each.template_id or ""]
            ).secrets
            for each in made
        }
        assert opened == {(secret,)}
        assert all(webhook_secrets.live(session, each.id, NOW) == () for each in made)


def test_who_had_connected_before_is_subscribed_when_the_app_declares_it(post: Post) -> None:
    with post.sql.session() as session:
        clients.add(session, CLIENT)
        grant, ended = granted(session), granted(session, "u2")
        grants.revoke(session, ended.id, "test", NOW)
        assert webhook_endpoints.of_tenant(session, TENANT.id) == ()
        declared(session)
        (made,) = webhook_endpoints.of_tenant(session, TENANT.id)
        assert (made.owner_id, made.client_id, made.scopes, made.status) == (
            grant.id,
            CLIENT.id,
            CLIENT.scopes,
            "pending",
        )


def test_a_user_who_connects_again_has_the_subscription_as_it_was_left(post: Post) -> None:
    with post.sql.session() as session:
        declared(session)
        made = made_of(session, granted(session))
        webhook_endpoints.stop(session, made.id, "disabled", "owner_revoked", NOW)
        again = granted(session, scopes=("webhook.read",))
        found = made_of(session, again)
        assert (found.id, found.status, found.scopes) == (made.id, "enabled", ("webhook.read",))
        webhook_endpoints.stop(session, made.id, "paused", None, NOW)
        assert made_of(session, granted(session)).status == "paused", "what the app paused stays so"
        assert len(webhook_endpoints.of_tenant(session, TENANT.id)) == 1


def test_without_the_scope_and_without_room_there_is_none(post: Post) -> None:
    with post.sql.session() as session:
        declared(session)
        granted(session, scopes=("deal.read",))
        assert webhook_endpoints.of_tenant(session, TENANT.id) == ()
        for _ in range(MOST):
            subscribed(session)
        granted(session)
        assert len(webhook_endpoints.of_tenant(session, TENANT.id)) == MOST


async def test_what_the_app_changes_is_changed_for_all_and_both_secrets_sign(post: Post) -> None:
    async with receiving() as old, receiving() as new, post.delivering():
        with post.sql.session() as session:
            declared(session, old.url)
            made = made_of(session, granted(session))
        await post.settled(made)
        with post.sql.session() as session:
            assert declared(session, new.url, events=["deal.won", "deal.lost"]) is None, "the secret stays"
            template = webhook_templates.of_client(session, CLIENT.id)
            assert template is not None
            templates.rotate(session, KEYS, template, datetime.now(UTC), timedelta(hours=1))
        await post.happen(1, type="deal.lost")
        await new.has(1)
        await post.settled(made)
    assert new.received[0].headers["webhook-secrets"] == "2"
    assert len(old.received) == 1
    with post.sql.session() as session:
        template = webhook_templates.of_client(session, CLIENT.id)
        assert template is not None
        templates.rotate(session, KEYS, template, datetime.now(UTC), timedelta())
        assert len(webhook_templates.secrets(session, {template.id}, datetime.now(UTC))[template.id]) == 1
        assert webhook_templates.remove(session, template, NOW) == 1
        assert webhook_endpoints.of_tenant(session, TENANT.id) == ()
