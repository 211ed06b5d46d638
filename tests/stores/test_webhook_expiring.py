"""Owners of subscriptions are warned 14, 3 and 1 days before what the subscription belongs to expires, each time once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.stores.sql import Session, audit, tokens, webhook_expiring
from tests.stores.records import NOW, TENANT, TOKEN
from tests.stores.webhooks import subscribed

END = NOW + timedelta(days=90)


def warned(session: Session, left: timedelta) -> list[str]:
    return [each.endpoint.id for each in webhook_expiring.warn(session, END - left)]


def test_each_warning_is_given_once_and_written_down(session: Session) -> None:
    tokens.insert(session, replace(TOKEN, expires_at=END))
    made = subscribed(session, owner_kind="token", owner_id=TOKEN.family, user_id="clxu")
    subscribed(session, owner_kind="user", owner_id="clxu")
    assert warned(session, timedelta(days=15)) == []
    for days in (13.9, 2.9, 0.9):
        assert warned(session, timedelta(days=days)) == [made.id]
        assert warned(session, timedelta(days=days - 0.1)) == []
    told = [each for each in audit.tail(session, TENANT.id) if each.action == "webhook.expiring"]
    assert len(told) == 3 and {each.subject for each in told} == {f"whk_{made.id}"}
    assert told[0].detail["user"] == "clxu", "its owner sees it among their activity"


def test_whoever_looks_late_gives_one_warning_and_not_three(session: Session) -> None:
    tokens.insert(session, replace(TOKEN, expires_at=END))
    made = subscribed(session, owner_kind="token", owner_id=TOKEN.family)
    assert warned(session, timedelta(hours=5)) == [made.id]
    assert warned(session, timedelta(hours=4)) == []


def test_a_rotated_token_and_a_subscription_that_is_paused_need_no_warning(session: Session) -> None:
    tokens.insert(session, replace(TOKEN, expires_at=END))
    successor = replace(TOKEN, id="b" * 24, hash=b"b" * 32, replaces=TOKEN.id, expires_at=END + timedelta(days=90))
    made = subscribed(session, owner_kind="token", owner_id=TOKEN.family)
    subscribed(session, owner_kind="token", owner_id=TOKEN.family, status="paused")
    assert warned(session, timedelta(days=10)) == [made.id]
    tokens.insert(session, successor)
    assert webhook_expiring.ends(session, [made.id], NOW) == {made.id: END + timedelta(days=90)}
    assert warned(session, timedelta(days=2)) == []
