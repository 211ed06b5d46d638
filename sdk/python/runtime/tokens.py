"""How a client proves who it is: a personal access token, or the tokens of an app that are refreshed."""

from __future__ import annotations

import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .errors import SignInNeeded

_EARLY = 30.0

Saved = Callable[["Tokens"], None] | Callable[["Tokens"], Awaitable[None]]


@dataclass(frozen=True)
class Tokens:
    """What an app has to keep. `expires_at`: in seconds since 1970, None when it is not known."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    scope: str = ""

    @property
    def stale(self) -> bool:
        """Whether the access token ends within half a minute."""
        return self.expires_at is not None and self.expires_at - _EARLY < time.time()


@dataclass
class OAuth:
    """The tokens of an app, which the client refreshes: one refresh at a time, however many calls wait for it.

    `save` is given each new pair before it is used: a refresh token is good for one refresh, so keep the last one. It may be
    a coroutine function for an AsyncClient.
    """

    client_id: str
    tokens: Tokens
    client_secret: str | None = field(default=None, repr=False)
    save: Saved | None = None

    def form(self) -> dict[str, str]:
        """What is posted for new tokens."""
        if self.tokens.refresh_token is None:
            raise SignInNeeded("refresh_token_missing", "there is no refresh token")
        form = {"grant_type": "refresh_token", "refresh_token": self.tokens.refresh_token}
        return form if self.client_secret is not None else form | {"client_id": self.client_id}

    def headers(self) -> dict[str, str]:
        """How the app proves that it is itself, where it has a secret (RFC 6749 § 2.3.1)."""
        if self.client_secret is None:
            return {}
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def taken(self, status: int, answer: Any) -> Tokens:
        """The tokens of an answer, which are used from now on. Raises SignInNeeded."""
        self.tokens = tokens_of(status, answer, self.tokens.refresh_token)
        return self.tokens


def tokens_of(status: int, answer: Any, refresh_token: str | None = None) -> Tokens:
    """The tokens of an answer of the token endpoint; `refresh_token` goes on where it has none. Raises SignInNeeded."""
    told: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    if status != 200 or not isinstance(told.get("access_token"), str):
        error, description = told.get("error", f"status_{status}"), told.get("error_description", "")
        raise SignInNeeded(str(error), str(description))
    lasts = told.get("expires_in")
    return Tokens(
        access_token=told["access_token"],
        refresh_token=told.get("refresh_token", refresh_token),
        expires_at=time.time() + lasts if isinstance(lasts, (int, float)) else None,
        scope=str(told.get("scope", "")),
    )
