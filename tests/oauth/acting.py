"""A browser without scripts, and apps, for tests that go through an authorization."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.live import Live

LOOPBACK = "http://127.0.0.1/callback"
BACK = "http://127.0.0.1:7777/callback"
SCOPE = "contact.read deal.read"


@dataclass
class Form:
    """A form of a page: where it leads and what it carries."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """All forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given["action"]))
        elif tag == "input":
            self.found[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and "name" in given:
            self.found[-1].buttons.append((given["name"], given["value"]))


@dataclass
class App:
    """A registered client."""

    client_id: str
    secret: str | None
    method: str

    def authenticated(self, form: dict[str, Any]) -> dict[str, Any]:
        """Arguments of httpx for a request to an endpoint of apps."""
        if self.method == "client_secret_basic":
            assert self.secret is not None
            return {"data": form, "auth": (self.client_id, self.secret)}
        secret = {"client_secret": self.secret} if self.secret else {}
        return {"data": {"client_id": self.client_id, **secret, **form}}


def register(live: Live, *more: str, scope: str = SCOPE, uri: str = LOOPBACK, name: str = "Ledger & <Sons>") -> App:
    """`gateway clients create`."""
    arguments = ("--name", name, "--redirect-uri", uri, "--scope", scope, *more, "--json")
    done = live.served.run("clients", "create", *arguments)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return App(made["client_id"], made.get("client_secret"), made["auth_method"])


@dataclass
class Asking:
    """One authorization request, with what the app keeps of it."""

    live: Live
    app: App
    scope: str = SCOPE
    redirect_uri: str = BACK
    state: str = "st-1"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def query(self, **changed: str | None) -> dict[str, str]:
        """The parameters; None leaves one out."""
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**query, **changed}.items() if value is not None}

    def redeem(self, code: str, **changed: str) -> httpx.Response:
        """The code for tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return token(self.live, self.app, **{**form, **changed})


def token(live: Live, app: App, **form: str) -> httpx.Response:
    """One request to the token endpoint, on a connection of its own: either worker may get it."""
    with httpx.Client(base_url=live.url, timeout=30) as client:
        return client.post("/oauth/token", **app.authenticated(form))


def refresh(live: Live, app: App, refresh_token: str, **more: str) -> httpx.Response:
    return token(live, app, grant_type="refresh_token", refresh_token=refresh_token, **more)


class Browser:
    """Cookies, and forms filled in by a person."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.client = httpx.Client(base_url=live.url, timeout=30)

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return f"session-{self.live.served.port}"

    @property
    def session(self) -> str:
        """The session's id, or a visitor's."""
        return self.client.cookies[self.cookie]

    def sign_in_form(self, next_: str = "/oauth/sign-in") -> Form:
        return Forms(self.client.get(next_).text).found[0]

    def sign_in(self, role: str = "owner", at: str = "/oauth/sign-in", password: str | None = None) -> httpx.Response:
        """Fill in the form at `at` as a user of the first tenant."""
        user = self.live.a.users[role]
        form = self.sign_in_form(at)
        given = {**form.fields, "email": user["email"], "password": password or user["password"]}
        return self.client.post(form.action, data=given)

    def asked(self, asking: Asking, role: str = "owner", **changed: str | None) -> httpx.Response:
        """What stands behind the app's link: signed in on the way if need be."""
        answer = self.client.get("/oauth/authorize", params=asking.query(**changed))
        if answer.status_code == 303 and answer.headers["location"].startswith("/oauth/sign-in"):
            answer = self.sign_in(role, answer.headers["location"])
            assert answer.status_code == 303, answer.text
            answer = self.client.get(answer.headers["location"])
        return answer

    def decide(self, page: httpx.Response, decision: str = "allow") -> httpx.Response:
        """Press a button of the consent page."""
        assert page.status_code == 200, page.text
        form = Forms(page.text).found[0]
        assert ("decision", decision) in form.buttons
        return self.client.post(form.action, data={**form.fields, "decision": decision})

    def code(self, asking: Asking, role: str = "owner") -> str:
        """Through it all, consent given or remembered, to the code."""
        answer = self.asked(asking, role)
        if answer.status_code == 200:
            answer = self.decide(answer)
        return returned(answer)["code"]

    def tokens(self, asking: Asking, role: str = "owner") -> dict[str, Any]:
        answer = asking.redeem(self.code(asking, role))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


def returned(answer: httpx.Response) -> dict[str, str]:
    """What a redirect carries back to the app."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True))


def works(live: Live, access_token: str) -> bool:
    """Whether the token opens the API, asked on several connections so that both workers are heard."""
    answers = set()
    for _ in range(4):
        with httpx.Client(base_url=live.url, timeout=30) as client:
            headers = {"Authorization": f"Bearer {access_token}", "Version": "2026-09-01"}
            answers.add(client.get("/v1/me", headers=headers).status_code)
    assert len(answers) == 1, answers
    return answers == {200}
