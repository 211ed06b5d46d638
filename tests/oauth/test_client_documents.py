"""Apps known by the address of a document: read over real TLS, held to what it must say, kept as long as it allows."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.config.settings import Settings
from gateway.egress.fetching import Fetched
from gateway.oauth.client_documents import KEPT, LARGEST, MOST_KEPT, document, fault, kept
from gateway.oauth.clients import ClientRefused
from tests.certificates import Authority, make_authority
from tests.live import UNLIMITED, Live
from tests.live import live as running
from tests.oauth.acting import App, Asking, Browser, refresh, returned

BACK = "http://127.0.0.1:7777/callback"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@dataclass
class Home:
    """Where an app describes itself: a real HTTPS server. `said` by path: (status, headers, body); `asked`: the paths."""

    authority: Authority
    said: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def describe(self, path: str, cache: str = "", **members: Any) -> str:
        """A document at `path`; None takes a member out of it. Its URL."""
        url = self.url(path)
        given = {
            "client_id": url,
            "client_name": "Desk Assistant",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            **members,
        }
        body = json.dumps({name: value for name, value in given.items() if value is not None}).encode()
        self.said[path] = 200, {"content-type": "application/json", **({"cache-control": cache} if cache else {})}, body
        return url


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    made = Home(make_authority(folder))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, headers, body = made.said.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: what was asked is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = made.authority.server("127.0.0.1").wrap_socket(server.socket, server_side=True)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def app_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home(tmp_path_factory.mktemp("app")) as made:
        yield made


@pytest.fixture(scope="module")
def taking(tmp_path_factory: pytest.TempPathFactory, app_home: Home) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("taking"), **config(app_home)) as made:
        yield made


def config(app_home: Home) -> dict[str, Any]:
    allowed = {"network": "127.0.0.0/8", "ports": [app_home.port]}
    return {
        "limits": {"registration": UNLIMITED},
        "oauth": {"client_documents": ["*"]},
        "webhooks": {"egress": {"allow": [allowed], "ca_file": app_home.authority.file}},
    }


def asking(live: Live, url: str) -> Asking:
    return Asking(live, App(url, None, "none"), scope="contact.read", redirect_uri=BACK)


@pytest.fixture
def browser(taking: Live) -> Iterator[Browser]:
    made = Browser(taking)
    yield made
    made.client.close()


def test_an_app_is_known_by_its_document_and_let_in_as_any_other(
    taking: Live, app_home: Home, browser: Browser
) -> None:
    metadata = taking.client.get("/.well-known/oauth-authorization-server").json()
    assert metadata["client_id_metadata_document_supported"] is True
    url, door = app_home.describe("/app.json"), f"{taking.url}/mcp"
    request = asking(taking, url)
    page = browser.asked(request, resource=door)
    assert "Desk Assistant" in page.text and f"<strong>127.0.0.1:{app_home.port}</strong>" in page.text
    assert "a program on your computer" in page.text
    code = returned(browser.decide(page))["code"]
    tokens = request.redeem(code, resource=door).json()
    sent = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert taking.client.post("/mcp", json=LIST, headers=sent).status_code == 200
    assert refresh(taking, request.app, tokens["refresh_token"]).status_code == 200
    (listed,) = (each for each in taking.run("clients", "list")["clients"] if each["document_url"] == url)
    assert listed["origin"] == "document" and listed["public"]
    # The id that it has here is nobody's name.
    assert browser.asked(replace(request, app=App(listed["client_id"], None, "none"))).status_code == 400
    taking.run("clients", "disable", listed["client_id"])
    assert refresh(taking, request.app, tokens["refresh_token"]).status_code in {400, 401}
    assert browser.asked(request).status_code == 400


def test_redirect_uris_are_those_of_the_document_and_no_others(taking: Live, app_home: Home, browser: Browser) -> None:
    url = app_home.describe("/exact.json", redirect_uris=["https://assistant.example/callback"])
    for other in (BACK, "https://assistant.example/callback/", "https://assistant.example/callback?x=1"):
        answer = browser.asked(replace(asking(taking, url), redirect_uri=other))
        assert answer.status_code == 400 and "not registered for this app" in answer.text


def test_a_document_is_read_again_when_it_says_so_and_what_it_says_then_holds(
    taking: Live, app_home: Home, browser: Browser
) -> None:
    url = app_home.describe("/kept.json", "max-age=600")
    assert browser.asked(asking(taking, url)).status_code == 200
    before = app_home.asked.count("/kept.json")
    app_home.describe("/kept.json", client_name="Renamed")
    assert "Desk Assistant" in browser.asked(asking(taking, url)).text and app_home.asked.count("/kept.json") == before
    url = app_home.describe("/changing.json", "no-store")
    assert "Desk Assistant" in browser.asked(asking(taking, url)).text
    app_home.describe("/changing.json", "no-store", client_name="Renamed", redirect_uris=["http://127.0.0.1/other"])
    assert browser.asked(asking(taking, url)).status_code == 400
    moved = replace(asking(taking, url), redirect_uri="http://127.0.0.1:7777/other")
    assert "Renamed" in browser.asked(moved).text


def test_pictures_and_pages_of_another_host_are_not_shown(taking: Live, app_home: Home, browser: Browser) -> None:
    own = app_home.url("/logo.png")
    url = app_home.describe("/pictures.json", logo_uri=own, client_uri="https://elsewhere.example/")
    page = browser.asked(asking(taking, url))
    assert f'src="{own}"' in page.text and "elsewhere.example" not in page.text
    url = app_home.describe("/tracker.json", logo_uri="https://tracker.example/pixel.png")
    page = browser.asked(asking(taking, url))
    assert "tracker.example" not in page.text + page.headers["content-security-policy"]


def test_hostile_documents_are_refused_with_the_reason_and_lead_nowhere(
    taking: Live, app_home: Home, browser: Browser
) -> None:
    brand = taking.client.get("/.well-known/oauth-protected-resource").json()["resource_name"]
    json_ = {"content-type": "application/json"}
    hostile: dict[str, str] = {
        app_home.describe("/other-id.json", client_id="https://elsewhere.example/app.json"): "another one",
        app_home.describe("/no-id.json", client_id=None): "another one",
        app_home.describe("/secret.json", client_secret="hunter2"): "everybody reads",
        app_home.describe("/basic.json", token_endpoint_auth_method="client_secret_basic"): "must be none",
        app_home.describe("/none.json", redirect_uris=[]): "redirect_uris",
        app_home.describe("/script.json", redirect_uris=["javascript:alert(1)"]): "redirect_uris",
        app_home.describe("/brand.json", client_name=brand): "name of this service",
        app_home.describe("/blank.json", client_name="\u3164"): "client_name",
        app_home.describe("/types.json", redirect_uris="http://127.0.0.1/callback"): "redirect_uris",
        app_home.describe("/large.json", policy_uri="https://x.example/" + "x" * LARGEST): "too large",
        app_home.url("/missing.json"): "404",
        app_home.url("/"): "no path",
        f"https://127.0.0.1:{taking.served.port}/app.json": "cannot be used",
        "https://10.0.0.1/app.json": "cannot be used",
        "https://localhost/app.json": "cannot be used",
        app_home.url("/a/../app.json"): "cannot be used",
    }
    for name, headers, body in (
        ("/html.json", {"content-type": "text/html"}, b"{}"),
        ("/list.json", json_, b"[]"),
        ("/deep.json", json_, b"[" * 2000 + b"]" * 2000),
        ("/twice.json", json_, b'{"client_id":"a","client_id":"b"}'),
        ("/gzip.json", json_ | {"content-encoding": "gzip"}, b"{}"),
    ):
        app_home.said[name] = 200, headers, body
        hostile[app_home.url(name)] = "cannot be used"
    app_home.said["/moved.json"] = 302, {"location": app_home.url("/app.json")}, b""
    hostile[app_home.url("/moved.json")] = "leads elsewhere"
    for url, why in hostile.items():
        answer = browser.client.get("/oauth/authorize", params=asking(taking, url).query())
        assert answer.status_code == 400 and "location" not in answer.headers, url
        assert why in answer.text, (url, answer.text)
    known = {each["document_url"] for each in taking.run("clients", "list")["clients"]}
    assert not known & set(hostile), "nothing of them is kept"
    assert taking.client.post("/oauth/token", data={"client_id": app_home.url("/no-id.json")}).status_code in {400, 401}


def test_who_asks_about_many_documents_has_to_wait(spare: Live, app_home: Home) -> None:
    changed = config(app_home) | {"limits": {"registration": {"quota": 2, "window": "1h"}}}
    spare.set_up(**changed)
    urls = [app_home.describe(f"/many-{at}.json") for at in range(3)]
    answers = [spare.client.get("/oauth/authorize", params=asking(spare, url).query()) for url in urls]
    assert [answer.status_code for answer in answers] == [303, 303, 400] and "Too many apps" in answers[2].text
    again = spare.client.get("/oauth/authorize", params=asking(spare, urls[0]).query())
    assert again.status_code == 303, "one that is known is asked about no more"
    spare.set_up(limits={"registration": UNLIMITED}, oauth={"client_documents": ["claude.ai"]})
    answer = spare.client.get("/oauth/authorize", params=asking(spare, urls[0]).query())
    assert answer.status_code == 400 and "not taken here" in answer.text
    spare.set_up()
    answer = spare.client.get("/oauth/authorize", params=asking(spare, urls[0]).query())
    assert answer.status_code == 400 and "not registered here" in answer.text
    metadata = spare.client.get("/.well-known/oauth-authorization-server").json()
    assert "client_id_metadata_document_supported" not in metadata


def test_how_long_a_document_is_kept_is_what_it_says_up_to_a_day() -> None:
    for said, seconds in (
        ("", KEPT.total_seconds()),
        ("public", KEPT.total_seconds()),
        ("max-age=60", 60),
        ("public, max-age=60, must-revalidate", 60),
        ("Max-Age = 60", 60),
        ("s-maxage=5", KEPT.total_seconds()),
        ("max-age=0", 0),
        ("max-age=-1", KEPT.total_seconds()),
        ("no-store", 0),
        ("no-cache, max-age=60", 0),
        ("max-age=999999999", MOST_KEPT.total_seconds()),
    ):
        assert kept(said).total_seconds() == seconds, said


def test_json_of_any_kind_is_a_document_and_nothing_else_is() -> None:
    url = "https://app.example/app.json"
    body = json.dumps({"client_id": url, "redirect_uris": ["https://app.example/cb"]}).encode()
    for kind in (b"application/json", b"application/json; charset=utf-8", b"application/oauth-client+json"):
        assert document(Fetched(200, {b"content-type": kind}, body, url), url)["client_id"] == url
    for kind in (b"", b"text/json", b"application/jsonp", b"text/html"):
        with pytest.raises(ClientRefused):
            document(Fetched(200, {b"content-type": kind}, body, url), url)


def test_which_hosts_are_taken_is_the_operators_choice() -> None:
    listed = Settings.model_validate({"oauth": {"client_documents": ["claude.ai"]}})
    assert fault("https://claude.ai/oauth/app.json", listed) is None
    for other in ("https://claude.ai.evil.example/app.json", "https://evil.example/claude.ai", "https://claude.ai"):
        assert fault(other, listed) is not None
