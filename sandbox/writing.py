"""Where every write of a request is committed: the row, what follows from it in other rows, and its postings, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

from sandbox import events, ledger
from sandbox.directory import Directory, Tenant
from sandbox.entities import BY_NAME
from sandbox.entity import Entity
from sandbox.guard import Call
from sandbox.ids import Alphabet, Key
from sandbox.moments import render_instant
from sandbox.scene import Row, Workspace
from sandbox.schema import load
from sandbox.store import Store, transaction

_CHANCE = SystemRandom()


@dataclass(slots=True)
class WriteScene:
    """The scene of a live write; look-ups see one tenant only. Every row that a request writes passes `_follow`."""

    store: Store
    directory: Directory
    tenant: Tenant
    user_id: str | None
    now: str
    happened: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def tenant_id(self) -> str:
        return self.tenant.id

    @property
    def workspace(self) -> Workspace:
        return self.tenant.workspace

    def exists(self, entity: str, key: Key) -> bool:
        if entity == "user":
            return self.directory.employs(self.tenant, str(key))
        if entity == "stage":
            return any(stage["id"] == key for pipeline in self.rows("pipeline") for stage in pipeline["stages"])
        return self.store.exists(BY_NAME[entity], self.tenant.number, key)

    def row(self, entity: str, key: Key) -> Row | None:
        found = self.store.document(BY_NAME[entity], self.tenant.number, key)
        return load(found) if found is not None else None

    def rows(self, entity: str, conditions: str = "1", *parameters: Any) -> list[Row]:
        found = self.store.documents(BY_NAME[entity], self.tenant.number, conditions, parameters)
        return [load(document) for document in found]

    def role_of(self, user_id: str) -> str | None:
        user = self.directory.user("id", user_id)
        return user["role"] if user is not None else None

    def key(self, alphabet: Alphabet) -> Key:
        return alphabet.make(_CHANCE, lambda: self.store.following("keys"))

    def following(self, name: str) -> int:
        return self.store.following(f"{self.tenant.number}:{name}")

    def add(self, entity: str, row: Row) -> None:
        self.insert(BY_NAME[entity], row)

    def change(self, entity: str, row: Row, **changed: Any) -> None:
        after = row | changed
        if after != row:
            self.replace(BY_NAME[entity], row, after)

    def insert(self, entity: Entity, row: Row) -> bytes:
        (document,) = self.insert_all(entity, [row])
        return document

    def insert_all(self, entity: Entity, rows: list[Row]) -> list[bytes]:
        documents = self.store.insert(entity, self.tenant.number, rows)
        for row in rows:
            self._follow(entity, None, row)
        return documents

    def replace(self, entity: Entity, before: Row, after: Row) -> bytes:
        document = self.store.replace(entity, self.tenant.number, after)
        self._follow(entity, before, after)
        return document

    def delete(self, entity: Entity, key: Key) -> bool:
        before = self.store.delete(entity, self.tenant.number, key)
        if before is not None:
            self._follow(entity, before, None)
        return before is not None

    def _follow(self, entity: Entity, before: Row | None, after: Row | None) -> None:
        """What a write means for other rows, for the books and for subscribers: before is None on create, after on delete."""
        self.happened += events.happened(entity.name, before, after)
        entity.effects(before, after, self)
        ledger.keep(self.store, self.tenant, entity.name, before, after, self)


def scene_of(call: Call, store: Store | None = None, directory: Directory | None = None) -> WriteScene:
    home = call.home
    return WriteScene(
        store or home.store, directory or home.directory, call.tenant, call.user_id, render_instant(home.now())
    )


@contextmanager
def writing(call: Call) -> Iterator[WriteScene]:
    """A scene in a transaction: all that is written inside is committed at its end and then told, or nothing when it raises."""
    with transaction(call.home.writable().connection):
        scene = scene_of(call)
        yield scene
    call.services.emitter.emit(call.home, scene.happened)
