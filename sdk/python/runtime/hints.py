"""Words of type checkers that Python 3.10 has not. Annotations are never evaluated, so they need not be anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Required, Unpack
else:
    Required = Unpack = Any

__all__ = ["Required", "Unpack"]
