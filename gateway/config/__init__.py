"""Configuration: `config.yaml`, `GATEWAY_…` variables and flags, checked whole at start.

What is named here is loaded when it is asked for: who only wants to know where the data is (`gateway.config.places`) must not wait
for all that checks a configuration.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.config.changes import fingerprint, fixed
    from gateway.config.embedded import EMBEDDED
    from gateway.config.environment import apart, variables
    from gateway.config.faults import ConfigError, Fault
    from gateway.config.loader import load
    from gateway.config.places import data_directory, locate
    from gateway.config.runtime import Runtime
    from gateway.config.secrets import Secret, reveal
    from gateway.config.services import SANDBOX
    from gateway.config.settings import Settings

__all__ = [
    "EMBEDDED",
    "SANDBOX",
    "ConfigError",
    "Fault",
    "Runtime",
    "Secret",
    "Settings",
    "apart",
    "data_directory",
    "fingerprint",
    "fixed",
    "load",
    "locate",
    "reveal",
    "variables",
]

_HOMES = {
    "changes": ("fingerprint", "fixed"),
    "embedded": ("EMBEDDED",),
    "environment": ("apart", "variables"),
    "faults": ("ConfigError", "Fault"),
    "loader": ("load",),
    "places": ("data_directory", "locate"),
    "runtime": ("Runtime",),
    "secrets": ("Secret", "reveal"),
    "services": ("SANDBOX",),
    "settings": ("Settings",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(name)
