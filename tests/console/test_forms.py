"""What every page of the console has in common: who gets in, which forms count, and what the answers allow a browser."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from gateway.console.routes import routes
from gateway.console.signed_in import HOME
from gateway.stores.sql.models import Base
from tests.attacks.fuzzing.forms import ELSEWHERE, FORMS
from tests.console.people import Fields, Person, hidden
from tests.console.webhook_rows import delivered, make
from tests.live import Live

PAGES = ["tokens", "tokens/new", "connected", "apps", "apps/new", "history", "usage"]
POSTS = list(FORMS)
URI = "https://app.example/callback"
# What is written whether anything is asked for or not: how often tokens are used, and from where.
_BY_THEMSELVES = {"usage", "usage_marks", "places", "webhook_couriers"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    """What a browser would make of a page: its elements and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


@pytest.fixture(scope="module")
def things(desk: Live, owner: Person) -> dict[str, str]:
    _, token = owner.new_token("Untouched", "contact.read")
    owner.new_token("Untouched agent", "contact.read", audience="mcp")
    app, _ = owner.new_app("Untouched", "contact.read", uri=URI)
    webhook, _ = make(owner)
    return {
        "token": token,
        "app": app,
        "secret": re.findall(r"/secrets/(\w+)/revoke", owner.page(f"/console/apps/{app}"))[0],
        "webhook": webhook,
        "delivery": delivered(desk, webhook, "dead", "attempts", status=500),
        "agent": re.findall(r"/console/agents/(\w+)/stop", owner.page("/console/agents"))[0],
        # Without an issuer there is none; whether a form counts is asked before.
        "external": "x",
    }


def written(desk: Live) -> dict[str, list[Any]]:
    """All rows that a form of the console could write."""
    found = {}
    with closing(sqlite3.connect(desk.served.data_dir / "gateway.db")) as store:
        for table in {each.name for each in Base.metadata.sorted_tables} - _BY_THEMSELVES:
            # The server writes down by itself when a token was used.
            names = [name for _, name, *_ in store.execute(f"PRAGMA table_info({table})") if name != "last_used_at"]
            found[table] = store.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    return found


def test_every_form_of_the_console_is_tried() -> None:
    nothing: Any = SimpleNamespace(keys=None, sql=None)
    found = routes(nothing, nothing, nothing, nothing, nothing, "of tools", nothing)
    posted = {
        each.path.removeprefix(f"{HOME}/")
        for each in found
        if isinstance(each, Route) and "POST" in (each.methods or ())
    }
    named = {re.sub(r"{\w+}", "*", each) for each in posted}
    assert named == {re.sub(r"{\w+}", "*", each) for each in (*FORMS, *ELSEWHERE)}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_a_sign_in_and_comes_back_afterwards(desk: Live, page: str) -> None:
    person = Person.__new__(Person)
    person.user, person.live = desk.a.users["owner"], desk
    person.http = httpx.Client(base_url=desk.url, follow_redirects=True, timeout=30)
    asked = person.http.get(f"/console/{page}?x=1")
    assert asked.url.path == "/oauth/sign-in"
    assert asked.history[0].status_code == 303
    after = person.sign_in(asked)
    assert after.status_code == 200
    assert f"{after.url.path}?{after.url.query.decode()}" == f"/console/{page}?x=1"


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_a_session_does_nothing_but_ask_for_a_sign_in(
    desk: Live, path: str, things: dict[str, str]
) -> None:
    answer = httpx.post(f"{desk.url}/console/{path.format(**things)}", data={"csrf": "x"}, timeout=30)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/sign-in?")


@pytest.mark.parametrize(
    "kind", ["missing", "made up", "of somebody else", "used before", "doubled", "from another site"]
)
@pytest.mark.parametrize("path", POSTS)
def test_a_form_counts_only_with_a_fresh_token_of_this_session(
    desk: Live, owner: Person, member: Person, things: dict[str, str], path: str, kind: str
) -> None:
    # A form without any field has no body, and so is none.
    headers, fields = {}, {"sent": "yes", **FORMS[path]}
    match kind:
        case "made up":
            fields["csrf"] = "x" * 32
        case "of somebody else":
            fields["csrf"] = member.csrf()
        case "used before":
            fields["csrf"] = owner.csrf()
            assert owner.post("/console/tokens/tok_0/revoke", csrf=fields["csrf"]).status_code == 404
        case "from another site":
            fields["csrf"] = owner.csrf()
            headers = {"Sec-Fetch-Site": "cross-site"}
    sent: Fields = dict(fields)
    if kind == "doubled":
        sent["csrf"] = [owner.csrf(), owner.csrf()]
    before = written(desk)
    answer = owner.http.post(f"/console/{path.format(**things)}", data=sent, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert written(desk) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_never_kept_framed_or_open_to_foreign_scripts(owner: Person, page: str) -> None:
    answer = owner.http.get(f"/console/{page}", headers={"Origin": "https://evil.example"})
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not any(name.startswith("access-control-") for name in answer.headers)
    tags = Tags(answer.text).found
    assert [attrs["src"].split("?")[0] for tag, attrs in tags if tag == "script"] == ["/console/assets/console.js"]
    assert [name for _, attrs in tags for name in attrs if name.startswith("on") or name == "style"] == []


def test_every_name_that_people_choose_is_shown_as_text(owner: Person) -> None:
    owner.new_token(HOSTILE, "contact.read")
    app, _ = owner.new_app(HOSTILE, "contact.read", uri=URI)
    pages = [owner.page(f"/console/{page}") for page in [*PAGES, f"apps/{app}"]]
    refused = owner.post("/console/tokens/new", {"name": HOSTILE, "days": HOSTILE, "scope": HOSTILE}).text
    wrong = owner.post("/console/apps/new", {"name": HOSTILE, "redirect_uris": HOSTILE, "client_uri": HOSTILE}).text
    for text in (*pages, refused, wrong):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert sum("&lt;script&gt;alert" in text for text in pages) >= 4


def test_an_app_cannot_smuggle_a_link_that_runs_a_script(owner: Person) -> None:
    for field in ("client_uri", "logo_uri", "redirect_uris"):
        fields: Fields = {"name": "Smuggler", "redirect_uris": URI, "scope": "contact.read"}
        answer = owner.post("/console/apps/new", {**fields, field: "javascript:alert(1)"})
        assert answer.status_code == 422, field


def test_signing_out_ends_the_session_for_good(desk: Live) -> None:
    person = Person(desk, "viewer")
    page = person.page("/console/tokens")
    cookies = dict(person.http.cookies)
    left = person.http.post("/oauth/sign-out", data={name: hidden(page, name) for name in ("leave", "next")})
    assert left.url.path == "/oauth/sign-in"
    old = httpx.get(f"{desk.url}/console/tokens", cookies=cookies, timeout=30)
    assert old.status_code == 303
    back = person.sign_in(left)
    assert back.url.path == "/console/tokens"


def test_the_console_says_so_when_the_auth_service_is_away_and_changes_nothing(desk: Live, owner: Person) -> None:
    csrf = owner.csrf()
    time.sleep(0.6)  # the role is known no longer
    with desk.fault(path="/api/auth", status=500):
        assert owner.http.get("/console/tokens").status_code == 503
        answer = owner.post("/console/tokens/new", {"name": "Never", "days": "7", "scope": "contact.read"}, csrf)
        assert answer.status_code == 503
        assert "Not at the moment" in answer.text
    assert "Never" not in owner.page("/console/tokens")


@pytest.mark.parametrize("page", ["/console/nothing", "/console/apps/app_nothing", "/console/apps/%00"])
def test_what_is_not_there_is_not_found(owner: Person, page: str) -> None:
    assert owner.http.get(page).status_code == 404


def test_a_form_of_another_kind_or_size_is_refused(owner: Person) -> None:
    assert owner.http.post("/console/tokens/new", json={"name": "x"}).status_code == 415
    assert owner.http.post("/console/tokens/new", data={"name": "x" * 70_000}).status_code == 413
    assert owner.http.delete("/console/tokens/new").status_code == 405
