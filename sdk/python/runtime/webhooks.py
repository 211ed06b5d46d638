"""Deliveries of webhooks: whether they are what they say they are (Standard Webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import SignatureInvalid


def verified(
    body: str | bytes, headers: Mapping[str, str], secrets: str | Sequence[str], tolerance: float
) -> dict[str, Any]:
    """The event that a delivery holds. body: exactly as it came. Raises SignatureInvalid."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        event, moment, marks = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as error:
        raise SignatureInvalid(f"there is no header {error.args[0]}") from None
    # Digits only: int() would read more than a sender writes.
    if not (moment.isascii() and moment.isdigit()) or abs(time.time() - int(moment)) > tolerance:
        raise SignatureInvalid("the delivery was not made just now: it may be an old one, sent again by somebody else")
    raw = body.encode() if isinstance(body, str) else body
    signed = f"{event}.{moment}.".encode() + raw
    sent = [mark.partition(",")[2] for mark in marks.split() if mark.startswith("v1,")]
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        own = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())
        if any(hmac.compare_digest(own, mark.encode()) for mark in sent):
            return _event(raw)
    raise SignatureInvalid("no signature was made with this secret")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("the secret is not one of a webhook subscription: it begins with whsec_") from None


def _event(raw: bytes) -> dict[str, Any]:
    event = json.loads(raw)
    if not isinstance(event, dict):
        raise SignatureInvalid("the delivery holds no event")
    return event
