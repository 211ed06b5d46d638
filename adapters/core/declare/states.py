"""Which states a record goes through: documented, and told to whoever asks for a step that the service refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class States:
    """steps: each word of `field` → what is possible then: the statuses that one action asks for, or the names of actions.

    The service decides, and the record is never read first: between the look and the step it could be moved.
    """

    steps: Mapping[str, tuple[str, ...]]
    field: str = "status"

    @classmethod
    def of(cls, steps: str, field: str = "status") -> States:
        """Of a text like `open → closed; closed`."""
        pairs = (each.partition("→") for each in steps.split(";"))
        return cls({word.strip(): tuple(then.split()) for word, _, then in pairs}, field)
