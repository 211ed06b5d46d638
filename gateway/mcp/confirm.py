"""What cannot be undone takes two steps, without a state on the server: a seal over who asks, what of which record, and how that was
when it was shown.

Where the client can ask a person by a form, the seal travels with the question instead (`wire.question`). It is a seat belt, not a person's consent: nothing is done blindly, and nothing else than what was looked at.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Final

import orjson

from gateway.keys.keyring import Keyring, Unsealable
from gateway.mcp.calls import Twin

LIFETIME: Final = 300.0  # seconds
_PURPOSE: Final = "mcp_confirm"


def seal(keyring: Keyring, principal: str, twin: Twin, record: dict[str, Any]) -> str:
    """The `confirm` value that lets this principal do this to the record as it is now."""
    content = orjson.dumps([time.time() + LIFETIME, _digest(twin, record)])
    return keyring.seal(_PURPOSE, principal, content, twin.path.encode())


def holds(keyring: Keyring, principal: str, twin: Twin, record: dict[str, Any], sealed: str) -> bool:
    """Whether `sealed` was given to this principal for this request, not long ago, and the record has not changed since."""
    try:
        until, digest = orjson.loads(keyring.open(_PURPOSE, principal, sealed, twin.path.encode()))
    except Unsealable:
        return False
    return bool(until >= time.time() and digest == _digest(twin, record))


def _digest(twin: Twin, record: dict[str, Any]) -> str:
    told = [twin.operation.name, twin.document, record]
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
