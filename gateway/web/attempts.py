"""Attempts to sign in, limited so that guessing is slow and nobody can lock somebody else out.

Three limits, asked in this order; the first that refuses ends it, so that a refused attempt uses up nothing of what comes
after: the client's address; this account from this address, which is small; this account from wherever, which is so large
that it takes many addresses to use it up, and none of them for longer than its window. Only failures count: what a
success took is given back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import ceil

from gateway.api.rate_limits import policy
from gateway.config.policies import Limits
from gateway.observe import metrics
from gateway.stores.limits import Limiter
from gateway.stores.policies import Policy


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to open an account (an e-mail address, in whatever case) from an address."""

    limiter: Limiter
    limits: Limits
    address: str
    email: str

    async def wait(self) -> int:
        """Seconds until another attempt is welcome; 0 for now, and then it counts until it is forgiven."""
        for limit, subject, about in self._counted():
            verdict = await self.limiter.admit_address(subject, limit, about)
            if not verdict.allowed:
                metrics.rate_limited(limit.name)
                return max(1, ceil(verdict.readings[0].retry_after))
        return 0

    async def forgive(self) -> None:
        """It was no failure of whoever tried."""
        for limit, subject, about in self._counted():
            await self.limiter.give_back(subject, limit, about)

    def _counted(self) -> tuple[tuple[Policy, str, str], ...]:
        account = hashlib.sha256(self.email.casefold().encode()).hexdigest()
        return (
            (policy("sign_in_address", self.limits.sign_in_address, "address"), self.address, ""),
            (policy("sign_in_account", self.limits.sign_in_account, "address"), self.address, account),
            (policy("sign_in_everywhere", self.limits.sign_in_everywhere, "address"), account, ""),
        )
