"""The scene of seeded rows: what was made so far, kept in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.entity import Entity
from sandbox.ids import Alphabet, Key
from sandbox.scene import Row, Workspace


@dataclass
class Counter:
    """Numbers that no two rows of any tenant share."""

    value: int = 1000

    def following(self) -> int:
        self.value += 1
        return self.value


@dataclass
class SeedScene:
    """Rows are found by entity and key once they are kept."""

    tenant_id: str
    workspace: Workspace
    random: Random
    counter: Counter
    user_id: str | None = None
    now: str = ""
    kept: dict[str, dict[Key, Row]] = field(default_factory=dict)
    _sequences: dict[str, int] = field(default_factory=dict)

    def keep(self, entity: Entity, rows: Iterable[Row]) -> None:
        self.kept.setdefault(entity.name, {}).update({row["id"]: row for row in rows})

    def exists(self, entity: str, key: Key) -> bool:
        raise AssertionError(f"seeded rows are not checked ({entity} {key})")

    def row(self, entity: str, key: Key) -> Row | None:
        return self.kept[entity].get(key)

    def rows(self, entity: str, conditions: str = "1", *_parameters: Any) -> list[Row]:
        if conditions != "1":
            raise AssertionError("seeded rows are in memory, not in SQL")
        return list(self.kept.get(entity, {}).values())

    def role_of(self, user_id: str) -> str | None:
        raise AssertionError(f"nobody asks for the role of {user_id}")

    def key(self, alphabet: Alphabet) -> Key:
        return alphabet.make(self.random, self.counter.following)

    def following(self, name: str) -> int:
        self._sequences[name] = self._sequences.get(name, 0) + 1
        return self._sequences[name]

    def sequences(self) -> dict[str, int]:
        return dict(self._sequences)

    def change(self, entity: str, row: Row, **changed: Any) -> None:
        row |= changed

    def add(self, entity: str, row: Row) -> None:
        self.kept.setdefault(entity, {})[row["id"]] = row
