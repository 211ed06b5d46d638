"""Deletion in two steps, without a state on the server: a seal over who asks, which record, and how it was when it was shown.

Where the client can ask a person by a form, the seal travels with the question instead (`wire.question`). It is a seat belt, not a person's consent: nothing is deleted blindly, and nothing else than what was looked at.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Final

import orjson

from gateway.keys.keyring import Keyring, Unsealable

LIFETIME: Final = 300.0  # seconds
_PURPOSE: Final = "mcp_confirm"


def seal(keyring: Keyring, principal: str, public_id: str, record: dict[str, Any]) -> str:
    """The `confirm` value that lets this principal delete this record as it is now."""
    content = orjson.dumps([time.time() + LIFETIME, _digest(record)])
    return keyring.seal(_PURPOSE, principal, content, public_id.encode())


def holds(keyring: Keyring, principal: str, public_id: str, record: dict[str, Any], sealed: str) -> bool:
    """Whether `sealed` was given to this principal for this record, not long ago, and the record has not changed since."""
    try:
        until, digest = orjson.loads(keyring.open(_PURPOSE, principal, sealed, public_id.encode()))
    except Unsealable:
        return False
    return bool(until >= time.time() and digest == _digest(record))


def _digest(record: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
