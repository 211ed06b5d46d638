"""Why a token of another issuer opens nothing."""

from __future__ import annotations

from typing import Literal

from gateway.observe.issuer_metrics import UNKNOWN

Code = Literal["token_invalid", "token_expired", "audience_foreign", "audience_twofold"]


class TokenRefused(Exception):
    """`code`: what the caller is told (gateway/auth/challenges.py). `reason`: a word for metrics, which the caller is not told.

    `issuer`: the name of the one that it says it is of, once that is known.
    """

    def __init__(self, reason: str, code: Code = "token_invalid") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.issuer = UNKNOWN


class KeysUnavailable(Exception):
    """The issuer's keys were never read, or too long ago, and cannot be read now: nobody can tell whether a token is good."""

    for_logs = True
