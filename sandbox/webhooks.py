"""The settings service: who wants to be told of events, and where."""

import secrets
import time
from urllib.parse import urlsplit

from sandbox.answers import Complaints, Reply, data, invalid, not_found
from sandbox.events import NAMES
from sandbox.guard import Call, Operation
from sandbox.moments import render_instant

_COLUMNS = "id, url, events, created_at"
_ROOT = "/api/settings/webhooks"


def operations() -> dict[str, dict[str, Operation]]:
    return {
        _ROOT: {"GET": Operation(_list, documented=True), "POST": Operation(_create, documented=True)},
        f"{_ROOT}/{{id}}": {"DELETE": Operation(_delete, documented=True)},
    }


async def _list(call: Call) -> Reply:
    rows = call.services.store.connection.execute(
        f"SELECT {_COLUMNS} FROM subscriptions WHERE tenant = ? ORDER BY created_at, id",  # noqa: S608  (columns)
        (call.tenant.number,),
    )
    return data([_shown(row) for row in rows])


async def _create(call: Call) -> Reply:
    body = call.json()
    url, events = body.get("url"), body.get("events")
    complaints: Complaints = {}
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        complaints["url"] = ["must be an address"]
    if not isinstance(events, list) or not events or not all(event in NAMES for event in events):
        complaints["events"] = ["must be a list of events"]
    if complaints or not isinstance(events, list):
        raise invalid(complaints)
    row = (f"wh_{secrets.token_hex(12)}", url, " ".join(events), render_instant(time.time_ns() // 1_000_000))
    call.services.store.connection.execute(
        f"INSERT INTO subscriptions (tenant, {_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608  (columns)
        (call.tenant.number, *row),
    )
    reply = data(_shown(row), 201)
    reply.created = 1
    return reply


async def _delete(call: Call) -> Reply:
    gone = call.services.store.connection.execute(
        "DELETE FROM subscriptions WHERE tenant = ? AND id = ?", (call.tenant.number, call.path["id"])
    )
    if not gone.rowcount:
        raise not_found()
    return Reply(204)


def _shown(row: tuple[object, ...]) -> dict[str, object]:
    number, url, events, created_at = row
    return {"id": number, "url": url, "events": str(events).split(), "createdAt": created_at}
