"""The calls that all entities share: list, search, create, get, update, delete."""

from sandbox.answers import Reply, data, document, not_found
from sandbox.entities import BY_NAME
from sandbox.entity import Entity
from sandbox.guard import Call, Operation
from sandbox.ids import Key
from sandbox.lists import listed
from sandbox.moments import stored_milliseconds
from sandbox.scene import Row
from sandbox.schema import load
from sandbox.search import searched
from sandbox.store import transaction
from sandbox.writing import WriteScene, scene_of, writing


def fetch(call: Call, entity: Entity) -> Row:
    """The row that the path names, as it is today; not_found when there is none."""
    owners = owners_of(call, entity)
    settle_lapsed(call, entity)
    row = _found(call, entity, call.path["id"])
    if any(row[name] != key for name, key in owners.items()):
        raise not_found()
    return row


def _found(call: Call, entity: Entity, text: str) -> Row:
    return load(_document(call, entity, text))


def _document(call: Call, entity: Entity, text: str) -> bytes:
    key = entity.key.read(text)
    found = call.home.store.document(entity, call.tenant.number, key) if key is not None else None
    if found is None:
        raise not_found()
    return found


def owners_of(call: Call, entity: Entity) -> dict[str, Key]:
    """The keys in the path by field, each of a row that is there and belongs to the one before."""
    keys: dict[str, Key] = {}
    for owner in entity.owners:
        row = _found(call, BY_NAME[owner.refers], call.path[owner.name])
        if any(row[name] != key for name, key in keys.items()):
            raise not_found()
        keys[owner.name] = row["id"]
    return keys


def change(call: Call, entity: Entity, before: Row, body: dict[str, object]) -> bytes | None:
    """Merges the body into the row and keeps it; None when that changes nothing."""
    with writing(call) as scene:
        after = entity.updated(before, body, scene)
        return scene.replace(entity, before, after) if after != before else None


def settle_lapsed(call: Call, entity: Entity) -> None:
    """Settles the rows that time alone has changed since they were written (`updatedAt` stays)."""
    if entity.lapses is None:
        return
    scene = scene_of(call)
    conditions, names = entity.lapses
    moments = {"today": scene.now[:10], "now": stored_milliseconds(scene.now)}
    lapsed = scene.rows(entity.name, conditions, *(moments[name] for name in names))
    if lapsed:
        with transaction(call.home.writable().connection):
            scene = scene_of(call)
            for row in lapsed:
                _settle(scene, entity, row)


def _settle(scene: WriteScene, entity: Entity, before: Row) -> None:
    after = dict(before)
    entity.settle(after, before, {}, scene)
    if after != before:
        scene.replace(entity, before, after)


class Calls:
    """The calls of one entity."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity

    def operations(self) -> dict[str, dict[str, Operation]]:
        """Operations by method, by path."""
        root = self.entity.root
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
        owners = owners_of(call, self.entity)
        settle_lapsed(call, self.entity)
        return listed(call.home.store, self.entity, call.tenant.number, call.query(), owners)

    async def search(self, call: Call) -> Reply:
        settle_lapsed(call, self.entity)
        return searched(call.home.store, self.entity, call.tenant.number, call.json())

    async def create(self, call: Call) -> Reply:
        owners = owners_of(call, self.entity)
        body = call.json()
        with writing(call) as scene:
            row = self.entity.created(body, scene.key(self.entity.key), scene, owners)
            made = scene.insert(self.entity, row)
        return document(made, 201, created=1)

    async def get(self, call: Call) -> Reply:
        if self.entity.owners:
            return data(fetch(call, self.entity))
        settle_lapsed(call, self.entity)
        return document(_document(call, self.entity, call.path["id"]))

    async def update(self, call: Call) -> Reply:
        before = fetch(call, self.entity)
        body = call.json()
        taken = self.entity.documented_update
        if taken and call.services.documented_only:
            body = {name: body[name] for name in taken if name in body}
        changed = change(call, self.entity, before, body)
        return document(changed) if changed is not None else data(before)

    async def delete(self, call: Call) -> Reply:
        before = fetch(call, self.entity)
        with writing(call) as scene:
            self.entity.deletable(before)
            scene.delete(self.entity, before["id"])
        return Reply(204)
