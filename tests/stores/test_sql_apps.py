"""Apps and what was agreed to for them, on both databases."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from gateway.oauth import token_families
from gateway.stores.sql import Session, Sql, clients, codes, consents
from gateway.stores.sql.clients import Client
from gateway.stores.sql.codes import Code
from tests.stores.records import NOW

WHOSE = ("app_1", "clx1", "clxu")
CODE = Code(
    hash=b"a" * 32,
    client_id="app_1",
    tenant_id="clx1",
    user_id="clxu",
    user_email="u@x.example",
    grant_id="g" * 24,
    redirect_uri="https://x/",
    challenge="c",
    scopes=("a",),
    issuer="https://i",
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=1),
)
APP = Client("app_1", "Ledger", "none", ("https://x.example/",), ("contact.read",), ("refresh_token",), NOW, "console")


def test_a_new_description_changes_the_description_only(session: Session) -> None:
    clients.add(session, replace(APP, registration_hash=b"h" * 32))
    new = replace(APP, name="New", redirect_uris=("https://y.example/", "https://z.example/"), scopes=("deal.all",))
    assert clients.replace(session, new)
    assert clients.get(session, "app_1") == replace(new, registration_hash=b"h" * 32)


def test_a_new_description_neither_changes_nor_revives_a_disabled_app(session: Session) -> None:
    clients.add(session, APP)
    clients.disable(session, "app_1", NOW)
    assert not clients.replace(session, replace(APP, name="New"))
    assert clients.get(session, "app_1") == replace(APP, disabled_at=NOW)


def test_unused_codes_of_an_app_or_of_one_of_its_users_are_spent(session: Session) -> None:
    for client_id in ("app_1", "app_2"):
        clients.add(session, replace(APP, id=client_id))
    for mark, client_id, user_id in ((b"a", "app_1", "clxu"), (b"b", "app_1", "clxv"), (b"c", "app_2", "clxu")):
        codes.insert(session, replace(CODE, hash=mark * 32, client_id=client_id, user_id=user_id))
    codes.spend(session, "app_1", NOW, tenant_id="clx1", user_id="clxu")
    assert codes.claim(session, (b"a" * 32,), "app_1", NOW) is None
    codes.spend(session, "app_2", NOW)
    assert codes.claim(session, (b"c" * 32,), "app_2", NOW) is None
    assert codes.claim(session, (b"b" * 32,), "app_1", NOW) is not None


def test_a_code_that_is_being_made_while_its_user_disconnects_is_worth_nothing(sql: Sql) -> None:
    with sql.session() as session:
        clients.add(session, APP)
        consents.remember(session, *WHOSE, frozenset({"a"}), NOW)
    looked = threading.Event()

    def make() -> None:
        with sql.session() as session:
            assert consents.scopes(session, *WHOSE, held=True)
            looked.set()
            time.sleep(0.3)
            codes.insert(session, CODE)

    def disconnect() -> None:
        looked.wait()
        with sql.session() as session:
            token_families.disconnect(session, *WHOSE, actor="test", now=NOW)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(make), threads.submit(disconnect)]:
            done.result()
    with sql.session() as session:
        assert codes.claim(session, (CODE.hash,), "app_1", NOW) is None
        assert consents.scopes(session, *WHOSE) == frozenset()


def test_the_same_yes_said_twice_at_once_is_remembered_once(sql: Sql) -> None:
    with sql.session() as session:
        clients.add(session, APP)
    begun = threading.Barrier(2)

    def agree(scope: str) -> None:
        begun.wait()
        with sql.session() as session:
            consents.remember(session, *WHOSE, frozenset({scope}), NOW)
            time.sleep(0.2)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(agree, scope) for scope in ("a", "b")]:
            done.result()
    with sql.session() as session:
        assert consents.scopes(session, *WHOSE) == {"a", "b"}
