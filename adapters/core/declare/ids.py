"""Public identifiers: a type prefix and the internal id, unchanged but for a fixed start that all of its kind have.

Opaque to clients, total and bidirectional: within a service's alphabet `decode(encode(x)) == x`,
and no two internal ids share a public one, because the internal id is carried whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.core.declare import alphabets

HEX24 = "[0-9a-f]{24}"
CUID = "c[a-z0-9]{8,31}"
BASE62 = "[0-9A-Za-z]{1,64}"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DIGITS = "[1-9][0-9]{0,17}"
"""Positive integers that a 64-bit number holds, each written in one way."""

_PREFIX = re.compile(r"[a-z][a-z0-9]*_", re.ASCII)


@dataclass(frozen=True, slots=True)
class IdType:
    """One kind of identifier: its public prefix, and the alphabet of the service that owns it (alphabets.py).

    cut: what every internal id begins with before what `alphabet` describes, and no public one has: `EXP-000123` is
    `exp_000123`. number: the service writes it as a JSON number; in paths and queries it is digits everywhere.
    TypeError at import when the three do not go together.
    """

    prefix: str
    alphabet: str
    noun: str
    cut: str = ""
    number: bool = False
    fits: Callable[[Sequence[Any]], bool] = field(init=False, repr=False, compare=False)
    """Whether all of these internal ids are of the alphabet."""
    _match: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise TypeError(f"{self.prefix!r} is no prefix of ids: lower-case letters, digits, and one _ at the end")
        if self.number and (self.alphabet != DIGITS or self.cut):
            raise TypeError(f"{self.prefix}: ids that are numbers have the alphabet DIGITS and nothing cut")
        if not set(self.cut) <= set(alphabets.UNRESERVED):
            raise TypeError(f"{self.prefix}: {self.cut!r} has characters that a path must quote")
        try:
            fits = _numbers if self.number else alphabets.all_of(self.internal)
        except ValueError as error:
            raise TypeError(f"{self.prefix}: the alphabet {self.alphabet!r} {error}") from None
        object.__setattr__(self, "fits", fits)
        object.__setattr__(self, "_match", re.compile(f"{self.prefix}({self.alphabet})", re.ASCII))

    @property
    def held(self) -> type[str | int]:
        """The type of the internal id in the service's JSON."""
        return int if self.number else str

    @property
    def internal(self) -> str:
        """What every internal id is, as an alphabet of its own."""
        return re.sub("[.]", r"\\.", self.cut) + self.alphabet

    @property
    def pattern(self) -> str:
        """The anchored pattern of the public form, for schemas."""
        return f"^{self.prefix}{self.alphabet}$"

    def encode(self, internal: str | int) -> str:
        """Internal id → public id."""
        return self.prefix + str(internal).removeprefix(self.cut)

    def decode(self, public: str) -> Any:
        """Public id → internal id as its service writes it, or None when the prefix or the shape is wrong."""
        found = self._match.fullmatch(public)
        if found is None:
            return None
        return int(found.group(1)) if self.number else self.cut + found.group(1)

    def sample(self, place: int = 0) -> str:
        """A public id that is well-formed, and nobody's. `place` chooses among several."""
        return self.prefix + alphabets.sample(self.alphabet, place)

    def of(self, overridden: Mapping[str, str]) -> IdType:
        """The same kind of id where a deployment's services write it in another alphabet; by prefix, `integer` for numbers."""
        alphabet = overridden.get(self.prefix)
        if alphabet is None:
            return self
        number = alphabet == alphabets.INTEGER
        return replace(self, alphabet=DIGITS if number else alphabet, cut="", number=number)


def _numbers(ids: Sequence[int]) -> bool:
    return not ids or (min(ids) >= 1 and max(ids) < 10**18)
