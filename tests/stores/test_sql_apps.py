"""Apps and what was agreed to for them, on both databases."""

from dataclasses import replace
from datetime import timedelta

from gateway.stores.sql import Session, clients, codes
from gateway.stores.sql.clients import Client
from gateway.stores.sql.codes import Code
from tests.stores.records import NOW

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
    until = NOW + timedelta(minutes=1)
    for client_id in ("app_1", "app_2"):
        clients.add(session, replace(APP, id=client_id))
    made = Code(
        b"", "app_1", "clx1", "clxu", "u@x.example", "g" * 24, "https://x/", "c", ("a",), "https://i", NOW, until
    )
    for mark, client_id, user_id in ((b"a", "app_1", "clxu"), (b"b", "app_1", "clxv"), (b"c", "app_2", "clxu")):
        codes.insert(session, replace(made, hash=mark * 32, client_id=client_id, user_id=user_id))
    codes.spend(session, "app_1", NOW, tenant_id="clx1", user_id="clxu")
    assert codes.claim(session, (b"a" * 32,), "app_1", NOW) is None
    codes.spend(session, "app_2", NOW)
    assert codes.claim(session, (b"c" * 32,), "app_2", NOW) is None
    assert codes.claim(session, (b"b" * 32,), "app_1", NOW) is not None
