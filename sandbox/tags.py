"""Tags of a contact: adding and removing single ones."""

from sandbox.answers import Reply, data, invalid
from sandbox.calls import change, fetch
from sandbox.entities import CONTACTS
from sandbox.guard import Call, Operation
from sandbox.schema import load


def operations() -> dict[str, dict[str, Operation]]:
    return {"/api/crm/contacts/{id}/tags": {"POST": Operation(_add), "DELETE": Operation(_remove)}}


async def _add(call: Call) -> Reply:
    contact = fetch(call, CONTACTS)
    given = call.json().get("tags")
    if not isinstance(given, list):
        raise invalid({"tags": ["must be a list of texts"]})
    return _kept(call, contact, [*contact["tags"], *given])


async def _remove(call: Call) -> Reply:
    contact = fetch(call, CONTACTS)
    given = call.query().get("tag") or call.json().get("tags")
    if not isinstance(given, list):
        raise invalid({"tags": ["must be a list of texts"]})
    return _kept(call, contact, [tag for tag in contact["tags"] if tag not in given])


def _kept(call: Call, contact: dict[str, object], tags: list[object]) -> Reply:
    changed = change(call, CONTACTS, contact, {"tags": tags})
    return data(load(changed)["tags"] if changed is not None else contact["tags"])
