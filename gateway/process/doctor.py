"""`gateway doctor`: whether all that a deployment stands on is as it should be, asked from where the command runs."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

from gateway import factories
from gateway.config import EMBEDDED, Settings, reveal
from gateway.keys.keyring import KeyringInvalid
from gateway.process.doctor_others import Finding, examine_others
from gateway.process.doctor_running import examine_running
from gateway.process.doctor_webhooks import examine_webhooks
from gateway.stores import redis_url, topology
from gateway.stores.address import WRITES
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Sql, hashed, tenants
from gateway.stores.sql.migrate import ready
from gateway.stores.sql.tenants import Tenant

_ROOM: Final = 1 << 30  # bytes that should be free
_DESCRIPTORS: Final = 4096
_SKEW: Final = 2.0  # seconds
_OLDEST: Final = 7  # of Valkey and Redis


async def examine(settings: Settings, told: dict[str, Any]) -> AsyncIterator[Finding]:
    """Every check, in the order in which one depends on another. `told`: of the running gateway, as its file for `gateway reload` says; empty when none runs."""
    for finding in await examine_running(settings, told):
        yield finding
    yield _room(settings)
    yield _descriptors()
    async for finding in _redis(settings):
        yield finding
    async for finding in _sql(settings, running=bool(told)):
        yield finding
    for finding in await examine_others(settings):
        yield finding


def _room(settings: Settings) -> Finding:
    place = settings.server.data_dir.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{free / (1 << 30):.1f} GiB free at {place}"
    return Finding("disk", "ok", detail) if free >= _ROOM else Finding("disk", "warning", detail, "Make room.")


def _descriptors() -> Finding:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most == resource.RLIM_INFINITY or most >= _DESCRIPTORS:
        return Finding("descriptors", "ok", "as many as are needed")
    return Finding(
        "descriptors", "warning", f"at most {most} connections and files", "Raise the hard limit (ulimit -Hn)."
    )


async def _redis(settings: Settings) -> AsyncIterator[Finding]:
    url = reveal(settings.stores.redis)
    if url == EMBEDDED:
        yield Finding("redis", "skipped", "embedded: started and watched by the gateway")
        return
    line = await redis_url.connect(url, timeout=settings.stores.redis_timeout)
    nodes = topology.Nodes.parse(url) if topology.is_several(url) else None
    try:
        if nodes is not None:
            yield await _nodes(line)
        began = time.perf_counter()
        await line.command(*WRITES)
        took = (time.perf_counter() - began) * 1000
        yield Finding("redis", "ok", f"takes a write in {took:.1f} ms")
        if nodes is not None and nodes.service is None:
            yield Finding("redis settings", "skipped", "each node of a cluster has its own")
            return
        async for finding in _redis_settings(line):
            yield finding
    except StoreUnavailable as error:
        yield Finding("redis", "failed", str(error), "Start it, or correct stores.redis.")
    finally:
        await line.aclose()


async def _nodes(line: RedisConnection) -> Finding:
    """Whether all sentinels name the same primary, or every part of a cluster is there."""
    # Late: hardly anybody has several nodes, and the client that knows them is large.
    from gateway.stores.redis_nodes import ClusterConnection, SentinelConnection

    if isinstance(line, SentinelConnection):
        told = await line.opinions()
        doubts = [f"{place} {why}" for place, why in told.items() if isinstance(why, StoreUnavailable)]
        named = sorted({f"{said[0]}:{said[1]}" for said in told.values() if not isinstance(said, StoreUnavailable)})
        detail = "; ".join(
            [f"{len(told) - len(doubts)} of {len(told)} name {' and '.join(named) or 'a primary'}", *doubts]
        )
        if not named:
            return Finding("sentinels", "failed", detail, "Start them, or correct stores.redis.")
        if doubts or len(named) > 1:
            return Finding("sentinels", "warning", detail, "Mend these sentinels, or leave them out of stores.redis.")
        return Finding("sentinels", "ok", detail)
    assert isinstance(line, ClusterConnection), "there are two kinds"
    if lacking := line.lacking():
        return Finding("cluster", "failed", "; ".join(lacking), "Start these nodes, or let replicas take their slots.")
    return Finding("cluster", "ok", "every slot has a primary that answers")


async def _redis_settings(line: RedisConnection) -> AsyncIterator[Finding]:
    seconds, micros = await line.command("TIME")
    skew = time.time() - (int(seconds) + int(micros) / 1e6)
    detail = f"{skew:+.2f} s against the store's"
    late = abs(skew) > _SKEW
    yield Finding("clock", "warning" if late else "ok", detail, "Let NTP keep both." if late else "")
    told = dict(each.split(b":", 1) for each in (await line.command("INFO")).split(b"\r\n") if b":" in each)
    version = (told.get(b"valkey_version") or told.get(b"redis_version", b"0")).decode()
    policy, persistent = told.get(b"maxmemory_policy", b"").decode(), told.get(b"aof_enabled") == b"1"
    wrong = []
    if int(version.partition(".")[0]) < _OLDEST:
        wrong.append(f"it is of version {version}: take {_OLDEST} or newer")
    if policy not in ("noeviction", ""):
        wrong.append(f"maxmemory-policy is {policy}: set noeviction, or limits and replays are forgotten")
    if not persistent:
        wrong.append("appendonly is off: a restart forgets limits and replays")
    if wrong:
        yield Finding("redis settings", "warning", "; ".join(wrong), "Change them in its configuration.")
    else:
        yield Finding("redis settings", "ok", f"version {version}, noeviction, append-only file")


async def _sql(settings: Settings, *, running: bool) -> AsyncIterator[Finding]:
    if settings.stores.sql == EMBEDDED and not (settings.server.data_dir / "gateway.db").exists():
        yield Finding("sql", "skipped", "embedded: made by the first start")
        return
    with closing(Sql(factories.sql_url(settings), pool_size=1, timeout=settings.stores.sql_timeout)) as sql:
        try:
            began = time.perf_counter()
            migrated = await sql.run(ready)
            took = (time.perf_counter() - began) * 1000
            if not migrated:
                yield Finding("sql", "warning", "its layout is not this release's", "The next start migrates it.")
                return
            yield Finding("sql", "ok", f"takes a write in {took:.1f} ms, migrated")
            known = await sql.read(tenants.list)
            events = await examine_webhooks(settings, sql, running=running)
            lacking = await sql.read(hashed.missing, factories.keyring(settings), datetime.now(UTC))
        except StoreUnavailable as error:
            yield Finding("sql", "failed", str(error), "Start it, or correct stores.sql.")
        except (KeyringInvalid, OSError) as error:
            yield Finding("keyring", "failed", str(error), "Restore it from the backup.")
        else:
            if lacking:
                detail = f"the database was written with keys that are not in it: {', '.join(lacking)}"
                yield Finding("keyring", "failed", detail, "Take the keyring that the other instances use.")
            else:
                yield Finding("keyring", "ok", "the one that the database was written with")
            yield _plans(settings, known)
            for finding in events:
                yield finding


def _plans(settings: Settings, known: Sequence[Tenant]) -> Finding:
    lost = [f"{each.name} ({each.plan})" for each in known if each.plan is not None and each.plan not in settings.plans]
    if lost:
        detail = f"not configured, so that the limits of every tenant hold for {', '.join(lost)}"
        return Finding("plans", "warning", detail, "Add the plan to `plans`, or `gateway tenants set`.")
    return Finding("plans", "ok", f"those of {len(known)} tenants are configured")
