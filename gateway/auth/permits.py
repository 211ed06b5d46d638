"""What a user may do at this moment: the judgement that requests and webhooks share, and the proof that it was passed."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.auth.scopes import Permissions
from gateway.auth.users import User


class Permit(msgspec.Struct, frozen=True):
    """Proof that `judged` let somebody through; internal calls demand it. `role` is the one the user has now."""

    role: str
    name: str
    scopes: frozenset[str]


Denied = Literal["user", "scope", "role"]
"""Who denies it: there is no such user or a disabled one, the scopes do not cover it, or the role does not."""


def judged(
    user: User | None, scopes: frozenset[str], needed: frozenset[str], permissions: Permissions
) -> Permit | Denied:
    """Scopes ∩ the role that the user has now ∋ what is needed. Nothing else makes a permit."""
    if user is None or not user.active:
        return "user"
    effective = permissions.effective(scopes, user.role)
    if needed <= effective:
        return Permit(user.role, user.name, effective)
    return "role" if needed <= permissions.asked(scopes) else "scope"
