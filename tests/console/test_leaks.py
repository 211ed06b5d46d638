"""Leak reports: tokens found in public are worth nothing from then on, and their owners read why."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.keys import token_format
from tests.console.people import LEAKS_SECRET, Person
from tests.live import Live
from tests.oauth.acting import App, Asking, Browser, refresh, works

PLACE = "https://code.example/repo/blob/config.py#L3"


def report(desk: Live, found: Any, secret: str = LEAKS_SECRET, signature: str | None = None) -> httpx.Response:
    body = found if isinstance(found, bytes) else json.dumps(found).encode()
    signed = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Leaks-Signature": signed if signature is None else signature}
    return httpx.post(f"{desk.url}/leaks", content=body, headers=headers, timeout=30)


def found(*texts: str) -> list[dict[str, str]]:
    return [{"token": text, "type": "access_token", "url": PLACE} for text in texts]


def labels(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["label"] for each in answer.json()]


def test_a_reported_token_is_dead_on_every_worker_and_its_owner_reads_why(desk: Live, member: Person) -> None:
    text, _ = member.new_token("Committed by mistake", "contact.read")
    assert works(desk, text)
    answer = report(desk, found(text))
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert answer.json() == [{"token_hash": digest, "token_type": "access_token", "label": "true_positive"}]
    assert not works(desk, text)
    page = member.page("/console/tokens")
    assert f"Why: found in public at {PLACE}" in page
    assert "Committed by mistake</strong> was found in public" in page
    activity = re.sub(r"<[^>]+>", "", member.page("/console/history"))
    assert f"A secret scanner revoked the token Committed by mistake (found in public at {PLACE})" in activity
    assert text not in desk.served.out.read_text()


def test_a_repeated_report_changes_nothing(desk: Live, member: Person) -> None:
    text, _ = member.new_token("Twice", "contact.read")
    assert labels(report(desk, found(text, text))) == ["true_positive"] * 2
    before = member.page("/console/history").count("Twice")
    again = [{"token": text, "type": "x", "url": "https://elsewhere.example"}]
    assert labels(report(desk, again)) == ["true_positive"]
    assert member.page("/console/history").count("Twice") == before
    assert "elsewhere.example" not in member.page("/console/tokens")


def test_what_is_not_ours_is_labelled_and_nothing_else_is_said(desk: Live) -> None:
    strange = [token_format.mint("gw", "personal"), "gw_pat_x", "", "ü" * 50, "x" * 10_000]
    answer = report(desk, found(*strange))
    assert labels(answer) == ["false_positive"] * len(strange)
    assert {key for each in answer.json() for key in each} == {"token_hash", "token_type", "label"}


def test_a_leaked_token_of_an_app_takes_its_grant_with_it(desk: Live, owner: Person) -> None:
    uri = "https://leaky.example/callback"
    client_id, secret = owner.new_app("Leaky", "contact.read", uri=uri)
    app, browser = App(client_id, secret, "client_secret_basic"), Browser(desk)
    by_access, by_refresh, untouched = (
        browser.tokens(Asking(desk, app, scope="contact.read", redirect_uri=uri)) for _ in range(3)
    )
    leaked = found(by_access["access_token"], by_refresh["refresh_token"])
    assert labels(report(desk, leaked)) == ["true_positive"] * 2
    assert browser.asked(Asking(desk, app, scope="contact.read", redirect_uri=uri)).status_code == 200, "asked again"
    for each in (by_access, by_refresh):
        assert not works(desk, each["access_token"])
        assert refresh(desk, app, each["refresh_token"]).status_code == 400
    assert works(desk, untouched["access_token"])
    assert labels(report(desk, found(secret))) == ["true_positive"]
    assert refresh(desk, app, untouched["refresh_token"]).status_code == 401
    activity = re.sub(r"<[^>]+>", "", owner.page("/console/history"))
    assert "A secret scanner ended the access of Leaky" in activity
    assert "A secret scanner ended a secret of Leaky" in activity
    browser.client.close()


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "0" * 64, "sha1=ü"])
def test_a_report_that_is_not_signed_does_nothing(desk: Live, member: Person, signature: str) -> None:
    text, _ = member.new_token("Still good", "contact.read")
    answer = httpx.post(
        f"{desk.url}/leaks",
        content=json.dumps(found(text)).encode(),
        headers={b"Leaks-Signature": signature.encode()},
        timeout=30,
    )
    assert answer.status_code == 401
    assert report(desk, found(text), secret="another").status_code == 401
    assert works(desk, text)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"[1]", b'[{"token": 1}]', b"[" + b"{}," * 300 + b"{}]", b"\xff", b'[{"token": "\\ud800"}]'],
)
def test_a_report_that_cannot_be_read_is_refused(desk: Live, body: bytes) -> None:
    answer = report(desk, body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_report_that_is_too_large_is_refused(desk: Live) -> None:
    assert report(desk, b"[" + b" " * 70_000 + b"]").status_code == 413


def test_a_place_that_is_no_honest_address_is_shown_as_text(desk: Live, member: Person) -> None:
    text, _ = member.new_token("Hostile place", "contact.read")
    place = "https://x/<script>alert(1)</script>\r\n\u202e" + "y" * 1000
    assert labels(report(desk, [{"token": text, "type": ["?"], "url": place}])) == ["true_positive"]
    page = member.page("/console/tokens")
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "y" * 301 not in page


def test_reports_are_bounded_for_each_address_and_there_are_none_without_a_secret(
    live: Live, spare: Live, tmp_path: Path
) -> None:
    assert report(live, []).status_code == 404
    (tmp_path / "secret").write_text(LEAKS_SECRET)
    secret = {"secret": {"file": str(tmp_path / "secret")}}
    spare.set_up(leaks=secret, limits={"leaks": {"quota": 3, "window": "60s"}})
    assert [report(spare, []).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert int(report(spare, [], secret="wrong").headers["retry-after"]) >= 1
