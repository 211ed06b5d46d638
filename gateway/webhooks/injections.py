"""The faults that calls about subscriptions can ask for in test mode, beside those of every call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.api.injection.declared import Injection, Where
from gateway.api.injection.parts import raising
from gateway.problems import Problem
from gateway.webhooks import resending, subscribing
from gateway.webhooks.declared import FIRST

_ID: Final = "7Qm2bV9xKc4TzRw1LfYp8HsN"  # the one that examples have


def _of(action: str, told: str, code: str, about: str, failure: Callable[[], Problem]) -> Injection:
    where = Where(told, lambda operation, _: operation.name == f"{FIRST}.{action}")
    return Injection(name=code, about=about, code=code, where=where, change=raising(failure))


_CREATES: Final = "create", "the create of a webhook subscription"

INJECTIONS: Final = (
    _of(*_CREATES, "subscription_limit", "There are as many subscriptions as there may be.", subscribing.too_many),
    _of(
        *_CREATES,
        "subscription_exists",
        "There is one with this URL and these events.",
        lambda: subscribing.exists(_ID),
    ),
    _of(
        *_CREATES,
        "registration_unavailable",
        "Events of the workspace do not reach the gateway.",
        subscribing.unregistered,
    ),
    _of(
        "replay",
        "the replay of a webhook subscription",
        "replay_running",
        "A replay of the subscription is under way.",
        resending.running,
    ),
)
