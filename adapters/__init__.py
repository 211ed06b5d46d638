"""Every public resource and report, and the words that they are declared with.

The table of contents (`adapters.contents`) is loaded when it is asked for: who needs a kind or an id has no use for all resources.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.contents import ANNOUNCED, OWN, REPORTS, RESOURCES, RESTRICTED_FAMILIES

__all__ = ["ANNOUNCED", "OWN", "REPORTS", "RESOURCES", "RESTRICTED_FAMILIES"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("adapters.contents"), name)
    raise AttributeError(name)
