"""The dated contracts, newest first. Code knows only the newest; to delete an old one, delete its file and its line."""

from __future__ import annotations

from adapters.core.declare.changes import Contract
from gateway.versions.v2026_06_01 import v2026_06_01
from gateway.versions.v2026_09_01 import v2026_09_01

CONTRACTS: tuple[Contract, ...] = (v2026_09_01, v2026_06_01)
