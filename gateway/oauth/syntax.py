"""The syntax of scopes and of PKCE, to the letter: what is not of it is refused, never dropped or repaired."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from authlib.oauth2.rfc6749 import InvalidScopeError

from adapters.core.compile.scopes import Scopes

# RFC 6749 § 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
# What libraries add by habit, for every server. They would give nothing here that an app does not get anyway: a refresh
# token, or who the user is (`GET /v1/me`). docs/decisions has the reasons.
HABITUAL: Final = frozenset({"openid", "offline_access"})
_SHOWN: Final = 60
# RFC 7636 § 4.2: the base64url of a SHA-256, without padding
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
# RFC 7636 § 4.1
_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def scopes(text: str, offered: Scopes) -> tuple[str, ...]:
    """The scopes in a parameter, each once. InvalidScopeError for a wrong syntax and for scopes that are not `offered`.

    HABITUAL ones are left out: of a parameter with nothing else nothing is left.
    """
    if not _SCOPE.fullmatch(text):
        raise InvalidScopeError(description="The scope is not a list of words separated by single spaces.")
    words = tuple(each for each in dict.fromkeys(text.split(" ")) if each not in HABITUAL)
    unknown = [each for each in words if each not in offered.known]
    if unknown and all(each in offered.known for each in re.split("[,+;]", unknown[0])):
        raise InvalidScopeError(description="Scopes are separated by spaces, not by commas or other characters.")
    if unknown:
        raise InvalidScopeError(description=f"There is no scope '{unknown[0][:_SHOWN]}'.")
    return words


def covered(wanted: Iterable[str], granted: Iterable[str], offered: Scopes) -> bool:
    """Whether everything that `wanted` stands for is in `granted`."""
    return offered.expanded(wanted) <= offered.expanded(granted)


def within(wanted: Iterable[str], allowed: Iterable[str], offered: Scopes) -> tuple[str, ...]:
    """What is left of `wanted` inside `allowed`, in its order: a `.all` that is allowed in part gives way to those parts."""
    inside = offered.expanded(allowed)
    left: dict[str, None] = {}
    for scope in wanted:
        parts = offered.expanded([scope])
        left.update(dict.fromkeys([scope] if parts <= inside else sorted(parts & inside)))
    return tuple(left)


def is_challenge(text: str) -> bool:
    """Whether this can be an S256 code challenge."""
    return _CHALLENGE.fullmatch(text) is not None


def is_verifier(text: str) -> bool:
    """Whether this can be a code verifier."""
    return _VERIFIER.fullmatch(text) is not None
