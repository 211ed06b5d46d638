"""Who knows users: the auth service of each mode. A sandbox has users of its own, of whom the live one has never heard."""

from __future__ import annotations

from gateway.auth.users import Identity
from gateway.keys.token_format import Mode


class Identities:
    """test: None where there is no test mode, and then nobody is of that mode."""

    def __init__(self, live: Identity, test: Identity | None = None) -> None:
        self.live = live
        self.test = test

    def of(self, mode: Mode) -> Identity:
        """The auth service that knows the users of a tenant in this mode."""
        if mode == "live" or self.test is None:
            return self.live
        return self.test

    def inherit(self, former: Identities) -> None:
        """Know the users that `former` knows, as far as they are asked for in the same way."""
        self.live.inherit(former.live)
        if self.test is not None and former.test is not None:
            self.test.inherit(former.test)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.live.aclose()
        if self.test is not None:
            await self.test.aclose()
