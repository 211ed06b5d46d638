"""The first minutes of a fresh gateway: its keyring is made, the sandbox's tenants are registered, and somebody gets a token.

Tenants and token only when the auth service is the sandbox: with a real one, operators see to them themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

from gateway import factories
from gateway.auth.issuing import issue
from gateway.auth.scopes import allowed
from gateway.auth.users import User
from gateway.config import EMBEDDED, Runtime, Settings
from gateway.keys import keyring_file
from gateway.keys.keyring import Keyring, KeyringInvalid
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.stores.sql import Session, Sql, audit, hashed, tenants
from gateway.stores.sql.audit import Event
from gateway.stores.sql.tenants import Tenant

if TYPE_CHECKING:
    from adapters.core.compile.catalogue import Catalogue

_ACTOR: Final = "serve"
_DEMO_LIFETIME: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Demo:
    """Who can sign in at the sandbox's first tenant, and a fresh token of theirs; None where their role allows nothing."""

    email: str
    password: str
    token: str | None


async def make_keyring(settings: Settings, sql: Sql) -> None:
    """Make the embedded keyring, readable by this user only, unless there is one. `sql` is migrated.

    Raises KeyringInvalid when it has gone: another one would turn every token and every sealed API key into waste.
    """
    path = factories.keyring_file(settings)
    if settings.secrets.keyring != EMBEDDED or path is None or path.exists():
        return
    if await sql.read(hashed.in_use):
        raise KeyringInvalid(
            f"{path} is missing, but the database was written with a keyring: restore it from the backup, or point "
            "secrets.keyring at the keyring that the other instances use"
        )
    keyring_file.create(path)


async def check_keyring(keys: Keyring, sql: Sql) -> None:
    """Raises KeyringInvalid when the database was written with another keyring: every token would be refused, quietly."""
    if lacking := await sql.read(hashed.missing, keys, datetime.now(UTC)):
        raise KeyringInvalid(
            f"the database was written with keys that are not in it ({', '.join(lacking)}): point secrets.keyring at the "
            "keyring that the other instances use"
        )


def register(session: Session, keys: Keyring, tenant_id: str, name: str, api_key: str, *, actor: str) -> Tenant:
    """Store a tenant with its internal API key sealed, or give a known one another name and key; with the audit entry."""
    now = datetime.now(UTC)
    added = tenants.add(session, Tenant(tenant_id, name, seal_tenant_key(keys, tenant_id, api_key), now))
    audit.append(
        session,
        Event(
            at=now,
            tenant_id=tenant_id,
            actor=actor,
            action="tenant.add",
            subject=f"tenant:{tenant_id}",
            detail={"name": name},
        ),
    )
    return added


def register_seeded(session: Session, keys: Keyring, seeded: Mapping[str, Any]) -> None:
    """Store the sandbox's tenants that are not known yet, their API keys sealed. `seeded` as `sandbox.credentials` gives."""
    for tenant in seeded["tenants"]:
        tenant_id = tenant["business_id"]
        if tenants.get(session, tenant_id) is None:
            register(session, keys, tenant_id, tenant["name"], tenant["api_key"], actor=_ACTOR)


async def introduce(
    settings: Settings, facts: Runtime, known: Catalogue, seeded: Mapping[str, Any] | None
) -> Demo | None:
    """Register the sandbox's tenants; returns the first one's owner with a token that is good for at most a day.

    seeded: as `sandbox.credentials` gives it; None with a real auth service, and then so is what is returned.
    """
    if seeded is None:
        return None
    keys = factories.keyring(settings)
    first = seeded["tenants"][0]
    owner = next(user for user in first["users"] if user["role"] == "owner")
    user = User(owner["user_id"], first["business_id"], owner["email"], owner["email"], owner["role"], active=True)

    def write(session: Session) -> str | None:
        register_seeded(session, keys, seeded)
        scopes = sorted(allowed(known.scopes, user.role, settings.roles))
        if not scopes:
            return None
        issued = issue(
            session,
            keys,
            settings,
            known.scopes,
            user,
            name="Demo, made at the start",
            scopes=scopes,
            lifetime=min(_DEMO_LIFETIME, settings.tokens.max_lifetime),
            actor=_ACTOR,
            now=datetime.now(UTC),
        )
        return issued.token

    sql = Sql(facts.sql_url, pool_size=1)
    try:
        return Demo(owner["email"], owner["password"], await sql.run(write))
    finally:
        sql.close()


def greet(settings: Settings, facts: Runtime, known: Catalogue, admin_port: int, demo: Demo | None, to: TextIO) -> None:
    """What a person in front of a terminal needs to know; with a token, a command to paste."""
    origin = settings.brands[0].origin(facts.public_port)
    server = settings.server
    lines = [
        "",
        f"{settings.brands[0].name} answers on {origin}",
        f"  listening on {server.host}:{facts.public_port}, {server.workers} worker{'s' * (server.workers > 1)}",
        f"  metrics and health on http://{server.admin_host}:{admin_port}",
        f"  docs {origin}/docs",
        f"  console {origin}/console" + (f" (sign in as {demo.email} with {demo.password})" if demo else ""),
        f"  data in {facts.data_dir} (stop with Ctrl-C; begin anew by removing it)",
    ]
    if demo is not None and demo.token is not None:
        lines += [
            "",
            "Try it (this token is good for a day at most):",
            "",
            f"  curl -X POST {origin}/v1/{known.resources[0].path}/search \\",
            f"    -H 'Authorization: Bearer {demo.token}' \\",
            f"    -H 'Version: {known.newest}' -H 'Content-Type: application/json' -d '{{\"limit\": 2}}'",
        ]
    print(*lines, "", sep="\n", file=to, flush=True)


def greet_couriers(settings: Settings, facts: Runtime, admin_port: int, ingest_port: int, to: TextIO) -> None:
    """The same of a gateway of couriers alone, which answers nobody else."""
    lines = (
        "",
        f"Couriers for {settings.brands[0].name}: requests are answered by other instances",
        f"  events from the services on {settings.webhooks.ingest.host}:{ingest_port}",
        f"  metrics and health on http://{settings.server.admin_host}:{admin_port}",
        f"  data in {facts.data_dir} (stop with Ctrl-C)",
    )
    print(*lines, "", sep="\n", file=to, flush=True)
