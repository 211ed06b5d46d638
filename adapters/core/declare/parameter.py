"""Query parameters with kinds, as reports take them."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.core.declare.kinds.base import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One query parameter. kind: one whose values are texts; default: what it is when it is left out.

    TypeError at import when it must be sent and has a default too.
    """

    name: str
    kind: Kind
    description: str
    example: str
    required: bool = False
    default: str | None = None

    def __post_init__(self) -> None:
        if self.required and self.default is not None:
            raise TypeError(f"the parameter {self.name} has a default, so nobody must send it")
