"""What a word of the vocabulary is: something that a resource declares, and everything that follows from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar


class Word(ABC):
    """Base of all words; each is a frozen dataclass in a file of `core/words/`, together with its plan.

    A declaration knows nothing of what is compiled from it, so the two types of the other side are named here only: `build`
    is a `compile.builder.Builder`, and operations are `operation.Operation`s.
    """

    verb: ClassVar[str] = "write"
    """What the scope of its operations ends with: read, write or delete."""

    def needs(self, resource: Any) -> tuple[str, ...]:
        """The scopes that the operations of a `Resource` with this word need."""
        return (f"{resource.scope}.{self.verb}",)

    def brings(self) -> tuple[Any, ...]:
        """The `Resource`s that live beneath the one with this word, and stand in no table of contents."""
        return ()

    def check(self, resource: Any) -> None:  # noqa: B027 - most words have nothing to refuse
        """Raise TypeError when the `Resource` cannot have this word; called at import."""

    @abstractmethod
    def operations(self, build: Any) -> Iterable[Any]:
        """The operations that follow from the word, in the order of the documents."""
