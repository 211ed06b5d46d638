"""What time does to grants, by a clock that is handed in: no test waits a month."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Settings
from gateway.keys.keyring import Keyring
from gateway.oauth import authorization, clients, introspection, token, token_families
from gateway.oauth.authorization import Asked
from gateway.oauth.request_snapshot import Snapshot
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.migrate import migrate
from gateway.web.sessions import Session
from tests.live import OFFERED

START = datetime(2026, 6, 1, tzinfo=UTC)
ISSUER = "https://api.example"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SETTINGS = Settings()
DAY = timedelta(days=1)


class House:
    """A database, keys and one confidential app, at whatever time a test says."""

    def __init__(self, url: str) -> None:
        migrate(url)
        self.sql = Sql(url, pool_size=8)
        self.keys = Keyring.load(Keyring.create())
        self.person = Session("s", "clxtenant", "Tenant", "clxuser", "a@b.example", "A", 0.0)
        with self.sql.session() as session:
            tenants.add(session, tenants.Tenant("clxtenant", "Tenant", None, START))
            draft = clients.draft(
                START, name="App", redirect_uris=["https://a.example/"], scopes=["contact.all"], origin="cli"
            )
            self.app = clients.register(session, self.keys, "gw", draft, OFFERED, actor="test")

    def allow(self, at: datetime, *, answered: bool) -> str | None:
        query = {"redirect_uri": "https://a.example/", "code_challenge": CHALLENGE, "scope": "contact.read"}
        asked = Asked(tuple(query.items()), ISSUER, self.app.client, OFFERED)
        with self.sql.session() as session:
            return authorization.allowed(
                session, self.keys, SETTINGS, asked, self.person, "192.0.2.1", at, answered=answered
            )

    def code(self, at: datetime) -> str:
        back = self.allow(at, answered=True)
        assert back is not None
        return back.partition("code=")[2].partition("&")[0]

    def ask(self, at: datetime, answer: Any = token.answer, issuer: str = ISSUER, **form: str) -> dict[str, Any]:
        secret = base64.b64encode(f"{self.app.client.id}:{self.app.secret}".encode()).decode()
        snapshot = Snapshot("POST", True, b"", tuple(form.items()), f"Basic {secret}", issuer, "192.0.2.1", at, OFFERED)
        with self.sql.session() as session:
            body: dict[str, Any] = answer(session, self.keys, SETTINGS, snapshot).body
        return body

    def redeem(self, code: str, at: datetime, **changed: str) -> dict[str, Any]:
        form = {"redirect_uri": "https://a.example/", "code_verifier": VERIFIER, "code": code}
        return self.ask(at, grant_type="authorization_code", **form, **changed)

    def refresh(self, text: str, at: datetime, **changed: str) -> dict[str, Any]:
        return self.ask(at, grant_type="refresh_token", refresh_token=text, **changed)


@pytest.fixture
def house(url: str) -> Iterator[House]:
    made = House(url)
    yield made
    made.sql.close()


def test_a_consent_that_is_withdrawn_in_the_same_moment_gives_no_code(house: House) -> None:
    assert house.allow(START, answered=False) is None
    assert house.allow(START, answered=True) is not None
    assert house.allow(START, answered=False) is not None
    with house.sql.session() as session:
        token_families.disconnect(session, house.app.client.id, "clxtenant", "clxuser", actor="test", now=START)
    assert house.allow(START, answered=False) is None


def test_a_code_waits_a_minute_and_no_longer(house: House) -> None:
    assert "access_token" in house.redeem(house.code(START), START + timedelta(seconds=59))
    assert house.redeem(house.code(START), START + timedelta(seconds=60))["error"] == "invalid_grant"


def test_a_retry_after_the_grace_ends_the_family(house: House) -> None:
    first = house.redeem(house.code(START), START)["refresh_token"]
    second = house.refresh(first, START)["refresh_token"]
    assert house.refresh(first, START + timedelta(seconds=30))["refresh_token"] == second
    assert house.refresh(first, START + timedelta(seconds=31))["error"] == "invalid_grant"
    assert house.refresh(second, START + timedelta(seconds=32))["error"] == "invalid_grant"


def test_a_grant_that_is_not_refreshed_for_thirty_days_ends(house: House) -> None:
    first = house.redeem(house.code(START), START)["refresh_token"]
    second = house.refresh(first, START + 29 * DAY)["refresh_token"]
    assert house.refresh(second, START + 59 * DAY)["error"] == "invalid_grant"


def test_a_grant_ends_after_180_days_however_often_it_is_refreshed(house: House) -> None:
    text = house.redeem(house.code(START), START)["refresh_token"]
    for day in range(20, 180, 20):
        text = house.refresh(text, START + day * DAY)["refresh_token"]
    last = house.refresh(text, START + 180 * DAY - timedelta(minutes=10))
    assert last["expires_in"] == 600, "an access token does not outlive its grant"
    assert house.refresh(last["refresh_token"], START + 180 * DAY)["error"] == "invalid_grant"


def test_an_access_token_lives_for_an_hour(house: House) -> None:
    made = house.redeem(house.code(START), START)["access_token"]

    def asked(minutes: int) -> dict[str, Any]:
        return house.ask(START + timedelta(minutes=minutes), introspection.answer, token=made)

    assert asked(59)["active"] is True
    assert asked(60) == {"active": False}


def test_a_code_of_one_brand_is_worth_nothing_at_another(house: House) -> None:
    code = house.code(START)
    assert house.redeem(code, START, issuer="https://other.example")["error"] == "invalid_grant"
    refresh = house.redeem(house.code(START), START)["refresh_token"]
    assert house.refresh(refresh, START, issuer="https://other.example")["error"] == "invalid_grant"
    assert "access_token" in house.refresh(refresh, START)


def test_nothing_but_hashes_is_stored(tmp_path: Path) -> None:
    house = House(f"sqlite:///{tmp_path / 'gateway.db'}")
    code = house.code(START)
    made = house.redeem(code, START)
    again = house.refresh(made["refresh_token"], START)
    assert house.app.secret is not None
    secrets = [
        code,
        house.app.secret,
        *(each[kind] for each in (made, again) for kind in ("access_token", "refresh_token")),
    ]
    house.sql.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [secret for secret in secrets if secret.encode() in stored] == []


def test_rows_of_a_family_do_not_pile_up(house: House) -> None:
    text = house.redeem(house.code(START), START)["refresh_token"]
    for day in range(1, 40):
        text = house.refresh(text, START + day * DAY)["refresh_token"]
    from sqlalchemy import text as query

    with house.sql.session() as session:
        assert (session.scalar(query("SELECT count(*) FROM tokens")) or 0) <= 3
        assert (session.scalar(query("SELECT count(*) FROM refresh_tokens")) or 0) <= 32


def test_rotated_hashing_keys_break_no_secret_and_no_token(house: House) -> None:
    text = house.redeem(house.code(START), START)["refresh_token"]
    code = house.code(START)
    house.keys = house.keys.rotate("hashing").rotate("sealing")
    assert "access_token" in house.redeem(code, START)
    assert "access_token" in house.refresh(text, START)


def test_one_conditional_update_decides_on_either_database(house: House) -> None:
    code = house.code(START)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: house.redeem(code, START), range(16)))
    assert sum("access_token" in answer for answer in answers) == 1

    first = house.redeem(house.code(START), START)["refresh_token"]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: house.refresh(first, START), range(16)))
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert "access_token" in house.refresh(answers[0]["refresh_token"], START)
