"""What operators do to a deployment that serves: tenants leave, apps change, the audit is followed."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest

from tests.live import Live, Tenant
from tests.process.serving import command, environment

SCOPE = "contact.read deal.read"
URI = "https://app.example/cb"


def refused(live: Live, *arguments: str) -> tuple[int, str]:
    done = live.served.run(*arguments, "--config", str(live.served.home / "config.yaml"))
    assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def guest(live: Live) -> Tenant:
    """A tenant that no other test uses, registered."""
    live.run("tenants", "add", live.guest.business_id, "--name", live.guest.name, stdin=live.guest.api_key)
    return live.guest


def test_a_removed_tenant_is_served_no_more_and_stays_on_record(live: Live, guest: Tenant) -> None:
    token, token_id = live.record(guest, "owner", "contact.read")
    assert live.call("GET", "/v1/me", token=token).status_code == 200
    code, line = refused(live, "tenants", "remove", guest.name)
    assert code == 3 and "1 tokens, 0 grants" in line and "--force" in line
    assert live.call("GET", "/v1/me", token=token).status_code == 200
    gone = live.run("tenants", "remove", f"biz_{guest.business_id}", "--force")
    assert (gone["business_id"], gone["ended"]) == (
        guest.business_id,
        {"tokens": 1, "grants": 0, "apps": 0, "webhooks": 0},
    )
    after = live.call("GET", "/v1/me", token=token)
    assert (after.status_code, after.json()["code"]) in {(401, "token_revoked"), (401, "token_invalid")}
    assert guest.business_id not in {each["business_id"] for each in live.run("tenants", "list")["tenants"]}
    shown = live.run("tokens", "show", f"tok_{token_id}")
    assert (shown["state"], shown["revoked_reason"]) == ("revoked", "the tenant was removed")
    assert refused(live, "tokens", "list", "--tenant", guest.name)[0] == 4
    entries = live.run("audit", "tail", "-n", "9")["entries"]
    about = [entry["action"] for entry in entries if entry["tenant_id"] == guest.business_id]
    # Where a token was used from is noted a while later.
    assert [action for action in about if action in {"tenant.remove", "token.revoke"}] == [
        "tenant.remove",
        "token.revoke",
    ]


def test_a_tenant_that_comes_back_is_served_again(live: Live, guest: Tenant) -> None:
    live.run("tenants", "remove", guest.business_id, "--force")
    live.run("tenants", "add", guest.business_id, "--name", "Back", stdin=guest.api_key)
    token = live.token(guest, "owner", "contact.read")
    assert live.call("GET", "/v1/me", token=token).json()["data"]["tenant"]["name"] == "Back"
    live.run("tenants", "remove", guest.business_id, "--force")
    assert live.call("GET", "/v1/me", token=token).status_code == 401


def created(live: Live, *more: str) -> Any:
    return live.run("clients", "create", "--name", "App", "--redirect-uri", URI, "--scope", SCOPE, *more)


def test_an_app_changes_in_what_is_named_and_in_nothing_else(live: Live) -> None:
    before = created(live, "--client-uri", "https://app.example/")
    client_id = before["client_id"]
    changed = live.run("clients", "update", client_id, "--auth-method", "client_secret_post", "--client-uri", "")
    assert changed["auth_method"] == "client_secret_post" and changed["client_uri"] is None
    same = ("name", "redirect_uris", "scopes", "state", "created_at", "origin", "logo_uri")
    assert all(changed[name] == before[name] for name in same)
    other = "http://127.0.0.1/cb"
    live.run("clients", "update", client_id, "--redirect-uri", URI, "--redirect-uri", other, "--scope", "contact.read")
    shown = live.run("clients", "show", client_id)
    assert (shown["redirect_uris"], shown["scopes"]) == ([URI, other], ["contact.read"])
    assert shown["auth_method"] == "client_secret_post" and len(shown["secrets"]) == 1
    entries = live.run("audit", "tail", "-n", "50")["entries"]
    assert [each["action"] for each in entries if each["subject"] == f"client:{client_id}"][-2:] == [
        "client.update"
    ] * 2


def test_a_change_that_cannot_be_is_refused_and_nothing_changes(live: Live) -> None:
    confidential, public = created(live), created(live, "--public")
    update = ("clients", "update", confidential["client_id"])
    assert refused(live, *update)[0] == 2
    assert refused(live, *update, "--redirect-uri", "javascript:alert(1)")[0] == 3
    assert refused(live, *update, "--scope", "contact.fly")[0] == 3
    assert refused(live, *update, "--name", "")[0] == 3
    method = ("--auth-method", "client_secret_post")
    assert refused(live, "clients", "update", public["client_id"], *method)[0] == 3
    assert refused(live, "clients", "update", "app_nothing", "--name", "N")[0] == 4
    live.run("clients", "disable", confidential["client_id"])
    assert refused(live, *update, "--name", "N")[0] == 3
    assert live.run("clients", "show", confidential["client_id"])["name"] == "App"


@pytest.mark.parametrize("json_lines", [True, False])
def test_the_audit_is_followed_until_it_is_left(live: Live, json_lines: bool) -> None:
    config = ("--config", str(live.served.home / "config.yaml"))
    line = command("audit", "tail", "-f", "-n", "1", *(["--json"] if json_lines else []), *config)
    line += ["--data-dir", str(live.served.data_dir)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as tail:
        assert tail.stdout is not None
        assert json_lines or tail.stdout.readline().split() == ["AT", "ACTOR", "ACTION", "SUBJECT", "TENANT"]
        tail.stdout.readline()
        made = [created(live)["client_id"] for _ in range(2)]
        came = [tail.stdout.readline() for _ in made]
        tail.send_signal(signal.SIGINT)
        assert (tail.wait(10), tail.stderr and tail.stderr.read()) == (0, "")
    assert all(client_id in entry and "client.create" in entry for client_id, entry in zip(made, came, strict=True))
    assert not json_lines or [json.loads(entry)["action"] for entry in came] == ["client.create"] * 2
