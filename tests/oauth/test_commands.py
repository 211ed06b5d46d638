"""`gateway clients`, `gateway grants`, `gateway keys`, while the gateway runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import Live
from tests.live import live as running
from tests.oauth.acting import LOOPBACK, App, Asking, Browser, refresh, register, works


def said(live: Live, *arguments: str) -> Any:
    done = live.served.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(live: Live, *arguments: str) -> tuple[int, str]:
    done = live.served.run(*arguments)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    return done.returncode, done.stderr


def create(live: Live, *more: str, uri: str = LOOPBACK, scope: str = "contact.read deal.all") -> Any:
    return said(live, "clients", "create", "--name", "N", "--redirect-uri", uri, "--scope", scope, *more)


def test_a_confidential_app_gets_a_secret_and_a_public_one_none(pair: Live) -> None:
    confidential, public = create(pair), create(pair, "--public")
    assert confidential["redirect_uris"] == [LOOPBACK]
    assert confidential["scopes"] == ["contact.read", "deal.all"]
    assert confidential["client_secret"].startswith("gw_cs_")
    assert "client_secret" not in public
    assert {confidential["client_id"], public["client_id"]} <= {
        each["client_id"] for each in said(pair, "clients", "list")["clients"]
    }


@pytest.mark.parametrize(
    ("uri", "scope"),
    [("javascript:alert(1)", "contact.read"), ("http://a.example/", "contact.read"), (LOOPBACK, "all")],
)
def test_an_app_that_breaks_a_rule_is_refused_in_one_line(pair: Live, uri: str, scope: str) -> None:
    code, line = refused(pair, "clients", "create", "--name", "N", "--redirect-uri", uri, "--scope", scope)
    assert (code, line.count("\n")) == (3, 1)


def test_two_secrets_live_at_a_time(pair: Live) -> None:
    made = create(pair)
    client_id, first = made["client_id"], made["client_secret"]
    second = said(pair, "clients", "rotate-secret", client_id)["client_secret"]

    def accepted(secret: str) -> bool:
        error: str = refresh(pair, App(client_id, secret, "client_secret_basic"), "x").json()["error"]
        return error == "invalid_grant"

    assert accepted(first) and accepted(second)
    third = said(pair, "clients", "rotate-secret", client_id)["client_secret"]
    assert (accepted(first), accepted(second), accepted(third)) == (False, True, True)
    shown = said(pair, "clients", "show", client_id)["secrets"]
    assert [third.startswith(each["display_prefix"]) for each in shown] == [True, False]
    assert refused(pair, "clients", "rotate-secret", create(pair, "--public")["client_id"])[0] == 3
    assert refused(pair, "clients", "show", "app_none")[0] == 4


def test_a_disabled_app_is_out_at_once_with_everything_granted_to_it(pair: Live, browser: Browser) -> None:
    app = register(pair)
    asking = Asking(pair, app)
    tokens = browser.tokens(asking)
    assert works(pair, tokens["access_token"])
    assert said(pair, "clients", "disable", app.client_id)["state"] == "disabled"
    assert not works(pair, tokens["access_token"])
    assert refresh(pair, app, tokens["refresh_token"]).json()["error"] == "invalid_client"
    assert browser.asked(asking).status_code == 400
    assert refused(pair, "clients", "rotate-secret", app.client_id)[0] == 3


def test_a_grant_is_listed_and_ended(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public")
    first, second = (browser.tokens(Asking(pair, app)) for _ in range(2))
    assert works(pair, first["access_token"])
    listed = said(pair, "grants", "list", "--client", app.client_id)["grants"]
    assert [each["state"] for each in listed] == ["active", "active"]
    assert {each["user"] for each in listed} == {pair.a.users["owner"]["email"]}
    assert said(pair, "grants", "revoke", listed[1]["id"])["state"] == "revoked"
    assert (works(pair, first["access_token"]), works(pair, second["access_token"])) == (False, True)
    assert refused(pair, "grants", "revoke", "none")[0] == 4
    entries = said(pair, "audit", "tail", "-n", "100")["entries"]
    assert "grant.revoke" in [entry["action"] for entry in entries if entry["subject"] == f"grant:{listed[1]['id']}"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Keys are changed here, so nobody else may use this one."""
    with running(tmp_path_factory.mktemp("keys"), server={"workers": 2}, logging={"level": "debug"}) as one:
        yield one


def test_rotated_keys_break_nothing_that_lives_and_workers_follow_without_restart(alone: Live) -> None:
    browser = Browser(alone)
    app = register(alone, scope="contact.all", name="Keys")
    asking = Asking(alone, app, scope="contact.all")
    tokens = browser.tokens(asking)
    for _ in range(30):
        alone.call("POST", "/v1/contacts", {"first_name": "Paged"})
    cursor = alone.call("POST", "/v1/contacts/search", {"limit": 10}).json()["meta"]["cursor"]["next"]
    code = browser.code(asking)

    for _ in range(2):
        assert set(said(alone, "keys", "rotate")["rotated"]) == {"hashing", "sealing"}

    assert works(alone, tokens["access_token"]) and works(alone, alone.a.tokens["owner"])
    fresh = alone.token(alone.a, "owner", "contact.read")
    assert works(alone, fresh), "made by the command line with the newest key"
    page = alone.call("POST", "/v1/contacts/search", {"limit": 10, "cursor": cursor})
    assert page.status_code == 200, page.text
    assert alone.call("POST", "/v1/contacts/search", {}, token=fresh).status_code == 200, "the tenant's key opens"
    assert asking.redeem(code).status_code == 200
    assert refresh(alone, app, tokens["refresh_token"]).status_code == 200

    keys = said(alone, "keys", "list")["keys"]
    assert [key["current"] for key in keys if key["kind"] == "hashing"] == [True, False, False]
    used = next(key for key in keys if key["kind"] == "hashing" and not key["current"] and key["in_use"])
    assert refused(alone, "keys", "retire", used["id"])[0] == 3
    current = next(key for key in keys if key["current"])
    status, line = refused(alone, "keys", "retire", current["id"], "--force")
    assert status == 3 and "rotate" in line
    unused = next(key for key in keys if key["kind"] == "sealing" and not key["current"])
    assert said(alone, "keys", "retire", unused["id"]) == {"retired": unused["id"]}
    assert alone.call("POST", "/v1/contacts/search", {}, token=fresh).status_code == 200
    status, line = refused(alone, "keys", "retire", "00000000")
    assert status == 4 and "--data-dir" not in line


def test_at_debug_nothing_that_opens_anything_is_logged(alone: Live) -> None:
    browser = Browser(alone)
    app = register(alone, name="Debug")
    asking = Asking(alone, app)
    code = browser.code(asking)
    first = asking.redeem(code).json()
    second = refresh(alone, app, first["refresh_token"]).json()
    logged = alone.served.out.read_text() + alone.served.err.read_text()
    assert '"event":"request"' in logged
    secrets = [code, app.secret, asking.verifier, alone.a.users["owner"]["password"], browser.session]
    secrets += [each[kind] for each in (first, second) for kind in ("access_token", "refresh_token")]
    assert [secret for secret in secrets if secret and secret in logged] == []
