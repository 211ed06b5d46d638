"""The store's scripts under a clock that the test sets: the real script, in a real Valkey, at chosen instants."""

from collections.abc import Sequence
from typing import Any

import redis

from gateway.stores.limits import Gate, _verdict
from gateway.stores.policies import Policy, Verdict
from gateway.stores.redis_connection import _SCRIPTS

_CLOCK = "redis.call('TIME')"


class Timeline:
    """``admit`` at an instant in µs; ``subjects`` pairs keys with policies, as in ``Gate``."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)
        source = (_SCRIPTS / "admit.lua").read_text()
        assert source.count(_CLOCK) == 1
        # In a key and not in an argument: whatever stands behind the policies' arguments has a meaning of its own.
        self._script = self._client.register_script(source.replace(_CLOCK, "{redis.call('GET', '{t}:clock'), 0}"))

    def clear(self) -> None:
        self._client.flushall()

    def admit(self, at: int, policies: Sequence[Policy], *, spreading: bool = False) -> Verdict:
        gate = Gate("{t}:live", [(f"{{t}}:{policy.name}", policy) for policy in policies])
        args: list[Any] = []
        for policy in policies:
            args += (-policy.capacity if policy.shadow else policy.capacity, policy.step, policy.slices)
        if spreading:
            args.append("spread")
        keys = ["{t}:live", *(key for key, _ in gate.subjects)]
        self._client.set("{t}:clock", f"{at / 1e6:.6f}")
        verdict = _verdict(self._client_reply(keys, args), gate.policies)
        assert verdict.now == at / 1e6
        return verdict

    def _client_reply(self, keys: list[Any], args: list[Any]) -> list[Any]:
        reply: list[Any] = self._script(keys=keys, args=args)
        return reply

    def close(self) -> None:
        self._client.close()
