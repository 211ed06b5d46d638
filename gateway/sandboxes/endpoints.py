"""`/v1/test/sandboxes`: making and removing sandboxes from inside one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic_core import PydanticCustomError

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input
from adapters.core.faults import FieldError, Invalid
from gateway.api.exchange import Accepted
from gateway.auth.issuing import IssueRefused
from gateway.config.quantities import seconds
from gateway.config.testing import Testing
from gateway.problems import NotFound
from gateway.sandboxes import shapes
from gateway.sandboxes.control import Seed
from gateway.sandboxes.declared import FIRST
from gateway.sandboxes.handling import Asked, from_inside
from gateway.sandboxes.keeping import INSTANT, Made, Sandboxes, Wanted
from gateway.stores.sql import Session, Sql, sandboxes, tenants
from gateway.stores.sql.tenants import Tenant

_CREATED: Final = Outward(shapes.CREATED)


class Endpoints:
    """The handlers of the operations on sandboxes themselves."""

    def __init__(self, kept: Sandboxes, sql: Sql, testing: Testing) -> None:
        self._kept = kept
        self._sql = sql
        self._testing = testing

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        return {
            f"{FIRST}.create_sandbox": from_inside(self.create),
            f"{FIRST}.delete_sandbox": from_inside(self.delete),
        }

    async def create(self, asked: Asked, given: Input) -> Answer:
        owner = await self._sql.read(_owner, asked.tenant_id)
        longest = self._testing.max_lifetime if owner is not None else INSTANT
        body = given.body
        wanted = Wanted(
            seconds=lifetime(body.get("ttl"), min(self._testing.lifetime, longest), longest),
            seed=Seed(body.get("seed") or "small", body.get("records")),
            role=body.get("role") or "owner",
            scopes=tuple(body.get("scopes") or ()),
            actor=f"token:{asked.permitted.caller.token_id}",
            address=asked.permitted.exchange.client,
        )
        try:
            made = await self._kept.create(owner, wanted)
        except IssueRefused as refused:
            raise Invalid([FieldError("/scopes", "value_unknown", f"{refused}.")]) from None
        return Answer(201, _CREATED.one(_CREATED.read(orjson.dumps({"data": told(made)}))))

    async def delete(self, asked: Asked, given: Input) -> Answer:
        if not await self._sql.read(_theirs, asked.tenant_id, given.ids[0]):
            raise NotFound("record_not_found", "There is no such record, or it is not visible to you.")
        actor = f"token:{asked.permitted.caller.token_id}"
        await self._kept.delete(given.ids[0], actor, asked.permitted.exchange.client)
        return Answer(204)


def lifetime(text: str | None, usual: float, longest: float) -> float:
    """`10m` → seconds; Invalid for what is no duration, or longer than it may be."""
    if text is None:
        return usual
    try:
        found = seconds(text)
    except PydanticCustomError:
        raise Invalid(
            [FieldError("/ttl", "format_invalid", "Write a number and a unit, such as 90s, 10m or 2h.")]
        ) from None
    if not 1 <= found <= longest:
        raise Invalid([FieldError("/ttl", "out_of_range", f"From 1s to {longest:g}s.")])
    return found


def told(made: Made) -> dict[str, Any]:
    """As a service would write it."""
    return {
        "sandbox": made.tenant.id,
        "token": made.token,
        "expiresAt": made.expires_at.isoformat(timespec="milliseconds")[:23] + "Z",
    }


def _owner(session: Session, tenant_id: str) -> Tenant | None:
    """Whom a sandbox made from inside this one belongs to."""
    own = sandboxes.get(session, tenant_id)
    return tenants.get(session, own.owner_id) if own is not None and own.owner_id is not None else None


def _theirs(session: Session, tenant_id: str, wanted: str) -> bool:
    own, other = sandboxes.get(session, tenant_id), sandboxes.get(session, wanted)
    if own is None or other is None:
        return False
    return own.id == other.id or (own.owner_id is not None and own.owner_id == other.owner_id)
