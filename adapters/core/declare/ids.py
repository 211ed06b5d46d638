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

    def inner(self, public: str) -> Any:
        """Public id → what a record of its service holds to point at it."""
        return self.decode(public)

    def outer(self, inner: Any, beside: Any) -> str:
        """The same the other way; `beside`: what the record holds of the field `by`, if there is one."""
        return self.encode(inner)

    def of_row(self, row: Any) -> str:
        """The public id of a record, as its service wrote it."""
        return self.encode(row.id)

    @property
    def by(self) -> str | None:
        """The field that an id is told with; None where it needs no other."""
        return None

    @property
    def above(self) -> IdType | None:
        """The kind of id of the record that those of this kind lie beneath; None where they lie beneath none."""
        return None

    def beneath_one(self, above: Any, own: Any) -> Any:
        """The internal id of what a service calls `own`, beneath the record `above` where this kind lies beneath one."""
        return own

    def spelled(self, bind: str, beside: Callable[[str], str]) -> str:
        """Source of the public form of an internal id that `bind` is the name of."""
        return f"{self.prefix!r} + {self._rest(bind)}"

    def _rest(self, name: str) -> str:
        return f"str({name})" if self.number else f"{name}[{len(self.cut)}:]" if self.cut else name

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired(IdType):
    """The id of a record that its service only finds beneath another: `ptask_<project>.<task>`, both ids with a dot between.

    parent: the id of the other; beneath: the field of the record that holds it. So its records have one flat address outside, and
    their service is asked with two ids: `decode` gives both. TypeError where a dot may stand in either.
    """

    parent: IdType
    beneath: str

    def __post_init__(self) -> None:
        IdType.__post_init__(self)
        if self.cut or self.parent.cut or any("." in part.characters for part in alphabets.atoms(self._both)):
            raise TypeError(f"{self.prefix}: neither id of a pair may have a dot, or anything cut")
        match = re.compile(f"{self.prefix}({self.parent.alphabet})[.]({self.alphabet})", re.ASCII)
        object.__setattr__(self, "_match", match)

    @property
    def _both(self) -> str:
        return self.parent.alphabet + self.alphabet

    @property
    def by(self) -> str:
        return self.beneath

    @property
    def above(self) -> IdType:
        return self.parent

    def beneath_one(self, above: Any, own: Any) -> Any:
        return above, own

    @property
    def pattern(self) -> str:
        return f"^{self.prefix}{self.parent.alphabet}[.]{self.alphabet}$"

    def encode(self, internal: Any) -> str:
        """Both internal ids, or their public forms with the dot between, → public id."""
        return self.prefix + (".".join(map(str, internal)) if isinstance(internal, tuple) else internal)

    def decode(self, public: str) -> Any:
        """Public id → both internal ids, the parent's first, or None."""
        found = self._match.fullmatch(public)
        if found is None:
            return None
        above, own = found.groups()
        return int(above) if self.parent.number else above, int(own) if self.number else own

    def inner(self, public: str) -> Any:
        return self.decode(public)[1]

    def outer(self, inner: Any, beside: Any) -> str:
        return self.encode((beside, inner))

    def of_row(self, row: Any) -> str:
        return self.encode((getattr(row, self.beneath), row.id))

    def spelled(self, bind: str, beside: Callable[[str], str]) -> str:
        return f"f'{self.prefix}{{{beside(self.beneath)}}}.{{{bind}}}'"

    def sample(self, place: int = 0) -> str:
        own, above = alphabets.sample(self.alphabet, place), alphabets.sample(self.parent.alphabet, place)
        return f"{self.prefix}{above}.{own}"

    def of(self, overridden: Mapping[str, str]) -> IdType:
        own = IdType.of(self, overridden)
        return replace(own, parent=self.parent.of(overridden))  # type: ignore[call-arg]


def _numbers(ids: Sequence[int]) -> bool:
    return not ids or (min(ids) >= 1 and max(ids) < 10**18)
