"""`gateway grants …`: what users granted to apps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.context import Desk, at_desk
from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session
    from gateway.stores.sql.grants import Grant, Revoked


@click.group("grants")
def command() -> None:
    """List and revoke what users granted to apps."""


@command.command("list")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@click.option("--client", "client_id", metavar="CLIENT_ID", help="Only to this app.")
@as_json
@configured
def list_(settings: Settings, tenant: str | None, client_id: str | None, as_json: bool) -> None:
    """List grants, newest first, the ended ones too."""
    from gateway.stores.sql import grants

    async def work(desk: Desk) -> Sequence[tuple[Grant, datetime | None]]:
        tenant_id = await desk.tenant_id(tenant)

        def read(session: Session) -> list[tuple[Grant, datetime | None]]:
            found = grants.list(session, tenant_id, None, client_id)
            return [(grant, grants.last_used(session, grant.id)) for grant in found]

        return await desk.sql.read(read)

    found = at_desk(settings, work)
    if as_json:
        print_json({"grants": [_described(grant) | {"last_used_at": used} for grant, used in found]})
        return
    print_table(
        ("ID", "CLIENT", "TENANT", "USER", "SCOPES", "STATE", "SINCE", "LAST USED"),
        [
            (g.id, g.client_id, g.tenant_id, g.user_email, " ".join(g.scopes), _state(g), g.created_at, used)
            for g, used in found
        ],
    )


@command.command("revoke")
@click.argument("grant_id", metavar="ID")
@click.option("--reason", default="revoked by the operator", show_default=True, help="What the audit says.")
@as_json
@configured
def revoke(settings: Settings, grant_id: str, reason: str, as_json: bool) -> None:
    """End a grant at once, in every worker, with all its tokens. Ending it again announces it again."""
    from gateway.oauth import token_families

    async def work(desk: Desk) -> Grant:
        def write(session: Session) -> tuple[Revoked, ...]:
            grant = _found(session, grant_id)
            return token_families.end(session, grant, reason, actor=desk.actor, now=datetime.now(UTC))

        for each in await desk.sql.run(write):
            await desk.announce(each.tenant_id, each.token_id, each.generation)
        return await desk.sql.read(_found, grant_id)

    grant = at_desk(settings, work)
    if as_json:
        print_json(_described(grant))
    else:
        click.echo(f"{grant.id} ({grant.user_email} to {grant.client_id}) is revoked.")


def _found(session: Session, grant_id: str) -> Grant:
    from gateway.stores.sql import grants

    grant = grants.get(session, grant_id)
    if grant is None:
        raise Failure(f"there is no grant {grant_id}. `gateway grants list` shows those there are.", NOT_FOUND)
    return grant


def _state(grant: Grant) -> str:
    if grant.revoked_at is not None:
        return "revoked"
    return "expired" if grant.expires_at <= datetime.now(UTC) else "active"


def _described(grant: Grant) -> dict[str, object]:
    return {
        "id": grant.id,
        "client_id": grant.client_id,
        "tenant": grant.tenant_id,
        "user": grant.user_email,
        "scopes": grant.scopes,
        "state": _state(grant),
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
        "revoked_at": grant.revoked_at,
        "revoked_reason": grant.revoked_reason,
    }
