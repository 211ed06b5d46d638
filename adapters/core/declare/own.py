"""What the gateway keeps itself, and which scopes guard it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Own:
    """A family of scopes without a resource of the services. covers: action (read, write, delete) → what it is about, in words."""

    scope: str
    covers: Mapping[str, str]

    @property
    def scopes(self) -> tuple[str, ...]:
        """Its single scopes."""
        return tuple(f"{self.scope}.{action}" for action in self.covers)
