"""Refresh tokens: rotated at every use, forgiving to retries, unforgiving to thieves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live import Live
from tests.oauth.acting import LOOPBACK, App, Asking, Browser, refresh, register, works
from tests.oauth.conftest import ROLE_TTL


def test_each_refresh_gives_a_new_pair_and_keeps_the_first_access_token_alive(
    pair: Live, someone: Browser, asking: Asking
) -> None:
    first = someone.tokens(asking)
    second = refresh(pair, asking.app, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert works(pair, first["access_token"]) and works(pair, second["access_token"])


def test_ten_refreshes_at_once_keep_the_session_alive_whichever_answer_is_kept(
    pair: Live, someone: Browser, basic: App
) -> None:
    first = someone.tokens(Asking(pair, basic))
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: refresh(pair, basic, first["refresh_token"]), range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1, "one chain, so that a thief's branch cannot hide beside it"
    assert all(works(pair, answer.json()["access_token"]) for answer in answers[:3])
    assert refresh(pair, basic, successors.pop()).status_code == 200


def test_a_retry_within_the_grace_gets_the_same_successor(pair: Live, someone: Browser, asking: Asking) -> None:
    first = someone.tokens(asking)["refresh_token"]
    lost, kept = (refresh(pair, asking.app, first).json() for _ in range(2))
    assert lost["refresh_token"] == kept["refresh_token"]


def test_reuse_after_the_successor_was_used_ends_that_family_only(pair: Live, someone: Browser, asking: Asking) -> None:
    first, other = someone.tokens(asking), someone.tokens(asking)
    second = refresh(pair, asking.app, first["refresh_token"]).json()
    third = refresh(pair, asking.app, second["refresh_token"]).json()

    assert refresh(pair, asking.app, first["refresh_token"]).json()["error"] == "invalid_grant"

    assert not any(works(pair, each["access_token"]) for each in (first, second, third))
    assert refresh(pair, asking.app, third["refresh_token"]).json()["error"] == "invalid_grant"
    assert works(pair, other["access_token"])
    assert refresh(pair, asking.app, other["refresh_token"]).status_code == 200
    assert someone.asked(asking).status_code == 200, "the consent is asked for again"


def test_only_the_immediate_predecessor_is_forgiven(pair: Live, someone: Browser, asking: Asking) -> None:
    first = someone.tokens(asking)
    second = refresh(pair, asking.app, first["refresh_token"]).json()
    refresh(pair, asking.app, second["refresh_token"])
    assert refresh(pair, asking.app, second["refresh_token"]).status_code == 200
    assert refresh(pair, asking.app, first["refresh_token"]).status_code == 400


def test_a_narrower_refresh_narrows_one_access_token_and_not_the_grant(
    pair: Live, someone: Browser, asking: Asking
) -> None:
    first = someone.tokens(asking)
    narrow = refresh(pair, asking.app, first["refresh_token"], scope="deal.read").json()
    assert narrow["scope"] == "deal.read"
    assert pair.call("POST", "/v1/contacts/search", {}, token=narrow["access_token"]).status_code == 403
    wide = refresh(pair, asking.app, narrow["refresh_token"]).json()
    assert wide["scope"] == asking.scope
    assert pair.call("POST", "/v1/contacts/search", {}, token=wide["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "scope", ["contact.write", "contact.read contact.write", "payroll.own", "contact.read\tdeal.read"]
)
def test_a_refresh_cannot_widen_the_scope(pair: Live, someone: Browser, asking: Asking, scope: str) -> None:
    first = someone.tokens(asking)
    assert refresh(pair, asking.app, first["refresh_token"], scope=scope).json()["error"] == "invalid_scope"
    assert refresh(pair, asking.app, first["refresh_token"]).status_code == 200


def test_a_refresh_can_narrow_all_to_a_part_of_it(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public", scope="contact.all deal.read")
    first = browser.tokens(Asking(pair, app, scope="contact.all"))
    narrow = refresh(pair, app, first["refresh_token"], scope="contact.read contact.delete").json()
    assert narrow["scope"] == "contact.read contact.delete"
    for beyond in ("contact.read deal.read", "deal.all"):
        assert refresh(pair, app, narrow["refresh_token"], scope=beyond).json()["error"] == "invalid_scope"
    assert refresh(pair, app, narrow["refresh_token"]).json()["scope"] == "contact.all"


def test_an_app_gets_no_more_than_it_is_registered_for_now_and_keeps_its_grant(pair: Live, browser: Browser) -> None:
    plain = {"redirect_uris": [LOOPBACK], "token_endpoint_auth_method": "none"}
    made = pair.client.post("/oauth/register", json={**plain, "scope": "contact.all deal.read"}).json()
    app = App(made["client_id"], None, "none")

    def registered_for(scope: str) -> None:
        mine = {"Authorization": f"Bearer {made['registration_access_token']}"}
        new = {**plain, "client_id": app.client_id, "scope": scope}
        assert pair.client.put(made["registration_client_uri"], headers=mine, json=new).status_code == 200

    asking = Asking(pair, app, scope="contact.all deal.read")
    code = browser.code(asking)
    registered_for("contact.read contact.write")
    first = asking.redeem(code).json()
    assert first["scope"] == "contact.read contact.write"
    registered_for("contact.read deal.all")
    second = refresh(pair, app, first["refresh_token"]).json()
    assert second["scope"] == "contact.read deal.read"
    beyond = pair.call("POST", "/v1/contacts", {"first_name": "A"}, token=second["access_token"])
    assert (beyond.status_code, beyond.json()["denied_by"]) == (403, "scope")
    assert refresh(pair, app, second["refresh_token"], scope="contact.write").json()["error"] == "invalid_scope"
    registered_for("task.read")
    assert refresh(pair, app, second["refresh_token"]).json()["error"] == "invalid_scope"
    code = browser.code(Asking(pair, app, scope="task.read", verifier=asking.verifier))
    registered_for("note.read")
    assert asking.redeem(code).json()["error"] == "invalid_scope"
    registered_for("contact.all deal.read")
    assert refresh(pair, app, second["refresh_token"]).json()["scope"] == "contact.all deal.read"


def test_another_app_neither_uses_nor_harms_a_refresh_token(
    pair: Live, someone: Browser, asking: Asking, basic: App, post: App
) -> None:
    first = someone.tokens(asking)
    second = refresh(pair, asking.app, first["refresh_token"]).json()
    for other in (basic, post):
        for token in (first["refresh_token"], second["refresh_token"]):
            assert refresh(pair, other, token).json()["error"] == "invalid_grant"
    third = refresh(pair, asking.app, second["refresh_token"])
    assert third.status_code == 200
    # Its own app would have ended the family with this.
    assert refresh(pair, basic, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(pair, asking.app, third.json()["refresh_token"]).status_code == 200


def test_an_idempotent_create_is_replayed_after_a_refresh(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public", scope="contact.all")
    asking = Asking(pair, app, scope="contact.all")
    first = browser.tokens(asking)
    second = refresh(pair, app, first["refresh_token"]).json()
    made = [
        pair.call(
            "POST",
            "/v1/contacts",
            {"first_name": "Once"},
            token=each["access_token"],
            headers={"Idempotency-Key": f"over-a-refresh-{first['access_token'][-6:]}"},
        )
        for each in (first, second)
    ]
    assert made[1].headers["idempotent-replayed"] == "true"
    assert made[0].json() == made[1].json()
    other = browser.tokens(asking)
    apart = pair.call(
        "POST",
        "/v1/contacts",
        {"first_name": "Once"},
        token=other["access_token"],
        headers={"Idempotency-Key": f"over-a-refresh-{first['access_token'][-6:]}"},
    )
    assert "idempotent-replayed" not in apart.headers, "another grant is another principal"


def test_a_disabled_user_neither_signs_in_nor_is_anything_issued_or_told_for_them(
    pair: Live, browser: Browser, basic: App, post: App, public: App
) -> None:
    asking = Asking(pair, basic)
    tokens = browser.tokens(asking, "manager")
    held, code = tokens["refresh_token"], browser.code(asking, "manager")
    email = pair.a.users["manager"]["email"]
    pair.sandbox_command("set-active", "--user", email, "--active", "no")
    try:
        time.sleep(ROLE_TTL)
        assert Browser(pair).sign_in("manager").status_code == 401
        unknown = refresh(pair, basic, "x")
        assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_grant")
        for other in (basic, post, public):
            refused = refresh(pair, other, held)
            assert (refused.status_code, refused.json()) == (400, unknown.json()), "as if it were nobody's"
        wrong = App(basic.client_id, "wrong", basic.method)
        for known in (held, "x"):
            refused = refresh(pair, wrong, known)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        for _ in range(2):
            assert asking.redeem(code).json()["error"] == "invalid_grant"
        for token in (held, tokens["access_token"]):
            asked = pair.client.post("/oauth/introspect", **basic.authenticated({"token": token}))
            assert asked.json() == {"active": False}
        link = browser.client.get("/oauth/authorize", params=asking.query())
        assert link.headers["location"].startswith("/oauth/sign-in"), "the session has ended"
    finally:
        pair.sandbox_command("set-active", "--user", email, "--active", "yes")
        time.sleep(ROLE_TTL)
    assert refresh(pair, basic, held).status_code == 200
    assert asking.redeem(code).json()["error"] == "invalid_grant", "it was used up"
