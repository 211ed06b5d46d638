"""What whoever comes without an address finds: people the documentation, programs the entry points."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from gateway.error_codes import error_codes
from gateway.web.colours import contrast, on
from tests.live import Live

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_browser_is_sent_to_the_documentation(live: Live) -> None:
    answer = live.client.get("/", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["location"], answer.headers["vary"]) == (303, "/docs", "Accept")
    assert live.client.get("/", headers={"Accept": BROWSER}, follow_redirects=True).status_code == 200


@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
def test_a_program_gets_the_entry_points_and_each_of_them_answers(live: Live, accept: str | None) -> None:
    answer = live.client.get("/", headers={} if accept is None else {"Accept": accept})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    links = answer.json()["links"]
    assert {"documentation", "openapi", "console", "me", "authorization_server"} <= set(links)
    statuses = {name: live.client.get(link).status_code for name, link in links.items()}
    # The console asks to sign in, and `me` for a token.
    assert statuses == dict.fromkeys(links, 200) | {"console": 303, "me": 401}


def test_the_documentation_is_found_with_a_slash_behind_it(live: Live) -> None:
    answer = live.client.get("/docs/")
    assert (answer.status_code, answer.headers["location"]) == (308, "/docs")
    assert live.client.get("/docs/", follow_redirects=True).headers["content-type"].startswith("text/html")


def test_the_index_answers_get_and_head_alone(live: Live) -> None:
    assert live.client.head("/").status_code == 200
    assert live.client.post("/").status_code == 405


def test_the_picture_beside_the_address_is_the_brands_letter_on_its_colour(live: Live) -> None:
    answer = live.client.get("/favicon.ico")
    assert answer.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(answer.text)
    name = live.client.get("/").json()["name"]
    assert "".join(root.itertext()).strip() == name[0].upper()


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#1d4ed8", "#ffd400", "#808080"])
def test_a_letter_can_be_read_on_any_colour(colour: str) -> None:
    def channels(text: str) -> tuple[float, float, float]:
        red, green, blue = (int(part, 16) for part in re.findall("..", text[1:]))
        return red, green, blue

    assert contrast(channels(colour), channels(on(colour))) >= 4.5


def test_docs_and_console_lead_to_each_other(live: Live) -> None:
    assert 'href="/console"' in live.client.get("/docs/quickstart").text


@pytest.mark.parametrize(
    ("media", "body", "status", "code"),
    [
        ("application/json", b"{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"email=%ff", 400, "request_malformed"),
        ("application/x-www-form-urlencoded", b"email=" + b"a" * 70_000, 413, "payload_too_large"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_with_a_code_that_is_documented(
    live: Live, media: str, body: bytes, status: int, code: str
) -> None:
    for path in ("/oauth/sign-in", "/oauth/sign-out"):
        refused = live.call("POST", path, content=body, headers={"Content-Type": media})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert code in error_codes()
