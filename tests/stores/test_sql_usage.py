"""Counts of requests and the addresses they came from, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Thread

from sqlalchemy import text

from gateway.stores.listings import MARKS, USAGE
from gateway.stores.sql import Session, Sql, audit, clients, grants, known_addresses, listing, tokens, usage
from gateway.stores.sql.clients import Client
from gateway.stores.sql.grants import Grant
from gateway.stores.sql.known_addresses import Place
from gateway.stores.sql.usage import Count, Marked, Named, Total
from tests.stores.records import NOW, TOKEN, successor_of

DAY, NEXT = date(2026, 6, 1), date(2026, 6, 2)
ONE = Count("a" * 24, DAY, "2026-06-01", "ok", "clx1", "clxu", 3)

MET = Marked("a" * 24, DAY, "2026-06-01", "change", "deals.title", "clx1", 3)


def test_counts_add_up_under_every_heading(session: Session) -> None:
    usage.add(session, [ONE, ONE._replace(day=NEXT, requests=1)])
    usage.add(session, [ONE._replace(requests=4), ONE._replace(outcome="limited", requests=2)])
    usage.add(session, [ONE._replace(principal="b" * 24, user_id="clxv", requests=10)])
    usage.add(session, [ONE._replace(principal="c" * 24, tenant_id="clx2", requests=100)])
    usage.add(session, [])
    assert set(usage.by_day(session, "clx1", None, DAY)) == {
        Total(DAY, "ok", 17),
        Total(DAY, "limited", 2),
        Total(NEXT, "ok", 1),
    }
    assert set(usage.by_day(session, "clx1", "clxu", NEXT)) == {Total(NEXT, "ok", 1)}
    assert set(usage.by_principal(session, "clx1", "clxu", DAY)) == {
        Total("a" * 24, "ok", 8),
        Total("a" * 24, "limited", 2),
    }


def test_workers_that_count_the_same_at_once_lose_nothing(sql: Sql) -> None:
    def work() -> None:
        for _ in range(20):
            with sql.session() as session:
                usage.add(session, [ONE._replace(principal=mark * 24, requests=1) for mark in "cab"])

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with sql.session() as session:
        assert {total.requests for total in usage.by_principal(session, "clx1", None, DAY)} == {60}


def test_what_requests_met_adds_up_and_is_told_by_principal_with_its_last_day(session: Session) -> None:
    usage.mark(session, [MET, MET._replace(day=NEXT, requests=1), MET._replace(kind="shadow", name="token")])
    usage.mark(session, [MET._replace(requests=4), MET._replace(name="contacts.phone", requests=7)])
    usage.mark(session, [])
    mine, other = MET.principal, "b" * 24
    assert usage.marks(session, [mine, other], "change", DAY) == {
        mine: (("contacts.phone", 7, DAY), ("deals.title", 8, NEXT))
    }
    assert usage.marks(session, [mine], "shadow", DAY) == {mine: (("token", 3, DAY),)}
    assert usage.marks(session, [mine], "change", NEXT) == {mine: (("deals.title", 1, NEXT),)}
    rows = listing.rows(session, MARKS, {"contract": "2026-06-01", "since": DAY.isoformat(), "tenant": "clx1"})
    assert [(row["kind"], row["name"], row["requests"], row["last_day"]) for row in rows] == [
        ("change", "contacts.phone", 7, "2026-06-01"),
        ("change", "deals.title", 8, "2026-06-02"),
        ("shadow", "token", 3, "2026-06-01"),
    ]
    usage.forget(session, NEXT)
    assert usage.marks(session, [mine], "change", DAY) == {mine: (("deals.title", 1, NEXT),)}


def test_what_is_old_is_forgotten(session: Session) -> None:
    usage.add(session, [ONE, ONE._replace(day=NEXT)])
    usage.forget(session, NEXT)
    assert usage.by_day(session, "clx1", None, DAY) == (Total(NEXT, "ok", 3),)


def test_what_is_old_is_found_without_reading_what_is_not(session: Session) -> None:
    sqlite = session.get_bind().dialect.name == "sqlite"
    if not sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # which is the best plan for a table this small
    plan = session.execute(text(f"EXPLAIN {'QUERY PLAN' if sqlite else ''} DELETE FROM usage WHERE day < '2020-01-01'"))
    assert "ix_usage_day" in str(plan.all())


def app(session: Session) -> Grant:
    made = Client("app_1", "Ledger", "none", ("https://x.example/",), ("contact.read",), (), NOW, "console")
    clients.add(session, made)
    grant = Grant("g" * 24, "app_1", "clx1", "clxu", "u@example.com", ("contact.read",), "https://x", NOW, NOW)
    grants.insert(session, grant)
    return grant


def test_a_principal_is_named_by_its_newest_token_or_by_its_app(session: Session) -> None:
    tokens.insert(session, TOKEN)
    tokens.rotate(session, replace(successor_of(TOKEN, "b"), name="CI, rotated"), NOW, NOW)
    grant = app(session)
    tokens.insert(session, replace(TOKEN, id="d" * 24, hash=b"d" * 32, kind="app", family=grant.id))
    assert usage.named(session, "clx1", [TOKEN.family, grant.id, "z" * 24]) == {
        TOKEN.family: Named("CI, rotated", "u@example.com", "personal", "b" * 24),
        grant.id: Named("Ledger", "u@example.com", "app", ""),
    }
    assert usage.named(session, "clx2", [TOKEN.family, grant.id]) == {}


def test_the_usage_of_an_app_is_that_of_its_grants(session: Session) -> None:
    grant = app(session)
    usage.add(session, [ONE, ONE._replace(principal=grant.id, contract="2026-09-01", requests=5)])
    assert usage.by_contract(session, "app_1", DAY) == (Total("2026-09-01", "ok", 5),)
    assert usage.by_contract(session, "app_1", NEXT) == ()


def test_an_address_is_told_of_once_and_not_without_end(session: Session) -> None:
    now = datetime.now(UTC)
    place = Place("a" * 24, "203.0.113.7", "clx1", "clxu", f"token:{'a' * 24}")
    known_addresses.note(session, [place, place], now)
    known_addresses.note(session, [place, place._replace(address="2001:db8::1")], now)
    told = audit.page(session, "clx1", "clxu")
    assert [(event.action, event.address) for event in told] == [
        ("token.use", "2001:db8::1"),
        ("token.use", "203.0.113.7"),
    ]
    known_addresses.note(session, [place._replace(address=f"10.0.0.{nth}") for nth in range(200)], now)
    assert len(audit.page(session, "clx1", limit=1000)) == known_addresses.MOST


def test_who_still_asks_under_a_contract_is_listed_by_name(sql: Sql) -> None:
    with sql.session() as session:
        tokens.insert(session, replace(TOKEN, family="a" * 24, name="Nightly"))
        usage.add(session, [ONE, ONE._replace(day=NEXT, requests=1), ONE._replace(contract="2026-09-01", requests=50)])
        usage.add(session, [ONE._replace(principal="z" * 24, tenant_id="clx2", requests=9)])

        def listed(tenant: str | None = None, since: str = "2026-06-01") -> list[tuple[object, ...]]:
            found = listing.rows(session, USAGE, {"contract": "2026-06-01", "since": since, "tenant": tenant})
            return [(row["tenant_id"], row["kind"], row["name"], row["requests"], row["last_day"]) for row in found]

        mine = ("clx1", "token", "Nightly", 4, "2026-06-02")
        assert listed() == [("clx2", "token", None, 9, "2026-06-01"), mine]
        assert listed("clx1") == [mine]
        assert listed("clx1", "2026-06-02") == [("clx1", "token", "Nightly", 1, "2026-06-02")]
