"""Test mode: what only a test token opens."""

from __future__ import annotations

import re

from .tokens import OAuth

_TEST = re.compile(r"[A-Za-z0-9]+_test_")


def is_test(token: str | OAuth) -> bool:
    """Whether a token opens a sandbox, and nothing that is real."""
    return _TEST.match(token if isinstance(token, str) else token.tokens.access_token) is not None


def required(token: str | OAuth) -> None:
    """Raises ValueError for a token that opens what is real."""
    if not is_test(token):
        raise ValueError("this needs a test token: the token of this client opens what is real")
