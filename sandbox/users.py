"""The users of a workspace, read by whoever the gateway asks for: one by id or address, or a page of them."""

import orjson

from sandbox.answers import Reply, data, not_found, query_invalid
from sandbox.guard import Access, Call, Operation
from sandbox.lists import Given, whole
from sandbox.scene import Row
from sandbox.search import LARGEST_PAGE

_SORTS = ("createdAt", "updatedAt", "name")
_PAGING = {"page", "limit", "sort", "order", "search", "role", "active"}


def operations() -> dict[str, dict[str, Operation]]:
    # a gateway cannot work without knowing who a user is now, so these two are there in every mode
    return {
        "/api/auth/users": {"GET": Operation(_users, Access.SERVICE, documented=True)},
        "/api/auth/users/{id}": {"GET": Operation(_user, Access.SERVICE, documented=True)},
    }


async def _user(call: Call) -> Reply:
    return _found(call, "id", call.path["id"])


async def _users(call: Call) -> Reply:
    """With an address and nothing else the one user who has it, otherwise the list (an assumed call)."""
    given = call.query()
    if call.named is None or ("email" in given and not _PAGING & given.keys()):
        return _found(call, "email", given.get("email", [""])[-1])
    if call.services.documented_only:
        raise not_found()
    return _page([_shown(user) for user in call.directory.users(call.tenant)], given)


def _found(call: Call, condition: str, value: str) -> Reply:
    user = call.directory.user(condition, value)
    if user is None or (call.named is not None and user["tenantId"] != call.tenant.id):
        raise not_found()
    return data(_shown(user))


def _shown(user: Row) -> Row:
    return {name: value for name, value in user.items() if name != "password"}


def _page(users: list[Row], given: Given) -> Reply:
    for name in ("email", "role", "active"):
        if name in given:
            users = [user for user in users if user[name] == _wanted(name, given[name][-1])]
    for word in given.get("search", [""])[-1].casefold().split():
        users = [user for user in users if word in f"{user['name']}\n{user['email']}".casefold()]
    sort, order = given.get("sort", ["createdAt"])[-1], given.get("order", ["desc"])[-1]
    if sort not in _SORTS or order not in {"asc", "desc"}:
        raise query_invalid("users are sorted by createdAt, updatedAt or name, asc or desc")
    users.sort(key=lambda user: (user[sort], user["id"]), reverse=order == "desc")
    page, limit = whole(given, "page", 1, 1, 2**32), whole(given, "limit", 25, 1, LARGEST_PAGE)
    shown = {"page": page, "limit": limit, "total": len(users)}
    return Reply(200, orjson.dumps({"data": users[(page - 1) * limit : page * limit], "pagination": shown}))


def _wanted(name: str, text: str) -> object:
    if name != "active":
        return text
    if text not in {"true", "false"}:
        raise query_invalid("active must be true or false")
    return text == "true"
