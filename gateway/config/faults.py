"""What is wrong with a configuration, said so that it can be put right without reading code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    path     dotted key (`server.port`, `brands[0].name`), or the name of an environment variable that fits no key
    problem  what is wrong, never quoting a value that could be a secret
    fix      what to do about it
    source   where the value came from: `config.yaml, line 12`, `GATEWAY_PORT`, `--port`; empty when it is nowhere
    """

    path: str
    problem: str
    fix: str
    source: str = ""

    def __str__(self) -> str:
        where = f" ({self.source})" if self.source else ""
        return f"{self.path}{where}: {self.problem}. {self.fix}"


class ConfigError(Exception):
    """Everything that is wrong at once, so that one round of editing is enough."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def dotted(key: Sequence[str]) -> str:
    """A place in the configuration, for people: `brands[0].hosts[1]`."""
    return key[0] + "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in key[1:]) if key else ""


def refuse(problem: str, fix: str) -> PydanticCustomError:
    """What a validator raises when it knows the fix better than pydantic's message does."""
    # Late: who only reads where the data is has nothing to validate.
    from pydantic_core import PydanticCustomError

    context: Mapping[str, str] = {"problem": problem, "fix": fix}
    return PydanticCustomError("refused", "{problem}", dict(context))
