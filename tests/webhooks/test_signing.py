"""What receivers verify: with the official library, unmodified."""

from __future__ import annotations

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.webhooks import signing

SECRET, OLDER = os.urandom(32), os.urandom(32)
BODY = json.dumps({"type": "deal.won", "data": {"name": "Zürich – ✓"}}, ensure_ascii=False).encode()


def signed(*secrets: bytes, at: int | None = None, message: str = "evt_1", body: bytes = BODY) -> dict[str, str]:
    lines = signing.StandardSigner().sign(secrets, message, at if at is not None else int(time.time()), body)
    assert lines.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in lines.decode().removesuffix("\r\n").split("\r\n"))


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5))
def test_the_official_library_accepts_what_is_signed(document: dict[str, str]) -> None:
    body = json.dumps(document, ensure_ascii=False).encode()
    assert Webhook(signing.shown(SECRET)).verify(body, signed(SECRET, body=body)) == document


def test_case_28_while_a_secret_is_replaced_both_verify() -> None:
    headers = signed(SECRET, OLDER)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, OLDER):
        Webhook(signing.shown(secret)).verify(BODY, headers)


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_whatever_is_changed_on_the_way_is_noticed(change: str) -> None:
    headers, body, secret = signed(SECRET), BODY, SECRET
    match change:
        case "body":
            body += b" "
        case "id":
            headers["webhook-id"] += "x"
        case "timestamp":
            headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
        case "secret":
            secret = OLDER
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(secret)).verify(body, headers)


def test_case_29_a_retry_after_a_day_is_signed_with_its_own_time() -> None:
    day_ago = int(time.time()) - 86_400
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(SECRET)).verify(BODY, signed(SECRET, at=day_ago))
    assert signed(SECRET)["webhook-signature"] != signed(SECRET, at=day_ago)["webhook-signature"]
