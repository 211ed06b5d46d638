"""`python -m sandbox emit`: one event, sent by hand."""

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from random import SystemRandom
from typing import Any

from sandbox.directory import Directory, Tenant
from sandbox.emitter import Happened, Manners, Post, deliver, posts
from sandbox.entities import BY_NAME
from sandbox.events import EVENTS, SIGNED
from sandbox.homes import SharedHome
from sandbox.ids import CUID
from sandbox.moments import render_instant
from sandbox.schema import load
from sandbox.store import Query, Store


def emit(connection: sqlite3.Connection, given: argparse.Namespace) -> int:
    """Prints `{"sent": n, "answers": {status: count}}`. Exit status 1: no such tenant, record or subscriber."""
    store, directory = Store(connection), Directory(connection)
    tenant = directory.by_id.get(given.tenant)
    if tenant is None:
        return _failed(f"there is no tenant {given.tenant}")
    happened = _found(store, tenant, given.type, given.record)
    if happened is None:
        return _failed("there is no such record" if given.record else "there is no record of that kind yet")
    manners = Manners(repeat=given.repeat, tenant=given.claim, junk=given.junk)
    sent = list(posts(SharedHome(tenant, store, directory), [happened], manners))
    if not sent:
        return _failed(f"nobody of the tenant has subscribed to {given.type}")
    answers = Counter(str(status or "none") for status in asyncio.run(_all(sent)))
    print(json.dumps({"sent": len(sent), "answers": answers}))
    return 0


async def _all(sent: Sequence[Post]) -> list[int | None]:
    return list(await asyncio.gather(*map(deliver, sent)))


def _found(store: Store, tenant: Tenant, name: str, record: str | None) -> Happened | None:
    """The event about the record, or about the newest that it can be about."""
    if name == SIGNED:
        return name, _signed(store, tenant, record)
    for event in EVENTS:
        if event.name != name:
            continue
        entity = BY_NAME[event.entity]
        if record is None:
            rows = store.page(entity, tenant.number, Query("1", (), "c_createdAt", descending=True, offset=0, limit=1))
        else:
            key = entity.key.read(record)
            row = store.document(entity, tenant.number, key) if key is not None else None
            rows = [row] if row is not None else []
        if rows:
            after = load(rows[0])
            return name, event.told(after, after)
    return None


def _signed(store: Store, tenant: Tenant, record: str | None) -> dict[str, Any]:
    """A contract, about the tenant's newest deal where it has one."""
    newest = store.page(
        BY_NAME["deal"], tenant.number, Query("1", (), "c_createdAt", descending=True, offset=0, limit=1)
    )
    deal = load(newest[0]) if newest else {}
    made = record or CUID.make(SystemRandom(), lambda: 0)
    return {
        "id": made,
        "title": deal.get("title", "Framework agreement"),
        "clientName": None,
        "value": deal.get("value"),
        "currency": deal.get("currency", tenant.workspace.currency),
        "signedAt": render_instant(time.time_ns() // 1_000_000),
        "contactId": deal.get("contactId"),
        "companyId": deal.get("companyId"),
        "dealId": deal.get("id"),
    }


def _failed(reason: str) -> int:
    print(f"sandbox: {reason}", file=sys.stderr)
    return 1
