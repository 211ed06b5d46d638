"""What the services of one firm are seeded from: its people, its customers, its days."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from sandbox.entity import Entity
from sandbox.moments import shifted
from sandbox.scene import Row
from sandbox.seeds.scene import SeedScene

FIRST_DAY, LAST_DAY = "2025-01-01", "2026-05-15"
T = TypeVar("T")


@lru_cache(maxsize=1024)
def day(number: int) -> str:
    """The day so many days after the first, at most the last."""
    return min(shifted(FIRST_DAY, number), LAST_DAY)


def at(date: str, minutes: int) -> str:
    """A moment of the day, minutes after midnight."""
    return f"{date}T{minutes // 60:02d}:{minutes % 60:02d}:00.000Z"


@dataclass
class Firm(SeedScene):
    """users: as the auth service shows them, the owner first · contacts, companies, deals: rows to refer to ·
    scale: what an amount of rupees is divided by · share: how much of a whole firm's business it does, up to 1 ·
    working: whether it does business, or was only just set up.
    """

    handle: str = ""
    users: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    companies: list[Row] = field(default_factory=list)
    deals: list[Row] = field(default_factory=list)
    scale: int = 1
    share: float = 1

    @property
    def working(self) -> bool:
        return bool(self.contacts)

    @property
    def user_ids(self) -> list[str]:
        return [user["id"] for user in self.users]

    def count(self, whole: int, least: int = 3) -> int:
        """How many of something that a whole firm has so many of."""
        return min(whole, max(least, round(whole * self.share)))

    def choose(self, values: Sequence[T]) -> T:
        return values[int(self.random.random() * len(values))]

    def maybe(self, values: Sequence[T], share: float) -> T | None:
        return self.choose(values) if values and self.random.random() < share else None

    def below(self, limit: int) -> int:
        return int(self.random.random() * limit)

    def moment(self, date: str) -> str:
        """Some minute of an office day."""
        return at(date, 480 + self.below(600))

    def price(self, least: int, most: int) -> int:
        """An amount of rupees between these, in the firm's own currency."""
        return max(1, (least + self.below(most - least)) // self.scale)

    def make(self, entity: Entity, created: str, /, **given: Any) -> Row:
        row = entity.blank() | {"id": self.key(entity.key), "tenantId": self.tenant_id, "createdAt": created}
        if entity.dated:
            row["updatedAt"] = created
        return row | given
