"""A grant in a real PostgreSQL, every way in which it ends, and who waits for whom while it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg

from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.keys.token_format import new_id
from gateway.oauth import clients as apps
from gateway.oauth import leak_reports, revocation, token, token_families
from gateway.oauth.leak_reports import Report
from gateway.oauth.request_snapshot import Snapshot
from gateway.oauth.server import Outcome
from gateway.stores.sql import Session, Sql, clients, consents, grants, tokens
from gateway.stores.sql.clients import Client
from gateway.stores.sql.grants import Grant
from gateway.stores.sql.tenants import Tenant
from tests.live import OFFERED

USER = "usr1"
TENANT = Tenant("biz1", "Acme", None, datetime(2026, 1, 1, tzinfo=UTC))
SETTINGS = Settings()
KEYS = Keyring.load(Keyring.create())
ISSUER = "https://api.example"


Write = Callable[[Session], object]


@dataclass(frozen=True)
class Family:
    """A grant of an app of its own, its current refresh token, and a used one whose grace is over."""

    client: Client
    grant: Grant
    current: str
    spent: str


@dataclass
class Bench:
    """The database, and who waits for a lock in it."""

    sql: Sql
    url: str

    def waiting(self) -> int:
        with psycopg.connect(self.url) as watching:
            row = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
        assert row is not None
        return int(row[0])

    def waits_or_is_done(self, work: Future[object], others: int = 0) -> None:
        until = time.monotonic() + 10
        while not work.done() and self.waiting() <= others:
            assert time.monotonic() < until
            time.sleep(0.005)

    @contextmanager
    def held(self, write: Write) -> Iterator[object]:
        """What `write` returned, in a transaction that is committed at the end."""
        with self.sql.session() as session:
            yield write(session)

    def alone(self, write: Write) -> object:
        with self.sql.session() as session:
            return write(session)


def family(bench: Bench, of: Client | None = None) -> Family:
    """Connected an hour ago, refreshed once since."""
    now = datetime.now(UTC)
    start = now - timedelta(hours=1)

    def write(session: Session) -> Family:
        client = of
        if client is None:
            uris = ("http://127.0.0.1/cb",)
            draft = apps.draft(start, name="App", redirect_uris=uris, scopes=("contact.read",), origin="cli")
            client = replace(draft, auth_method="none")
            clients.add(session, client)
            consents.remember(session, client.id, TENANT.id, USER, frozenset(client.scopes), start)
        grant = Grant(
            id=new_id(),
            client_id=client.id,
            tenant_id=TENANT.id,
            user_id=USER,
            user_email="a@b.example",
            scopes=client.scopes,
            issuer=ISSUER,
            created_at=start,
            expires_at=now + timedelta(days=1),
        )
        grants.insert(session, grant)
        issuer = token_families.Issuer(session, KEYS, SETTINGS, start)
        issuer.access(grant, client.name, grant.scopes)
        spent, record = issuer.refresh(grant)
        current = issuer.rotated(grant, record)
        return Family(client, grant, current, spent)

    made = bench.alone(write)
    assert isinstance(made, Family)
    return made


def asked(**form: str) -> Snapshot:
    return Snapshot("POST", True, b"", tuple(form.items()), None, ISSUER, "203.0.113.7", datetime.now(UTC), OFFERED)


def refreshing(of: Family, text: str | None = None) -> Write:
    """The app's own refresh; it authenticates as a public client."""

    def write(session: Session) -> Outcome:
        form = {"grant_type": "refresh_token", "refresh_token": text or of.current, "client_id": of.client.id}
        return token.answer(session, KEYS, SETTINGS, asked(**form))

    return write


def revoked_by_the_app(of: Family) -> Write:
    return lambda session: revocation.answer(session, KEYS, SETTINGS, asked(token=of.current, client_id=of.client.id))


def disconnected(of: Family) -> Write:
    return lambda session: token_families.disconnect(
        session, of.client.id, TENANT.id, USER, actor=f"user:{USER}", now=datetime.now(UTC)
    )


def reused(of: Family) -> Write:
    return refreshing(of, of.spent)


def app_removed(of: Family) -> Write:
    return lambda session: apps.disable(session, of.client, actor="cli", now=datetime.now(UTC))


def leaked(of: Family) -> Write:
    report = Report(of.current, "refresh", "https://paste.example/1")
    return lambda session: leak_reports.revoked(session, KEYS, report, datetime.now(UTC), "203.0.113.9")


def ended_by_an_operator(of: Family) -> Write:
    return lambda session: token_families.end(session, of.grant, "test", actor="cli", now=datetime.now(UTC))


WAYS = (revoked_by_the_app, disconnected, reused, app_removed, leaked, ended_by_an_operator)


def alive(bench: Bench, of: Family) -> list[str]:
    """The access tokens of the family that open the API."""

    def read(session: Session) -> list[str]:
        now = datetime.now(UTC)
        found = tokens.list(session, TENANT.id, USER, kind="app", limit=10_000)
        return [
            each.id
            for each in found
            if each.family == of.grant.id and each.revoked_at is None and each.expires_at > now
        ]

    found = bench.alone(read)
    assert isinstance(found, list)
    return found
