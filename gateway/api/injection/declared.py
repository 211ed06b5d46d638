"""What a fault is: a name, the values it takes, where it can happen, and what it changes about a call."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange
from gateway.auth.caller import Caller

T = TypeVar("T")

_QUANTITY: Final = re.compile(r"([0-9]{1,6})(ms|s)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, None: 1.0}


@dataclass(frozen=True, slots=True)
class Scene:
    """A call before its stages, as a fault may change it: what is asked for, by whom, and the parts it is answered with."""

    operation: Operation
    dependencies: Dependencies
    exchange: Exchange
    caller: Caller


Values = Mapping[str, float]
"""Seconds, by the name of the parameter."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """A parameter: a time from `least` to `most`, written `3`, `3s` or `1500ms`. usual: when it is left out; None if it cannot be."""

    least: float
    most: float
    usual: float | None = None

    @property
    def told(self) -> str:
        """What it can be, in words."""
        return f"a time from {_spelt(self.least)} to {_spelt(self.most)}, such as 2s or 1500ms"

    @property
    def example(self) -> str:
        """One that it can be."""
        return "1500ms" if self.usual is None else "3"

    def read(self, text: str) -> float | None:
        """The seconds that `text` is; None for anything else."""
        found = _QUANTITY.fullmatch(text)
        if found is None:
            return None
        seconds = int(found[1]) * _UNITS[found[2]]
        return seconds if self.least <= seconds <= self.most else None


@dataclass(frozen=True, slots=True)
class Where:
    """The calls that a fault can happen to; `told` is the rest of "This fault happens to …"."""

    told: str
    holds: Callable[[Operation, Exchange], bool]


ANY: Final = Where("any call", lambda _operation, _exchange: True)


def _unchanged(scene: Scene, _: Values) -> Scene:
    return scene


def _whole(answer: Answer) -> Answer:
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One fault. about: what happens, for the documents; code: of the problem that the call is answered with, empty for none.

    takes: its parameters; the one called "" is the value of the fault itself, `slow=1500ms`. change: what the call is
    answered with instead of the real parts; after: what becomes of an answer that is no problem.
    """

    name: str
    about: str
    code: str = ""
    takes: Mapping[str, Seconds] = field(default_factory=dict)
    where: Where = ANY
    change: Callable[[Scene, Values], Scene] = _unchanged
    after: Callable[[Answer], Answer] = _whole

    @property
    def spelt(self) -> str:
        """How it is written, with everything that it takes."""
        own = [f"={each.example}" for name, each in self.takes.items() if not name]
        return "; ".join(
            [self.name + "".join(own), *(f"{name}={each.example}" for name, each in self.takes.items() if name)]
        )


def altered(part: T, **instead: Any) -> T:
    """A part that is as the one given in all but these methods. AttributeError when it has no such method."""
    for name in instead:
        getattr(part, name)
    made = copy.copy(part)
    vars(made).update(instead)
    return made


def _spelt(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
