"""Tokens at rest: each test on SQLite and on PostgreSQL, both real."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.stores.sql import Sql, tenants, tokens
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.models import Base
from gateway.stores.sql.tenants import Tenant
from gateway.stores.sql.tokens import NotRotatable
from tests.stores.records import NOW, TENANT, TOKEN, go, start, successor_of

ROTATE = """
import sys
from datetime import datetime, timedelta, UTC
from dataclasses import replace
from gateway.stores.sql import Sql, tokens
sql = Sql(sys.argv[1])
with sql.session(read_only=True) as session:
    old = tokens.get(session, None, "a" * 24)
print("ready", flush=True)
sys.stdin.readline()
successor = replace(old, id=sys.argv[2] * 24, hash=sys.argv[2].encode() * 32, replaces=old.id)
try:
    with sql.session() as session:
        tokens.rotate(session, successor, old.created_at + timedelta(days=1), old.created_at)
    print("rotated")
except tokens.NotRotatable:
    print("refused")
"""


def test_a_token_is_read_as_it_was_inserted_by_hash_and_by_id(session: Session) -> None:
    tokens.insert(session, TOKEN)
    session.expire_all()
    assert tokens.by_hash(session, [b"\x01" * 32, TOKEN.hash]) == TOKEN
    assert tokens.get(session, "clx1", TOKEN.id) == TOKEN
    assert tokens.get(session, None, TOKEN.id) == TOKEN
    assert tokens.by_hash(session, [b"\x01" * 32]) is None
    assert tokens.by_hash(session, []) is None


def test_a_token_of_another_tenant_can_neither_be_read_nor_revoked_nor_rotated(session: Session) -> None:
    tenants.add(session, Tenant("clx2", "Other", None, NOW))
    tokens.insert(session, TOKEN)
    assert tokens.get(session, "clx2", TOKEN.id) is None
    assert tokens.revoke(session, "clx2", TOKEN.id, "theft", NOW) is None
    with pytest.raises(NotRotatable):
        tokens.rotate(session, replace(successor_of(TOKEN, "b"), tenant_id="clx2"), NOW, NOW)
    assert tokens.get(session, "clx1", TOKEN.id) == TOKEN


@pytest.mark.parametrize("clash", [{"id": "b" * 24}, {"hash": b"\x01" * 32}, {"tenant_id": "none", "id": "c" * 24}])
def test_a_second_token_with_the_same_hash_or_id_or_without_a_tenant_is_refused(
    sql: Sql, clash: dict[str, object]
) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)
    with pytest.raises(IntegrityError), sql.session() as session:
        tokens.insert(session, replace(TOKEN, **clash))  # type: ignore[arg-type] # the values fit their fields


def test_a_revocation_raises_the_generation_once_and_keeps_its_first_reason(session: Session) -> None:
    tokens.insert(session, TOKEN)
    revoked = tokens.revoke(session, "clx1", TOKEN.id, "leaked", NOW)
    assert revoked == replace(TOKEN, revoked_at=NOW, revoked_reason="leaked", generation=2)
    assert tokens.revoke(session, "clx1", TOKEN.id, "again", NOW + timedelta(days=1)) == revoked


def test_a_rotation_shortens_the_old_token_to_the_overlap_and_links_both(session: Session) -> None:
    tokens.insert(session, TOKEN)
    successor = successor_of(TOKEN, "b")
    ends = NOW + timedelta(hours=24)
    old = tokens.rotate(session, successor, ends, NOW)
    assert old == replace(TOKEN, expires_at=ends, rotated_to=successor.id, generation=2)
    assert tokens.get(session, "clx1", TOKEN.id) == old
    assert tokens.get(session, "clx1", successor.id) == successor
    assert successor.family == old.family


def test_a_rotation_never_prolongs_the_old_token(session: Session) -> None:
    tokens.insert(session, replace(TOKEN, expires_at=NOW + timedelta(minutes=1)))
    old = tokens.rotate(session, successor_of(TOKEN, "b"), NOW + timedelta(hours=24), NOW)
    assert old.expires_at == NOW + timedelta(minutes=1)


def test_a_revoked_expired_or_rotated_token_cannot_be_rotated_and_no_successor_stays(sql: Sql) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)
        tokens.rotate(session, successor_of(TOKEN, "b"), NOW, NOW)
        for mark, state in {"c": {"revoked_at": NOW}, "d": {"expires_at": NOW}}.items():
            tokens.insert(session, replace(TOKEN, id=mark * 24, hash=mark.encode() * 32, **state))  # type: ignore[arg-type] # as above
    for old in (TOKEN.id, "c" * 24, "d" * 24):
        with pytest.raises(NotRotatable), sql.session() as session:
            tokens.rotate(session, replace(successor_of(TOKEN, "e"), replaces=old), NOW, NOW)
    with sql.session() as session:
        assert tokens.get(session, None, "e" * 24) is None


def test_of_two_processes_that_rotate_one_token_one_succeeds(url: str, sql: Sql) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)
    workers = [start(ROTATE, url, mark) for mark in "bc"]
    for worker in workers:
        go(worker)
    assert sorted(worker.communicate()[0] for worker in workers) == ["refused\n", "rotated\n"]
    with sql.session() as session:
        assert len(tokens.list(session)) == 2


def test_listing_pages_through_all_tokens_newest_first_with_the_dead_ones(session: Session) -> None:
    made = [
        replace(TOKEN, id=f"{n:024}", hash=bytes([n]) * 32, created_at=NOW + timedelta(hours=n // 2)) for n in range(9)
    ]
    for token in made:
        tokens.insert(session, token)
    tokens.revoke(session, "clx1", made[4].id, "x", NOW)
    pages, last = [], None
    while page := tokens.list(session, "clx1", limit=4, before=last):
        pages.append([token.id for token in page])
        last = page[-1]
    assert pages == [[f"{n:024}" for n in part] for part in ((8, 7, 6, 5), (4, 3, 2, 1), (0,))]
    assert tokens.list(session, "clx2") == ()
    assert len(tokens.list(session, user_id="clxu")) == 9
    assert tokens.list(session, user_id="other") == ()


def test_last_use_is_noted_in_batches_and_never_moved_back(session: Session) -> None:
    other = replace(TOKEN, id="b" * 24, hash=b"b" * 32)
    tokens.insert(session, TOKEN)
    tokens.insert(session, other)
    later = NOW + timedelta(minutes=5)
    tokens.touch_last_used(session, {TOKEN.id: later, other.id: NOW, "unknown": NOW})
    tokens.touch_last_used(session, {TOKEN.id: NOW, other.id: later})
    assert [token.last_used_at for token in tokens.list(session)] == [later, later]
    assert all(token.generation == 1 for token in tokens.list(session))
    tokens.touch_last_used(session, {})


def test_moments_come_back_in_utc_whatever_zone_they_were_given_in(session: Session) -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=2)))
    tokens.insert(session, replace(TOKEN, created_at=berlin))
    session.expire_all()
    found = tokens.get(session, None, TOKEN.id)
    assert found is not None
    assert found.created_at == NOW
    assert found.created_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(sql: Sql) -> None:
    with pytest.raises(Exception, match="time zone"), sql.session() as session:
        tokens.insert(session, replace(TOKEN, created_at=NOW.replace(tzinfo=None)))


def test_no_plaintext_token_can_be_in_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    sql = Sql(url)
    with sql.session() as session:
        tenants.add(session, TENANT)
        tokens.insert(session, TOKEN)
    sql.close()
    columns = {column.name for column in Base.metadata.tables["tokens"].columns}
    assert columns.isdisjoint({"token", "secret", "plaintext"})
    assert b"gw_pat_abcd" in (tmp_path / "gateway.db").read_bytes()
