"""Valid requests of what is beside the API: the door of agents, the endpoints of apps, and the pages of people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx

from gateway.web import csrf, sign_in
from gateway.web.csrf import Csrf
from tests.attacks.fuzzing.asked import Asked
from tests.attacks.fuzzing.forms import FORMS
from tests.attacks.fuzzing.values import text
from tests.conformance.declared import CREATABLE, sample
from tests.live import NEWEST, Live
from tests.oauth.acting import BACK, App, Asking, Browser

FORM = ("Content-Type", b"application/x-www-form-urlencoded")
CONSOLE = "console"  # what tokens of its forms are for
# A trial waits for a courier, and there is none; what is ended is not there for the others.
_POSTED = [each for each in FORMS if not each.endswith(("/test", "/delete", "/disable", "/disconnect"))]
_META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


def messages() -> Iterator[dict[str, Any]]:
    """JSON-RPC that agents send: of each method, each tool, and tools on several resources."""
    info = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    for method, params in (("initialize", info), ("ping", {}), ("tools/list", {}), ("server/discover", {})):
        yield {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    yield {"jsonrpc": "2.0", "method": "notifications/initialized"}
    for tool, arguments in _calls():
        yield {"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def _calls() -> Iterator[tuple[str, dict[str, Any]]]:
    record = "con_" + "0" * 24
    condition = {"field": "email", "operator": "eq", "value": "ada@example.com"}
    yield "whoami", {}
    yield "describe", {}
    for resource in CREATABLE:
        name = resource.path
        yield "describe", {"resource": name, "verb": "create"}
        yield "search", {"resource": name, "limit": 2, "search_text": "a"}
        yield "create", {"resource": name, "values": _values(name), "idempotency_key": "a"}
    yield "search", {"resource": "contacts", "filters": [condition], "order_by": "name", "fields": ["name"]}
    yield "get", {"ids": [record, record], "fields": ["name"], "include": ["notes"]}
    yield "update", {"id": record, "values": {"first_name": "Ada"}}
    yield "act", {"id": "deal_" + "0" * 24, "action": "stage", "values": {"stage_id": "stage_x"}}
    yield "delete", {"id": record}


def _values(path: str) -> dict[str, Any]:
    found = next(each for each in CREATABLE if each.path == path)
    return {} if path in ("invoices", "journal_entries") else sample(found, NEWEST)


class Doors:
    """Made of a running deployment: an app that somebody has connected, a person who is signed in, an agent."""

    def __init__(self, live: Live, app: App, agent: str) -> None:
        self._host = ("Host", f"127.0.0.1:{live.served.port}".encode())
        self._app = app
        self._agent = agent
        browser = Browser(live)
        self._asking = Asking(live, app)
        self._tokens = browser.tokens(self._asking)
        self._session = browser.session
        self._cookie = ("Cookie", f"{browser.cookie}={browser.session}".encode())
        self._csrf = Csrf(None, live._keys())  # type: ignore[arg-type] # issuing asks no store
        self._user = live.a.users["owner"]
        self._messages = [json.dumps(each) for each in messages()]
        self._places = self._made(browser.client)

    def _made(self, client: httpx.Client) -> dict[str, str]:
        """Things of this person's, by what the forms of the console call them; nothing else of the deployment leans on them."""

        def post(path: str) -> tuple[str, str]:
            sent = {csrf.FIELD: self._csrf.issue(self._session, CONSOLE), **FORMS[path]}
            answer = client.post(f"/console/{path}", data=sent, follow_redirects=True)
            assert answer.status_code == 200, answer.text
            return answer.url.path.rpartition("/")[2], answer.text

        _, tokens = post("tokens/new")
        app, of_app = post("apps/new")
        webhook, of_webhook = post("webhooks/new")
        return {
            "token": re.findall(r"tokens/(tok_\w+)/revoke", tokens)[0],
            "app": app,
            "secret": re.findall(r"/secrets/(\w+)/revoke", of_app)[0],
            "webhook": webhook,
            # A trial is on its way as soon as there is a webhook.
            "delivery": re.findall(r"deliveries/(dlv_\w+)", of_webhook)[0],
            "agent": "x",
            "external": "x",
        }

    @property
    def secrets(self) -> list[str]:
        """What nobody may be told."""
        return [self._app.secret or "-", self._user["password"]]

    def agent(self, random: Random) -> Asked:
        """A message to the door of agents."""
        document = json.loads(random.choice(self._messages))
        headers = [
            self._host,
            ("Authorization", f"Bearer {self._agent}".encode()),
            ("Content-Type", b"application/json"),
            ("Accept", b"application/json, text/event-stream"),
        ]
        if random.random() < 0.3 and isinstance(document.get("params"), dict):
            document["params"]["_meta"] = json.loads(json.dumps(_META))
            headers += [("Mcp-Protocol-Version", b"2026-07-28"), ("Mcp-Method", document["method"].encode())]
            if "name" in document["params"]:
                headers.append(("Mcp-Name", str(document["params"]["name"]).encode()))
        path = "/mcp" if random.random() < 0.8 else "/mcp/readonly"
        return Asked("mcp", "POST", path, headers=headers, document=document)

    def app(self, random: Random) -> Asked:
        """A request of an app to the authorization server, its fields as they are or not."""
        kind = random.choice(("code", "refresh", "introspect", "revoke", "register", "authorize", "metadata"))
        if kind == "metadata":
            place = random.choice(
                ("oauth-authorization-server", "oauth-protected-resource", "oauth-protected-resource/mcp")
            )
            return Asked(kind, "GET", f"/.well-known/{place}", headers=[self._host])
        if kind == "register":
            document = {
                "client_name": "x",
                "redirect_uris": [BACK],
                "scope": "contact.read",
                "grant_types": ["authorization_code"],
                "token_endpoint_auth_method": "none",
                "logo_uri": "https://example.com/l.png",
            }
            headers = [self._host, ("Content-Type", b"application/json")]
            return Asked(kind, "POST", "/oauth/register", headers=headers, document=document)
        if kind == "authorize":
            query = [(name, quote_plus(each)) for name, each in self._asking.query().items()]
            cookie = [self._cookie] if random.random() < 0.5 else []
            return Asked(kind, "GET", "/oauth/authorize", query, [self._host, *cookie])
        form = {
            "code": {
                "grant_type": "authorization_code",
                "code": "x" * 43,
                "redirect_uri": BACK,
                "code_verifier": self._asking.verifier,
            },
            "refresh": {"grant_type": "refresh_token", "refresh_token": f"gw_ort_{'a' * 40}", "scope": "contact.read"},
            "introspect": {"token": self._tokens["access_token"], "token_type_hint": "access_token"},
            "revoke": {"token": f"gw_app_{'a' * 40}", "token_type_hint": "refresh_token"},
        }[kind]
        path = {"introspect": "/oauth/introspect", "revoke": "/oauth/revoke"}.get(kind, "/oauth/token")
        authenticated = self._app.authenticated(form)
        fields = authenticated["data"]
        headers = [self._host, FORM]
        if random.random() < 0.2:
            fields = {**fields, "client_secret": "x"}
        return Asked(kind, "POST", path, headers=headers, body=filled(fields, random))

    def form(self, random: Random) -> Asked:
        """A form of the console, as a rule with a token that counts."""
        name = random.choice(_POSTED)
        fields = {csrf.FIELD: self._csrf.issue(self._session, CONSOLE), **FORMS[name]}
        headers = [self._host, ("Accept", b"text/html"), FORM, self._cookie]
        return Asked(
            "console form", "POST", f"/console/{name.format(**self._places)}", [], headers, filled(fields, random)
        )

    def page(self, random: Random) -> Asked:
        """What a browser asks for, somebody being signed in or not."""
        headers = [self._host, ("Accept", b"text/html")]
        if random.random() < 0.5:
            headers.append(self._cookie)
        if random.random() < 0.4:
            fields = {
                csrf.FIELD: self._csrf.issue(self._session, sign_in.SIGN_IN),
                "email": self._user["email"],
                "password": "wrong",
                "next": "x",
            }
            path = random.choice(
                ("/oauth/sign-in", "/oauth/sign-in", "/oauth/sign-out", "/oauth/authorize", "/console/tokens")
            )
            return Asked("form", "POST", path, headers=[*headers, FORM], body=filled(fields, random))
        path = random.choice(
            (
                "/",
                "/healthz",
                "/favicon.ico",
                "/problems",
                "/problems/validation",
                "/oauth/sign-in",
                "/console",
                "/console/tokens",
                "/console/usage",
                "/console/webhooks",
                "/console/history",
                "/docs",
                "/docs/guides",
                "/openapi.json",
                "/sdk/",
                "/llms.txt",
                "/assets/brand.css",
            )
        )
        return Asked("page", "GET", path, [("next", "x")], headers)


def filled(fields: dict[str, str], random: Random) -> bytes:
    """The form; as a rule with one field that is other, missing or there twice."""
    pairs = list(fields.items())
    chance, at = random.random(), random.randrange(len(pairs))
    name, old = pairs[at]
    if chance < 0.4:
        pairs[at] = name, text(random)
    elif chance < 0.5:
        del pairs[at]
    elif chance < 0.6:
        pairs.append((name, old))
    elif chance < 0.7:
        pairs[at] = text(random), old
    return urlencode(pairs, errors="surrogatepass").encode()
