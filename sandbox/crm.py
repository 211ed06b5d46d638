"""The calls that all CRM entities share: list, search, create, get, update, delete."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from sandbox.answers import Reply, data, document, not_found
from sandbox.directory import Directory, Tenant
from sandbox.entities import BY_NAME, PIPELINES
from sandbox.entity import Entity, Row
from sandbox.fields import render_instant
from sandbox.guard import Call, Operation
from sandbox.lists import listed
from sandbox.schema import load
from sandbox.search import searched
from sandbox.store import Store, transaction


@dataclass(slots=True)
class Desk:
    """The scene of a live write: who, when, and look-ups that see one tenant only."""

    store: Store
    directory: Directory
    tenant: Tenant
    user_id: str | None
    now: str

    @property
    def tenant_id(self) -> str:
        return self.tenant.id

    def exists(self, entity: str, key: str) -> bool:
        if entity == "user":
            return self.directory.employs(self.tenant, key)
        if entity == "stage":
            return any(stage["id"] == key for pipeline in self.pipelines() for stage in pipeline["stages"])
        return self.store.exists(BY_NAME[entity], self.tenant.number, key)

    def role_of(self, user_id: str) -> str | None:
        user = self.directory.user("id", user_id)
        return user["role"] if user is not None else None

    def pipelines(self) -> list[Row]:
        return [load(pipeline) for pipeline in self.store.documents(PIPELINES, self.tenant.number)]


def desk(call: Call, store: Store | None = None, directory: Directory | None = None) -> Desk:
    now = render_instant(time.time_ns() // 1_000_000)
    return Desk(store or call.services.store, directory or call.services.directory, call.tenant, call.user_id, now)


def new_key() -> str:
    """24 hex digits that begin with the second they were made in."""
    return f"{int(time.time()):08x}{secrets.token_hex(8)}"


def fetch(call: Call, entity: Entity) -> Row:
    found = call.services.store.document(entity, call.tenant.number, call.path["id"])
    if found is None:
        raise not_found()
    return load(found)


def change(call: Call, entity: Entity, before: Row, body: dict[str, Any]) -> bytes | None:
    """Merges the body into the row and keeps it; None when that changes nothing."""
    after = entity.updated(before, body, desk(call))
    if after == before:
        return None
    store = call.services.store
    with transaction(store.connection):
        return store.replace(entity, call.tenant.number, after)


class Calls:
    """The calls of one entity."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity

    def operations(self) -> dict[str, dict[str, Operation]]:
        """Operations by method, by path."""
        root = f"/api/crm/{self.entity.plural}"
        places = {
            "list": (root, "GET", self.list),
            "create": (root, "POST", self.create),
            "search": (f"{root}/search", "POST", self.search),
            "get": (f"{root}/{{id}}", "GET", self.get),
            "update": (f"{root}/{{id}}", "PATCH", self.update),
            "delete": (f"{root}/{{id}}", "DELETE", self.delete),
        }
        found: dict[str, dict[str, Operation]] = {}
        for name, documented in self.entity.operations.items():
            path, method, run = places[name]
            found.setdefault(path, {})[method] = Operation(run, documented=documented)
        return found

    async def list(self, call: Call) -> Reply:
        return listed(call.services.store, self.entity, call.tenant.number, call.query())

    async def search(self, call: Call) -> Reply:
        return searched(call.services.store, self.entity, call.tenant.number, call.json())

    async def create(self, call: Call) -> Reply:
        row = self.entity.created(call.json(), new_key(), desk(call))
        store = call.services.store
        with transaction(store.connection):
            (made,) = store.insert(self.entity, call.tenant.number, [row])
        return document(made, 201, created=1)

    async def get(self, call: Call) -> Reply:
        found = call.services.store.document(self.entity, call.tenant.number, call.path["id"])
        if found is None:
            raise not_found()
        return document(found)

    async def update(self, call: Call) -> Reply:
        before = fetch(call, self.entity)
        changed = change(call, self.entity, before, call.json())
        return document(changed) if changed is not None else data(before)

    async def delete(self, call: Call) -> Reply:
        store = call.services.store
        with transaction(store.connection):
            found = store.delete(self.entity, call.tenant.number, call.path["id"])
        if not found:
            raise not_found()
        return Reply(204)
