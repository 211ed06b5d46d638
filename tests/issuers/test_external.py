"""Tokens of another issuer at a running gateway: what ours may and meet, they may and meet."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.console.people import Person
from tests.issuers.issuer import AGENTS, Issuer, encoded, rsa
from tests.live import NEWEST, OFFERED, Live
from tests.oauth.acting import register

FAMILY = OFFERED.families[0]
READ, WRITE = f"{FAMILY}.read", f"{FAMILY}.write"


def given(open_to: Live, theirs: Issuer, role: str = "owner", scope: str = f"{FAMILY}.all", **claims: Any) -> str:
    """A token of a client that acts for the user of tenant a with this role."""
    tenant = open_to.a
    told = {"org": tenant.business_id, "scope": scope} | claims
    return theirs.token(tenant.users[role]["user_id"], **told)


def accepted(open_to: Live) -> dict[str, int]:
    text = httpx.get(f"http://127.0.0.1:{open_to.served.admin_port}/metrics").text
    found = re.findall(r'^gateway_issuer_tokens_accepted_total\{issuer="(\w+)"\} (\d+)', text, re.MULTILINE)
    return {issuer: int(count) for issuer, count in found}


def refused(answer: httpx.Response, code: str = "token_invalid") -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ") and 'error="invalid_token"' in challenge
    assert "resource_metadata=" in challenge and answer.headers["cache-control"] == "no-store"


def test_keys_rotate_under_load_and_the_issuer_may_be_away_without_a_refusal(open_to: Live, theirs: Issuer) -> None:
    """Each request has a token of its own, so each is checked. The first of all: a key that nobody has, asked for in the
    minute before, would be the last that was.
    """
    stop = threading.Event()
    statuses: list[int] = []

    def asking() -> None:
        with httpx.Client(base_url=open_to.url, timeout=30) as client:
            while not stop.is_set():
                key = theirs.keys[0]
                token = given(open_to, theirs, header={"kid": key.kid}, key=key)
                headers = {"Authorization": f"Bearer {token}", "Version": NEWEST}
                statuses.append(client.get("/v1/me", headers=headers).status_code)

    def after(count: int) -> None:
        until, deadline = len(statuses) + count, time.monotonic() + 30
        while len(statuses) < until and time.monotonic() < deadline:
            time.sleep(0.01)

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(asking) for _ in range(3)]
        after(30)
        theirs.keys.insert(0, rsa("rotated"))
        after(60)
        theirs.status = 503
        after(60)
        stop.set()
        for each in running:
            each.result()
    theirs.status = 200
    assert len(statuses) >= 150 and set(statuses) == {200}


def test_it_acts_for_its_user_with_its_scopes_cut_by_the_role_of_now(open_to: Live, theirs: Issuer) -> None:
    me = open_to.call("GET", "/v1/me", token=given(open_to, theirs, "viewer", f"{FAMILY}.all openid made.up"))
    assert me.status_code == 200, me.text
    said = me.json()["data"]
    assert said["tenant"] == {"id": f"biz_{open_to.a.business_id}", "name": open_to.a.name}
    assert said["user"]["role"] == "viewer"
    assert said["token"]["kind"] == "app" and said["token"]["scopes"] == [f"{FAMILY}.delete", READ, WRITE]
    assert said["effective_scopes"] == [READ]


@pytest.mark.parametrize(
    ("role", "scope", "code"),
    [("viewer", WRITE, "role_forbids"), ("owner", READ, "scope_missing"), ("owner", "", "scope_missing")],
)
def test_what_scope_or_role_does_not_allow_is_403(
    open_to: Live, theirs: Issuer, role: str, scope: str, code: str
) -> None:
    answer = open_to.call("POST", "/v1/contacts", {"name": "x"}, token=given(open_to, theirs, role, scope))
    assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_ids_with_their_public_prefix_are_understood_and_another_tenants_user_is_nobody(
    open_to: Live, theirs: Issuer
) -> None:
    owner, stranger = open_to.a.users["owner"]["user_id"], open_to.b.users["owner"]["user_id"]
    token = theirs.token(f"usr_{owner}", org=f"biz_{open_to.a.business_id}")
    assert open_to.call("GET", "/v1/me", token=token).status_code == 200
    refused(open_to.call("GET", "/v1/me", token=theirs.token(stranger, org=open_to.a.business_id)), "token_revoked")
    for org in (open_to.guest.business_id, "cnobody00", "", "a b", "biz_", 7, None, "\r\nX: y"):
        refused(open_to.call("GET", "/v1/me", token=theirs.token(owner, org=org)))
    for subject in ("a b", "usr_", "x" * 65, "é", "\r\nX-User-Id: y"):
        refused(open_to.call("GET", "/v1/me", token=theirs.token(subject, org=open_to.a.business_id)))


def test_users_may_be_named_by_an_address_that_is_confirmed(open_to: Live, theirs: Issuer) -> None:
    email = open_to.a.users["member"]["email"]
    told: dict[str, Any] = {"iss": f"{theirs.url}/mail", "org": "the first", "email": email}
    me = open_to.call("GET", "/v1/me", token=theirs.token("auth0|1", **told))
    assert me.json()["data"]["user"]["role"] == "member"
    for wrong in (
        {"email": "nobody@example.com"},
        {"email": None},
        {"email_verified": False},
        {"org": open_to.a.business_id},
    ):
        refused(open_to.call("GET", "/v1/me", token=theirs.token("auth0|1", **(told | wrong))))


def test_a_bad_token_is_told_so_and_nothing_more(open_to: Live, theirs: Issuer) -> None:
    now = int(time.time())
    good = given(open_to, theirs)
    head, claims, signature = good.split(".")
    for token in (
        f"{encoded({'alg': 'none', 'typ': 'at+jwt'})}.{claims}.",
        f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'one'})}.{claims}.{signature}",
        f"{head}.{encoded({'iss': theirs.url})}.{signature}",
        f"{head}.{claims}.{encoded(b'x' * 256)}",
        f"{head}.{claims}{'A' * 9_000}.{signature}",
        given(open_to, theirs, key=rsa("one")),
        given(open_to, theirs, header={"kid": "' OR 1=1 --"}),
        given(open_to, theirs, header={"typ": "JWT"}),
        given(open_to, theirs, iss="https://evil.example"),
        given(open_to, theirs, nbf=now + 400, exp=now + 500),
        given(open_to, theirs, cnf={"jkt": "x"}),
    ):
        refused(open_to.call("GET", "/v1/me", token=token))
    refused(open_to.call("GET", "/v1/me", token=given(open_to, theirs, iat=now - 90, exp=now - 60)), "token_expired")
    for foreign in ("https://other.example", None):
        told = open_to.call("GET", "/v1/me", token=given(open_to, theirs, aud=foreign))
        refused(told, "token_audience_invalid")
        said = told.json()["detail"]
        assert said == "The access token is for another API: its audience is none of this one's."
        assert f'error_description="{said}"' in told.headers["www-authenticate"]
    assert open_to.call("GET", "/v1/me", token=good).status_code == 200


def test_a_token_for_agents_opens_their_door_only(open_to: Live, theirs: Issuer) -> None:
    token = given(open_to, theirs, aud=AGENTS)
    refused(open_to.call("GET", "/v1/me", token=token), "token_audience_invalid")
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    told = open_to.call("POST", "/mcp", listed, token=token, headers=headers)
    assert told.status_code == 200 and told.json()["result"]["tools"], told.text
    refused(
        open_to.call("POST", "/mcp", listed, token=given(open_to, theirs), headers=headers), "token_audience_invalid"
    )


def test_a_known_token_is_neither_checked_nor_looked_up_again(open_to: Live, theirs: Issuer) -> None:
    token = given(open_to, theirs)
    before = accepted(open_to).get("acme", 0)
    for _ in range(40):
        assert open_to.call("GET", "/v1/me", token=token).status_code == 200
    time.sleep(0.2)  # metrics are written down ten times a second
    assert 1 <= accepted(open_to)["acme"] - before <= 2  # once for each worker


def test_another_token_of_the_client_is_no_new_budget_and_its_usage_is_shown_by_its_name(
    open_to: Live, theirs: Issuer
) -> None:
    client = f"app-{uuid.uuid4().hex}"
    left = []
    for _ in range(3):
        answer = open_to.call("GET", "/v1/me", token=given(open_to, theirs, client_id=client))
        left.append(int(answer.headers["x-ratelimit-remaining"]))
    assert left[0] > left[1] > left[2]
    known = [each for each in open_to.run("issuers", "clients")["clients"] if each["client_id"] == client]
    assert len(known) == 1 and known[0]["issuer"] == theirs.url
    deadline = time.monotonic() + 40
    rows: list[dict[str, Any]] = []
    while not rows and time.monotonic() < deadline:
        told = open_to.run("usage", "--contract", "2026-09-01")
        rows = [each for each in told["usage"] if each["name"] == client]
        time.sleep(0.3)
    assert rows and rows[0]["kind"] == "app" and rows[0]["requests"] == 3
    audit = json.dumps(open_to.run("audit", "tail", "-n", "200"))
    assert f"external:{known[0]['id']}" in audit


def test_a_client_that_is_revoked_is_out_at_its_next_request_and_back_when_it_is_let_in(
    open_to: Live, theirs: Issuer
) -> None:
    client = f"app-{uuid.uuid4().hex}"
    tokens = [given(open_to, theirs, client_id=client) for _ in range(2)]
    for _ in range(6):
        for token in tokens:
            assert open_to.call("GET", "/v1/me", token=token).status_code == 200
    (known,) = [each for each in open_to.run("issuers", "clients")["clients"] if each["client_id"] == client]
    open_to.run("issuers", "revoke", known["id"])
    for _ in range(6):
        for token in (*tokens, given(open_to, theirs, client_id=client)):
            refused(open_to.call("GET", "/v1/me", token=token), "token_revoked")
    assert open_to.call("GET", "/v1/me", token=given(open_to, theirs)).status_code == 200
    open_to.run("issuers", "restore", known["id"])
    for _ in range(6):
        assert open_to.call("GET", "/v1/me", token=tokens[0]).status_code == 200


def test_who_is_removed_with_their_tenant_is_out_at_once(open_to: Live, theirs: Issuer) -> None:
    guest = open_to.guest
    open_to.register(guest)
    token = theirs.token(guest.users["owner"]["user_id"], org=guest.business_id, scope=READ)
    for _ in range(6):
        assert open_to.call("GET", "/v1/me", token=token).status_code == 200
    open_to.run("tenants", "remove", guest.business_id, "--force")
    for _ in range(6):
        assert open_to.call("GET", "/v1/me", token=token).status_code == 401


def test_its_lifetime_is_its_issuers_business_and_a_subscription_would_outlive_it(
    open_to: Live, theirs: Issuer
) -> None:
    token = given(open_to, theirs, scope=f"webhook.all {READ}")
    body = {"url": "https://hooks.example.com/", "event_types": ["contact.created"]}
    answer = open_to.call("POST", "/v1/webhook_subscriptions", body, token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    scopes = open_to.call("GET", "/v1/me", token=token).json()["data"]["effective_scopes"]
    assert "webhook.read" in scopes and "webhook.write" not in scopes
    app = register(open_to)
    auth = (app.client_id, app.secret or "")
    asked = open_to.client.post("/oauth/introspect", data={"token": token}, auth=auth)
    assert (asked.status_code, asked.json()) == (200, {"active": False})
    assert open_to.client.post("/oauth/revoke", data={"token": token}, auth=auth).status_code == 200
    assert open_to.call("GET", "/v1/me", token=token).status_code == 200


def test_a_user_shuts_an_app_out_in_the_console_and_an_administrator_and_an_operator_have_the_last_word(
    open_to: Live, theirs: Issuer
) -> None:
    client = f"app-{uuid.uuid4().hex}"
    token = given(open_to, theirs, "member", client_id=client)
    owner, member, manager = (Person(open_to, role) for role in ("owner", "member", "viewer"))

    def works() -> bool:
        answers = [open_to.call("GET", "/v1/me", token=token) for _ in range(8)]
        for answer in answers:
            if answer.status_code != 200:
                refused(answer, "token_revoked")
        assert len({answer.status_code for answer in answers}) == 1
        return answers[0].status_code == 200

    assert works()
    page = member.page("/console/connected")
    assert client in page and client in owner.page("/console/connected")
    # Its own form: apps of other tests are on the page, too.
    path = re.findall(r'action="(/console/connected/external/\w+)/revoke"', page.partition(f"<h2>{client}</h2>")[2])[0]
    stranger = Person(open_to, "owner", open_to.b)
    for other in (manager, stranger):
        assert client not in other.page("/console/connected")
        assert other.post(f"{path}/revoke").status_code == 404
    assert works()
    assert "disconnected" in member.post(f"{path}/revoke").text
    assert not works()
    assert "has its access again" in member.post(f"{path}/restore").text
    assert works()
    owner.post(f"{path}/revoke")
    assert not works()
    assert f"{path}/restore" not in member.page("/console/connected"), "an administrator has ended it"
    assert member.post(f"{path}/restore").status_code == 404
    owner.post(f"{path}/restore")
    assert works()
    open_to.run("issuers", "revoke", path.rpartition("/")[2])
    assert f"{path}/restore" not in owner.page("/console/connected"), "an operator has ended it"
    # To end it once more takes nothing over from whoever ended it.
    for each in (member, owner):
        each.post(f"{path}/revoke")
        assert each.post(f"{path}/restore").status_code == 404
    assert not works()
    told = owner.page("/console/history")
    assert client in told and "gave" in told
