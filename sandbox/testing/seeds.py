"""What a test tenant may be seeded with. The same seed is the same rows with the same ids, wherever and whenever it is made."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.answers import invalid
from sandbox.scene import Workspace
from sandbox.seed import Setting, seed_tenants

MOST_RECORDS = 5000
_DEFAULT = "default"
# by name: contacts where nobody says how many, how much of a firm's business there is
_KINDS = {"small": (20, 0.05), _DEFAULT: (200, 1.0), "empty": (0, 0.0)}
_WORKSPACE = Workspace("USD", 10, "2025-06-30", negative_stock=True)


@dataclass(frozen=True, slots=True)
class Seed:
    """records: contacts; what else the CRM holds follows their number."""

    kind: str
    records: int

    @staticmethod
    def read(body: Mapping[str, Any], before: "Seed | None" = None) -> "Seed":
        """What a body asks for; `before` where it asks for nothing. Refused names the member that is wrong."""
        kind, records = body.get("seed"), body.get("records")
        if kind is None and records is None and before is not None:
            return before
        kind = _DEFAULT if kind is None else kind
        if not isinstance(kind, str) or kind not in _KINDS:
            raise invalid({"seed": [f"must be one of {', '.join(_KINDS)}"]})
        if records is None:
            return Seed(kind, _KINDS[kind][0])
        if kind == "empty" and records != 0:
            raise invalid({"records": ["is not for the seed empty"]})
        if not isinstance(records, int) or isinstance(records, bool) or not 0 <= records <= MOST_RECORDS:
            raise invalid({"records": [f"must be a whole number from 0 to {MOST_RECORDS}"]})
        return Seed(kind, records)

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.records}"

    def fill(self, connection: sqlite3.Connection) -> None:
        """Fills an empty database with the one tenant."""
        setting = Setting("acme", "Acme", _WORKSPACE, 12, _KINDS[self.kind][1])
        seed_tenants(connection, [(setting, self.records)], self.records)
