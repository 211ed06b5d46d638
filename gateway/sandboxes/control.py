"""The private door of the sandbox program: `/__control/tenants/{business_id}`, opened by the control key.

    POST   …                {"seed": "small", "records": null, "api_key": "…", "name": "…"}   201, as below; 409 where it is there
    GET    …                200, as below
    GET    …/tenants?brief=true  200, {"tenants": [{"business_id", "created_at"}]}
    DELETE …                204, or 404 where there is none
    what else a sandbox can be told is below the same path: see `Control.told`

A tenant that was made is answered as `python -m sandbox credentials` shows one:
`{"business_id", "name", "api_key", "users": [{"email", "password", "role", "user_id"}]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import orjson

from adapters.core.faults import FieldError, Invalid
from gateway import problems
from gateway.upstream import Pool, line

PATH: Final = "/__control/tenants"


class _User(msgspec.Struct):
    user_id: str
    email: str
    role: str


class _Held(msgspec.Struct):
    business_id: str
    created_at: datetime


class _HeldAll(msgspec.Struct):
    tenants: list[_Held]


class _Made(msgspec.Struct):
    users: list[_User]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works in a sandbox; the id is the internal one."""

    user_id: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Seed:
    """What a sandbox begins with. records: how many of the first resource, where the seed is not to decide."""

    name: str
    records: int | None = None


class Control:
    """Every method raises UpstreamError when the program cannot be asked, and BadGateway for an answer that is none."""

    def __init__(self, pool: Pool, key: str) -> None:
        self._pool = pool
        self._opened = line(b"Authorization", b"Bearer " + key.encode())

    async def create(self, tenant_id: str, name: str, api_key: str, seed: Seed) -> list[Member]:
        """Make the tenant with its data; its users."""
        wanted = {"seed": seed.name, "records": seed.records, "api_key": api_key, "name": name}
        status, body = await self.told("POST", tenant_id, "", wanted)
        if status != 201:
            raise _unusable()
        return _members(body)

    async def members(self, tenant_id: str) -> list[Member]:
        """The users of a tenant."""
        status, body = await self.told("GET", tenant_id, "")
        if status != 200:
            raise _unusable()
        return _members(body)

    async def delete(self, tenant_id: str) -> None:
        """Remove the tenant with its data. One that is gone is as good as removed."""
        status, _ = await self.told("DELETE", tenant_id, "")
        if status not in (204, 404):
            raise _unusable()

    async def held(self, made_before: datetime) -> list[str]:
        """The tenants that the program has, by id, without those that were made since."""
        status, body = await self.told("GET", "", "?brief=true")
        try:
            found = msgspec.json.decode(body, type=_HeldAll).tenants if status == 200 else None
        except msgspec.MsgspecError:
            found = None
        if found is None:
            raise _unusable()
        return [each.business_id for each in found if each.created_at < made_before]

    async def told(self, method: str, tenant_id: str, tail: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of any call about a tenant, or about all for no id; tail: the path behind its id, such as /reset."""
        sent = b"" if body is None else orjson.dumps(body)
        headers = self._opened + (b"Content-Type: application/json\r\n" if sent else b"")
        path = (PATH + (f"/{tenant_id}" if tenant_id else "") + tail).encode("ascii")
        answer = await self._pool.request(method.encode("ascii"), path, headers, sent, idempotent=method != "POST")
        return answer.status, answer.body

    async def data(
        self, tenant_id: str, method: str, tail: str, body: Mapping[str, Any] | None = None, success: int = 200
    ) -> dict[str, Any]:
        """What the program says of a tenant's data after a call about it; empty for 204.

        Invalid for what it refuses of the body, NotFound for what is not there, Conflicting when there are too many.
        """
        status, raw = await self.told(method, tenant_id, tail, body)
        if status == success:
            return _object(raw) if status != 204 else {}
        if status == 400:
            raise Invalid(_complaints(_object(raw)))
        if status == 404:
            raise problems.NotFound("record_not_found", "There is no such record, or it is not visible to you.")
        if status == 409:
            raise full()
        raise _unusable()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


def _members(body: bytes) -> list[Member]:
    try:
        made = msgspec.json.decode(body, type=_Made)
    except msgspec.MsgspecError:
        raise _unusable() from None
    return [Member(each.user_id, each.email, each.role) for each in made.users]


def full() -> problems.Problem:
    """What is said to who keeps one snapshot too many."""
    return problems.Conflicting(
        "snapshot_limit", "There are as many snapshots as there may be: 20. Delete one, or make another sandbox."
    )


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise _unusable() from None
    if not isinstance(found, dict):
        raise _unusable()
    return found


def _complaints(refused: Mapping[str, Any]) -> list[FieldError]:
    """The program names the members that it refuses, as we name them: what it says is for whoever sent them."""
    fields = refused.get("error", {}).get("fields")
    if not isinstance(fields, dict) or not fields:
        raise _unusable()
    return [
        FieldError(f"/{name}", "format_invalid" if "such as" in told[0] else "out_of_range", f"It {told[0]}.")
        for name, told in fields.items()
    ]


def _unusable() -> problems.Problem:
    return problems.BadGateway("upstream_invalid", "The sandbox gave no usable answer.")
