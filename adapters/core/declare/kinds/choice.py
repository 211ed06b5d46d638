"""One of a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare.kinds.base import GENERAL, Kind, Schema, generated


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few words. `held_as` maps public words to the service's values where these differ; `told_only` are those that only
    the service says, and no request.
    """

    words: tuple[str, ...]
    # Annotations with `| None` are hashed, and a mapping cannot be.
    held_as: Mapping[str, Any] | None = field(default=None, hash=False)
    told_only: tuple[str, ...] = ()
    operators = GENERAL

    @classmethod
    def upper(cls, *words: str) -> Choice:
        """Words that the service writes in capitals."""
        return cls(words, {word: word.upper() for word in words})

    @classmethod
    def of(cls, words: str) -> Choice:
        """Words and what the service writes, apart by spaces: `open=OPEN on_hold=PAUSED`."""
        held_as = dict(each.split("=") for each in words.split())
        return cls(tuple(held_as), held_as)

    def core(self) -> CoreSchema:
        return core_schema.literal_schema([word for word in self.words if word not in self.told_only])

    def operand(self) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))

    def loose(self) -> Schema:
        return generated(self.operand())

    @property
    def held(self) -> Any:
        return type(next(iter(self.held_as.values()))) if self.held_as else str

    @property
    def inward(self) -> Callable[[Any], Any] | None:  # type: ignore[override]
        return self.held_as.__getitem__ if self.held_as else None

    @property
    def outward(self) -> Callable[[Any], Any]:  # type: ignore[override]
        held_as = self.held_as or {word: word for word in self.words}
        return {value: word for word, value in held_as.items()}.__getitem__

    def older(self, swap: Mapping[str, str]) -> Kind:
        if not swap.keys() <= set(self.words):
            raise TypeError(f"no such word {', '.join(swap)}")
        return Choice(tuple(swap.get(word, word) for word in self.words))

    def edges(self) -> tuple[Any, ...]:
        return (*self.words, self.words[0].upper(), self.words[0] + " ", "", None, 1)
