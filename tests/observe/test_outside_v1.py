"""The authorization server, the console and unknown paths of a running gateway: each request leaves a line and a count."""

from __future__ import annotations

import json
import re
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.console.people import Person
from tests.live import UNLIMITED, Live
from tests.live import live as running
from tests.oauth.acting import App, Asking, Browser, Forms, register, returned


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Everything is logged, clients come through a proxy, and nobody waits long for SQL."""
    with running(
        tmp_path_factory.mktemp("talking"),
        limits=dict.fromkeys(("sign_in_account", "sign_in_address", "registration"), UNLIMITED),
        server={"trusted_proxies": ["127.0.0.0/8"]},
        stores={"sql_timeout": "2s"},
        oauth={"registration": "open"},
        logging={"level": "debug"},
    ) as pair:
        yield pair


@pytest.fixture(scope="module")
def app(talking: Live) -> App:
    return register(talking)


def _traced() -> tuple[str, dict[str, str]]:
    """A trace id, and the headers of a request that belongs to it and comes from 203.0.113.7."""
    trace_id = secrets.token_hex(16)
    return trace_id, {"traceparent": f"00-{trace_id}-{'1' * 16}-01", "x-forwarded-for": "203.0.113.7"}


def _lines(live: Live, trace_id: str, event: str = "request") -> list[dict[str, Any]]:
    until = time.monotonic() + 5
    while True:
        found = [each for each in live.served.events() if each.get("trace_id") == trace_id and each["event"] == event]
        if found or time.monotonic() > until:
            return found


def _counted(live: Live, **labels: str) -> float:
    time.sleep(0.2)  # longer than a request needs to show in the metrics
    text = live.served.admin("/metrics").body.decode()
    lines = re.findall(r"^gateway_requests_total\{(.*)\} (\S+)$", text, re.MULTILINE)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for found, value in lines if all(each in found for each in wanted))


def _token(live: Live, app: App, headers: dict[str, str], **form: str) -> httpx.Response:
    return live.client.post("/oauth/token", headers=headers, **app.authenticated(form))


def test_the_token_endpoint_tells_and_counts_what_it_gives(talking: Live, app: App) -> None:
    asking, trace_id, headers = Asking(talking, app), *_traced()
    code, before = Browser(talking).code(asking), _counted(talking, route="/oauth/token", status="200")
    form = {"code": code, "redirect_uri": asking.redirect_uri, "code_verifier": asking.verifier}
    answer = _token(talking, app, headers, grant_type="authorization_code", **form)
    assert answer.status_code == 200, answer.text
    (line,) = _lines(talking, trace_id)
    assert line["total_ms"] > 0
    assert {name: line[name] for name in ("method", "route", "path", "status", "tenant", "client")} == {
        "method": "POST",
        "route": "/oauth/token",
        "path": "/oauth/token",
        "status": 200,
        "tenant": None,
        "client": "203.0.113.7",
    }
    assert _counted(talking, route="/oauth/token", method="POST", status="200", contract="") == before + 1


def test_the_token_endpoint_tells_and_counts_what_it_refuses(talking: Live, app: App) -> None:
    trace_id, headers = _traced()
    before = _counted(talking, route="/oauth/token", status="400")
    assert _token(talking, app, headers, grant_type="refresh_token", refresh_token="x").status_code == 400
    (line,) = _lines(talking, trace_id)
    assert (line["route"], line["status"], line["code"]) == ("/oauth/token", 400, "invalid_grant")
    assert _counted(talking, route="/oauth/token", status="400") == before + 1


def test_a_refused_registration_says_why(talking: Live) -> None:
    trace_id, headers = _traced()
    assert talking.client.get("/oauth/register/nobody", headers=headers).status_code == 401
    (line,) = _lines(talking, trace_id)
    assert (line["route"], line["status"], line["code"]) == ("/oauth/register/{client_id}", 401, "invalid_token")


def test_sql_that_is_locked_is_a_503_that_can_be_seen_and_followed(talking: Live, app: App) -> None:
    # A code is spent, which is a write; a refresh token that nobody has is told from a read alone.
    asking, trace_id, headers = Asking(talking, app), *_traced()
    form = {"code": Browser(talking).code(asking), "redirect_uri": asking.redirect_uri}
    before = _counted(talking, status="503")
    with closing(sqlite3.connect(talking.served.data_dir / "gateway.db", isolation_level=None)) as sql:
        sql.execute("BEGIN EXCLUSIVE")
        try:
            answer = _token(
                talking, app, headers, grant_type="authorization_code", code_verifier=asking.verifier, **form
            )
        finally:
            sql.execute("ROLLBACK")
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    (line,) = _lines(talking, trace_id)
    assert (line["route"], line["status"], line["code"]) == ("/oauth/token", 503, "temporarily_unavailable")
    assert len(_lines(talking, trace_id, "oauth store lost")) == 1
    assert _counted(talking, status="503") == before + 1


def test_a_page_of_the_console_is_told_under_its_template_and_tenant(talking: Live) -> None:
    person, trace_id, headers = Person(talking, "owner"), *_traced()
    _, token_id = person.new_token("CI", "contact.read")
    route = "/console/tokens/{token_id}/revoke"
    before = _counted(talking, route=route)
    sent = {"csrf": person.csrf()}
    page = person.http.post(f"/console/tokens/{token_id}/revoke", data=sent, headers=headers, follow_redirects=False)
    assert page.status_code == 303, page.text
    (line,) = _lines(talking, trace_id)
    assert (line["method"], line["route"], line["status"]) == ("POST", route, 303)
    assert line["path"] == f"/console/tokens/{token_id}/revoke"
    assert line["tenant"] == talking.a.business_id
    assert _counted(talking, route=route) == before + 1


def test_the_line_of_a_refused_authorization_says_why(talking: Live, app: App) -> None:
    browser, asking = Browser(talking), Asking(talking, app)
    browser.asked(asking)
    for changed, status, code in (
        ({"scope": "no.such"}, 303, "invalid_scope"),
        ({"redirect_uri": "https://x.example/"}, 400, "invalid_request"),
    ):
        trace_id, headers = _traced()
        answer = browser.client.get("/oauth/authorize", params=asking.query(**changed), headers=headers)
        (line,) = _lines(talking, trace_id)
        assert (answer.status_code, line["status"], line["code"]) == (status, status, code)


def test_what_is_no_request_leaves_a_line_and_a_count_and_no_time(talking: Live) -> None:
    before, seconds = _counted(talking, route="malformed request"), _seconds(talking, "malformed request")
    with socket.create_connection(("127.0.0.1", talking.served.port)) as client:
        client.sendall(b"GET /v1/me?secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        answer = client.makefile("rb").read()
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    (line,) = _lines(talking, problem["trace_id"])
    assert (line["route"], line["status"], line["code"]) == ("malformed request", 400, "request_malformed")
    assert (line["client"], line["detail"]) == ("127.0.0.1", problem["detail"]) and "secret" not in str(line)
    assert line["request_id"].encode() in answer
    assert _counted(talking, route="malformed request") == before + 1
    assert _seconds(talking, "malformed request") == seconds == 0


def test_the_trace_id_of_a_problem_is_found_in_the_log(talking: Live) -> None:
    before = _counted(talking, route="/{unknown}")
    problem = talking.client.get("/wp-admin/setup.php").json()
    (line,) = _lines(talking, problem["trace_id"])
    assert (line["route"], line["path"], line["status"]) == ("/{unknown}", "/wp-admin/setup.php", 404)
    assert line["code"] == problem["code"] == "route_unknown"
    assert _counted(talking, route="/{unknown}") == before + 1


@pytest.mark.parametrize("path", ["/v1/me", "/oauth/token"])
def test_a_request_for_an_unknown_host_leaves_a_whole_line(talking: Live, path: str) -> None:
    trace_id, headers = _traced()
    before = _seconds(talking, "unknown host")
    refused = talking.client.post(f"{path}?code=x", headers={"Host": "evil.example", **headers})
    assert (refused.status_code, refused.json()["trace_id"]) == (400, trace_id)
    (line,) = _lines(talking, trace_id)
    assert line.pop("total_ms") > 0
    del line["at"], line["instance"], line["worker"]
    assert line == {
        "level": "info",
        "event": "request",
        "trace_id": trace_id,
        "request_id": refused.headers["x-request-id"],
        "method": "POST",
        "route": "unknown host",
        "path": path,
        "status": 400,
        "tenant": None,
        "client": "203.0.113.7",
        "code": "host_unknown",
    }
    time.sleep(0.2)
    assert _seconds(talking, "unknown host") > before


def _seconds(live: Live, route: str) -> float:
    text = live.served.admin("/metrics").body.decode()
    found = re.search(rf'^gateway_request_seconds_sum\{{route="{route}"\}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_the_admin_port_and_style_sheets_write_no_lines(talking: Live) -> None:
    trace_id, headers = _traced()
    for path in ("/assets/pages.css", "/console/assets/console.css", "/docs/assets/docs.css", "/healthz"):
        assert talking.client.get(path, headers=headers).status_code == 200
    before = _counted(talking)
    for path in ("/healthz", "/readyz", "/metrics"):
        talking.served.admin(path)
    assert _counted(talking) == before
    assert talking.client.get("/assets/none.css", headers=headers).status_code == 404
    assert [line["status"] for line in _lines(talking, trace_id)] == [404]
    assert _counted(talking, route="/docs/{page:path}", status="200") > 0


def test_a_whole_authorization_leaves_no_secret_in_the_log(talking: Live, app: App) -> None:
    asking, browser = Asking(talking, app, state=secrets.token_hex(12)), Browser(talking)
    user = talking.a.users["manager"]
    question = browser.asked(asking, "manager")
    csrf = Forms(question.text).found[0].fields["csrf"]
    code = returned(browser.decide(question))["code"]
    tokens = asking.redeem(code).json()
    assert asking.redeem(code).status_code == 400
    again = Browser(talking).tokens(asking, "manager")
    renewed = _token(talking, app, {}, grant_type="refresh_token", refresh_token=again["refresh_token"]).json()
    for path in ("/oauth/introspect", "/oauth/revoke"):
        sent = app.authenticated({"token": renewed["access_token"]})
        assert talking.client.post(path, **sent).status_code == 200
    client = talking.client.post("/oauth/register", json={"redirect_uris": ["http://127.0.0.1/back"]}).json()
    assert Browser(talking).sign_in("manager", password="not the password").status_code == 401
    personal, _ = Person(talking, "manager").new_token("CI", "contact.read")
    # Where none of them belongs, and a careless client may put one.
    for careless in (f"/{personal}", f"/oauth/token/{again['refresh_token']}", f"/docs?access_token={personal}"):
        talking.client.get(careless)
    cookies = [cookie.value for cookie in browser.client.cookies.jar if cookie.value]
    assert cookies
    seen = talking.served.out.read_text() + talking.served.err.read_text()
    routes = {line.get("route") for line in talking.served.events()}
    assert {"/oauth/authorize", "/oauth/sign-in", "/oauth/token", "/oauth/revoke", "/oauth/register"} <= routes
    secret = [
        *(code, csrf, asking.state, asking.verifier, asking.challenge, app.secret, personal, *cookies),
        *(each[name] for each in (tokens, again, renewed) for name in ("access_token", "refresh_token")),
        *(client["client_secret"], client["registration_access_token"]),
        *(user["email"], user["password"], "not the password"),
    ]
    assert [each for each in secret if each in seen] == []


def test_no_label_is_a_path_that_somebody_chose(talking: Live) -> None:
    for nth in range(20):
        talking.client.get(f"/oauth/register/{nth}")
        talking.client.get(f"/problems/{nth}")
        talking.client.get(f"/nothing/{nth}")
    time.sleep(0.2)
    text = talking.served.admin("/metrics").body.decode()
    assert [label for label in set(re.findall(r'route="([^"]*)"', text)) if re.search(r"/\d+$", label)] == []
