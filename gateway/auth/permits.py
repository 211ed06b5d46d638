"""What a user may do at this moment: the judgement that requests and webhooks share, and the proof that it was passed."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import msgspec

from gateway.auth.scopes import Permissions
from gateway.auth.users import User
from gateway.keys.token_format import Mode


class _Proof(msgspec.Struct, frozen=True):
    role: str
    name: str
    scopes: frozenset[str]


class LivePermit(_Proof, frozen=True):
    """Opens the services that are configured."""

    mode: ClassVar[Literal["live"]] = "live"


class TestPermit(_Proof, frozen=True):
    """Opens the sandbox program, and nothing else: see `gateway.auth.services`."""

    mode: ClassVar[Literal["test"]] = "test"
    __test__: ClassVar[bool] = False  # a name that pytest would take for a test


Permit = LivePermit | TestPermit
"""Proof that `judged` let somebody through; internal calls demand it. `role` is the one the user has now."""

_PERMITS: Final[dict[Mode, type[LivePermit | TestPermit]]] = {"live": LivePermit, "test": TestPermit}

Denied = Literal["user", "scope", "role"]
"""Who denies it: there is no such user or a disabled one, the scopes do not cover it, or the role does not."""


def judged(
    user: User | None, scopes: frozenset[str], needed: frozenset[str], permissions: Permissions, mode: Mode
) -> Permit | Denied:
    """Scopes ∩ the role that the user has now ∋ what is needed. Nothing else makes a permit. mode: of their tenant."""
    if user is None or not user.active:
        return "user"
    effective = permissions.effective(scopes, user.role)
    if needed <= effective:
        return _PERMITS[mode](user.role, user.name, effective)
    return "role" if needed <= permissions.asked(scopes) else "scope"
