"""Standard Webhooks, symmetric (`v1`): what receivers verify with any of its libraries. Source: https://www.standardwebhooks.com."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"


def shown(secret: bytes) -> str:
    """A secret as its owner is given it: `whsec_` and padded standard base64."""
    return PREFIX + b64encode(secret).decode("ascii")


def signature(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one of each secret, the newest first. Ids are ours and have no dots."""
    signed = b"%b.%d.%b" % (message_id.encode("ascii"), timestamp, body)
    return " ".join("v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode("ascii") for secret in secrets)


class StandardSigner:
    """Signs what couriers send (`messages.Signer`)."""

    def sign(self, secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> bytes:
        """The three header lines, complete with CRLF. `timestamp`: of the attempt, in seconds."""
        lines = (
            f"webhook-id: {message_id}\r\nwebhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: {signature(secrets, message_id, timestamp, body)}\r\n"
        )
        return lines.encode("ascii")
