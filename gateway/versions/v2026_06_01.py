"""The first contract."""

from __future__ import annotations

from adapters.core.declare.changes import Contract

v2026_06_01 = Contract(date="2026-06-01", summary="The first contract.")
