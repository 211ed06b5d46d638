"""The settings service: who wants to be told of events, and where."""

import secrets
from urllib.parse import urlsplit

from sandbox.answers import Complaints, Reply, data, invalid, not_found
from sandbox.events import NAMES
from sandbox.guard import Call, Operation
from sandbox.moments import render_instant
from sandbox.subscriptions import Subscription

_ROOT = "/api/settings/webhooks"


def operations() -> dict[str, dict[str, Operation]]:
    return {
        _ROOT: {"GET": Operation(_list, documented=True), "POST": Operation(_create, documented=True)},
        f"{_ROOT}/{{id}}": {"DELETE": Operation(_delete, documented=True)},
    }


async def _list(call: Call) -> Reply:
    return data([_shown(one) for one in call.home.subscriptions.all()])


async def _create(call: Call) -> Reply:
    body = call.json()
    url, events = body.get("url"), body.get("events")
    complaints: Complaints = {}
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        complaints["url"] = ["must be an address"]
    if not isinstance(events, list) or not events or not all(event in NAMES for event in events):
        complaints["events"] = ["must be a list of events"]
    if complaints or not isinstance(events, list) or not isinstance(url, str):
        raise invalid(complaints)
    made = (f"wh_{secrets.token_hex(12)}", url, " ".join(events), render_instant(call.home.now()))
    call.home.subscriptions.add(made)
    reply = data(_shown(made), 201)
    reply.created = 1
    return reply


async def _delete(call: Call) -> Reply:
    if not call.home.subscriptions.remove(call.path["id"]):
        raise not_found()
    return Reply(204)


def _shown(one: Subscription) -> dict[str, object]:
    key, url, events, created_at = one
    return {"id": key, "url": url, "events": events.split(), "createdAt": created_at}
