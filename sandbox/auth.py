"""The auth service: signing in, and who a user is now."""

import hmac
import secrets
from typing import Any

import orjson

from sandbox.answers import Refused, Reply, data, not_found
from sandbox.guard import Access, Call, Operation


def operations() -> dict[str, dict[str, Operation]]:
    return {
        "/api/auth/signin": {"POST": Operation(_sign_in, Access.OPEN, documented=True)},
        "/api/auth/me": {"GET": Operation(_me, Access.OPEN)},
        # like the calls of users.py it is there in every mode
        "/api/auth/tenants/{id}": {"GET": Operation(_tenant, Access.SERVICE, documented=True)},
    }


async def _sign_in(call: Call) -> Reply:
    body = call.json()
    email, password = body.get("email"), body.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        raise Refused(400, "validation_failed", "Email and password are needed.", fields={"email": ["is required"]})
    user = call.services.directory.user("email", email)
    expected = user["password"] if user is not None else ""
    if user is None or not hmac.compare_digest(expected.encode(), password.encode()):
        raise Refused(401, "credentials_invalid", "Email or password is wrong.")
    if not user["active"]:
        raise Refused(401, "account_disabled", "The account is disabled.")
    token = f"sess_{secrets.token_urlsafe(32)}"
    call.services.directory.remember_session(token, user["id"])
    return Reply(200, orjson.dumps({"token": token, "user": _shown(user)}))


async def _me(call: Call) -> Reply:
    user = call.services.directory.session_user(call.bearer())
    if user is None:
        raise Refused(401, "session_invalid", "The session is not known.")
    if not user["active"]:
        raise Refused(401, "account_disabled", "The account is disabled.")
    return data(_shown(user))


def _shown(user: dict[str, Any]) -> dict[str, Any]:
    """As signing in shows it; the user calls add when it was made and changed."""
    return {name: user[name] for name in ("id", "tenantId", "email", "name", "role", "active")}


async def _tenant(call: Call) -> Reply:
    home = call.services.home(call.path["id"])
    if home is None or (call.named is not None and call.tenant != home.tenant):
        raise not_found()
    return data({"id": home.tenant.id, "name": home.tenant.name})
