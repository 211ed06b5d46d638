"""Configuration: `config.yaml`, `GATEWAY_…` variables and flags, checked whole at start."""

from gateway.config.changes import fingerprint, fixed
from gateway.config.faults import ConfigError, Fault
from gateway.config.loader import data_directory, load, locate
from gateway.config.runtime import Runtime
from gateway.config.secrets import Secret, reveal
from gateway.config.services import SANDBOX
from gateway.config.settings import Settings
from gateway.config.stores import EMBEDDED

__all__ = [
    "EMBEDDED",
    "SANDBOX",
    "ConfigError",
    "Fault",
    "Runtime",
    "Secret",
    "Settings",
    "data_directory",
    "fingerprint",
    "fixed",
    "load",
    "locate",
    "reveal",
]
