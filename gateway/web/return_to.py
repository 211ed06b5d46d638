"""Where a person goes after signing in, carried through the page sealed: nobody else can make us redirect anywhere."""

from __future__ import annotations

from typing import Final

import orjson

from gateway.keys.keyring import Keyring, Unsealable

HOME: Final = "/console"
_PURPOSE: Final = "sign-in-next"
_LONGEST: Final = 16_384


def sealed(keys: Keyring, path: str, form_action: tuple[str, ...] = ()) -> str:
    """`path`: below our own origin; `form_action`: where the redirects after it may lead (Chromium holds forms to that)."""
    return keys.seal(_PURPOSE, "", orjson.dumps([path, form_action]), b"")


def opened(keys: Keyring, text: str) -> tuple[str, tuple[str, ...]]:
    """Path and form actions; the home page for what was not made by `sealed`."""
    if not text or len(text) > _LONGEST:
        return HOME, ()
    try:
        path, form_action = orjson.loads(keys.open(_PURPOSE, "", text, b""))
    except Unsealable:
        return HOME, ()
    return path, tuple(form_action)
