"""`GET /v1/me`: what the gateway itself knows of the caller. Any valid token may ask."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from adapters.core import ids
from adapters.core.calls import Answer
from adapters.core.moments import utc
from adapters.core.operations import Operation
from gateway.exchange import Exchange

ME = Operation(
    name="me.get", first="me", tail="", method="GET", summary="Get the token's tenant, user and permissions", scopes=()
)


async def me(exchange: Exchange) -> Answer:
    """Tenant, user with the role they have now, token, and the scopes that are effective."""
    caller, permit = exchange.caller, exchange.permit
    assert caller is not None
    assert permit is not None
    document = {
        "data": {
            "tenant": {"id": ids.TENANT.encode(caller.tenant_id), "name": caller.tenant_name},
            "user": {"id": ids.USER.encode(caller.user_id), "name": permit.name, "role": permit.role},
            "token": {
                "id": ids.TOKEN.encode(caller.token_id),
                "kind": caller.kind,
                "scopes": sorted(caller.scopes),
                "expires_at": utc(datetime.fromtimestamp(caller.expires_at, UTC)),
            },
            "effective_scopes": sorted(permit.scopes),
        }
    }
    return Answer(200, orjson.dumps(document))
