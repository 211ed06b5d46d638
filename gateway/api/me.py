"""`GET /v1/me`: what the gateway itself knows of the caller. Any valid token may ask."""

from datetime import UTC, datetime
from typing import Annotated

import orjson

from adapters import RESOURCES, ids
from adapters.core.calls import Answer, Input
from adapters.core.declare.kinds import Choice, Line, Moment, TextList
from adapters.core.declare.resource import Record, required
from adapters.core.declare.timestamps import utc
from adapters.core.operation import Operation
from adapters.core.payloads import One
from adapters.core.shapes import shape_of
from gateway.api.exchange import Permitted

Scopes = Annotated[list[str], TextList()]
_FAMILY = RESOURCES[0].scope


class Tenant(Record):
    """The workspace that the token belongs to."""

    id: ids.TenantId = required("The workspace's id.", "biz_clx0a1b2c3d4e5f6g7h8i9j0k")
    name: Line = required("Its name.", "Analytical Engines Ltd")


class User(Record):
    """The user that the token acts for."""

    id: ids.UserId = required("The user's id.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    name: Line = required("Their name.", "Ada Lovelace")
    role: Line = required("The role they have now.", "member")


class Token(Record):
    """The token itself."""

    id: ids.TokenId = required("The token's id.", "tok_7Qm2bV9xKc4TzRw1LfYp8HsN")
    kind: Annotated[str, Choice(("personal", "app"))] = required(
        "Whose it is: a person's own, or an app's.", "personal"
    )
    scopes: Scopes = required("What was asked for when it was made.", [f"{_FAMILY}.all"])
    expires_at: Moment = required("When it stops working.", "2026-09-15T14:30:00Z")


class Me(Record):
    """Who is calling, and what they may do."""

    mode: Annotated[str, Choice(("live", "test"))] = required(
        "What the token reaches: the workspace itself, or a sandbox with invented data.", "live"
    )
    tenant: Tenant = required(
        "The workspace.", {"id": "biz_clx0a1b2c3d4e5f6g7h8i9j0k", "name": "Analytical Engines Ltd"}
    )
    user: User = required(
        "The user.", {"id": "usr_clx0a1b2c3d4e5f6g7h8i9j0k", "name": "Ada Lovelace", "role": "member"}
    )
    token: Token = required(
        "The token.",
        {
            "id": "tok_7Qm2bV9xKc4TzRw1LfYp8HsN",
            "kind": "personal",
            "scopes": [f"{_FAMILY}.all"],
            "expires_at": "2026-09-15T14:30:00Z",
        },
    )
    effective_scopes: Scopes = required(
        "What the token may do at this moment: its scopes, cut by what the user's role allows.",
        [f"{_FAMILY}.read", f"{_FAMILY}.write"],
    )


ME = Operation(
    name="me.get",
    first="me",
    tail="",
    method="GET",
    summary="Get the token's tenant, user and permissions",
    description="The quickest way to see whether a token works, and what it may do.",
    scopes=(),
    gives=One(shape_of(Me, {}), degrades=False),
)


async def me(permitted: Permitted, _: Input) -> Answer:
    """Tenant, user with the role they have now, token, and the scopes that are effective."""
    caller, permit = permitted.caller, permitted.permit
    document = {
        "data": {
            "mode": permit.mode,
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
