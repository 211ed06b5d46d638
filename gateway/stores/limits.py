"""Rate limits and token liveness: one script call per request, exact across workers, by the store's clock."""

from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import Any, Final, Literal

from gateway.stores import addresses
from gateway.stores.errors import StoreUnavailable
from gateway.stores.local_limits import LocalLimits
from gateway.stores.policies import Policy, Reading, Verdict
from gateway.stores.redis_connection import Part, RedisConnection, Script
from gateway.stores.token_generations import live_key

ADMIT: Final = Script.named("admit")
_GIVE_BACK: Final = Script.named("give_back")

Manner = Literal["", "look", "spread"]
"""`look` uses nothing up; `spread` tells each of those who are refused a moment of its own, not all the same one."""


class Gate:
    """One token's (or address's) way through its policies: built once, then asked on every request.

    units: how many are taken at once, of every policy or of none.
    """

    __slots__ = ("_live", "_manner", "packed", "policies", "shadows", "spreading", "subjects", "units")

    def __init__(
        self, live: str, subjects: Sequence[tuple[str | bytes, Policy]], manner: Manner = "", units: int = 1
    ) -> None:
        self._live, self._manner, self.units = live, manner, units
        self.policies = tuple(policy for _, policy in subjects)
        self.subjects = tuple((key.encode() if isinstance(key, str) else key, policy) for key, policy in subjects)
        args: list[Part] = []
        for policy in self.policies:
            args += (-policy.capacity if policy.shadow else policy.capacity, policy.step, policy.slices)
        if units != 1:
            args += (manner, units)
        elif manner:
            args.append(manner)
        self.shadows = any(policy.shadow for policy in self.policies)
        self.spreading = manner == "spread"
        self.packed = ADMIT.pack((live, *(key for key, _ in self.subjects)), args)

    def of(self, units: int) -> "Gate":
        """The same way for what counts as so many requests."""
        return Gate(self._live, self.subjects, self._manner, units)


class Limiter:
    """``replicas``: how many workers, over all instances, share the limits while the store is lost."""

    def __init__(self, line: RedisConnection, replicas: int) -> None:
        self._line = line
        self._local = LocalLimits(replicas)

    def gate(self, tenant: str, token_id: str, policies: Sequence[Policy]) -> Gate:
        """The gate of a token. All its keys share the tenant's hash tag, so that a cluster keeps them on one node."""
        return Gate(live_key(tenant, token_id), _subjects(tenant, token_id, policies), "spread")

    def share(self, policy: Policy) -> int:
        """The units of a policy that there always are, also while the store is lost."""
        return self._local.share(policy)

    async def look(self, tenant: str, token_id: str, policies: Sequence[Policy]) -> tuple[Reading, ...]:
        """What is left to a token, using nothing up. StoreUnavailable while nobody can tell."""
        gate = Gate(live_key(tenant, token_id), _subjects(tenant, token_id, policies), "look")
        return _verdict(await self._line.send(ADMIT, gate.packed), gate.policies).readings

    async def admit(self, gate: Gate) -> Verdict:
        """Decides and counts, in one round trip; what is refused uses up nothing. Never raises for a lost store."""
        try:
            reply = await self._line.ask(gate.packed)
            if type(reply) is not list:
                reply = await self._line.settled(ADMIT, gate.packed, reply)
        except StoreUnavailable:
            return self._local.admit(gate.subjects, spreading=gate.spreading, units=gate.units)
        return _verdict(reply, gate.policies)

    async def admit_address(self, address: str, policy: Policy, about: str = "") -> Verdict:
        """Counts one request of a client without a valid token. IPv6 clients are counted by their /64, which one host owns.

        `about`: what of the address is counted apart from all else, such as its attempts to open one account.
        """
        return await self.admit(self.gate_of_address(address, policy, about))

    def gate_of_address(self, address: str, policy: Policy, about: str = "") -> Gate:
        """The gate that `admit_address` asks, for who asks it often."""
        return Gate(f"gw:{{{_network(address)}}}:live", [(_of_address(address, policy, about), policy)])

    async def give_back(self, address: str, policy: Policy, about: str = "") -> None:
        """Uncounts a request that `admit_address` admitted. Never raises for a lost store."""
        key = _of_address(address, policy, about)
        try:
            await self._line.run(_GIVE_BACK, (key,), (policy.step, policy.slices))
        except StoreUnavailable:
            self._local.give_back(key.encode())


def _subjects(tenant: str, token_id: str, policies: Sequence[Policy]) -> list[tuple[str, Policy]]:
    subjects = {"tenant": "", "token": f":{token_id}"}
    return [(f"gw:{{{tenant}}}:{_form(policy)}{subjects[policy.per]}", policy) for policy in policies]


def _of_address(address: str, policy: Policy, about: str) -> str:
    return f"gw:{{{_network(address)}}}:{_form(policy)}{about and ':'}{about}"


def _form(policy: Policy) -> str:
    # A policy whose shape was changed by configuration must not read the state of its former shape.
    return f"{'window' if policy.slices else 'bucket'}:{policy.name}:{policy.step}"


def _network(address: str) -> str:
    try:
        parsed = addresses.parsed(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> 64 << 64)) + "/64"
    return str(parsed)


def _verdict(reply: list[Any], policies: tuple[Policy, ...]) -> Verdict:
    now, generation, admitted, *states = reply
    return Verdict(policies, states, admitted == 1, None if generation is None else int(generation), now, False)
