"""Apps and what was agreed to for them, on both databases."""

from dataclasses import replace

from gateway.stores.sql import Session, clients
from gateway.stores.sql.clients import Client
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
