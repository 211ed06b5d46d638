"""Which services a permit opens. Addresses belong to a kind of permit, and so does all that is made of them.

A service of the live ones cannot be had for a test permit, nor the other way round: mypy refuses what would hand it out
(tests/sandboxes/test_walls.py), and a test over every operation watches that no call goes astray.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.auth.permits import LivePermit, Permit, TestPermit
from gateway.keys.token_format import Mode
from gateway.upstream import Guard

P = TypeVar("P", LivePermit, TestPermit)


@dataclass(frozen=True, slots=True)
class Places(Generic[P]):
    """Where the services of one mode are. urls: by name; keys: service keys by name, of those that have one."""

    urls: Mapping[str, str]
    keys: Mapping[str, str] = field(repr=False)


class Services(Generic[P]):
    """The services of one mode, as requests ask them."""

    def __init__(self, guards: Mapping[str, Guard]) -> None:
        self._guards = guards

    def named(self, name: str, permit: P) -> Guard:
        """The service, for whoever may ask it."""
        return self._guards[name]

    def through(self, change: Callable[[Guard], Guard]) -> Services[P]:
        """The same services, each changed."""
        return Services({name: change(guard) for name, guard in self._guards.items()})

    async def aclose(self) -> None:
        """Close all connections."""
        for guard in self._guards.values():
            await guard.aclose()


class Upstreams:
    """All services. test: None where there is no test mode, and then nobody has a test permit."""

    def __init__(self, live: Services[LivePermit], test: Services[TestPermit] | None) -> None:
        self._live = live
        self._test = test

    def named(self, name: str, permit: Permit) -> Guard:
        """The service of this name that the permit opens."""
        if permit.mode == "live":
            return self._live.named(name, permit)
        if self._test is None:
            raise LookupError("there is no test mode, so nothing can have made this permit")
        return self._test.named(name, permit)

    def through(self, change: Callable[[Guard], Guard]) -> Upstreams:
        """The same, each service of test mode changed: nothing is ever changed about a live one."""
        return Upstreams(self._live, self._test.through(change) if self._test is not None else None)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._live.aclose()
        if self._test is not None:
            await self._test.aclose()


def headed(keys: Mapping[str, str | None], mode: Mode) -> Mapping[str, str | None]:
    """By service, the key that calls are made with; None for the tenant's own, which is what every sandbox has."""
    return keys if mode == "live" else dict.fromkeys(keys)
